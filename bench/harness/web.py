"""HTTP as the benchmark speaks it: raw requests for the load generator, and one request at a time for checks."""

import base64
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOST = "127.0.0.1"
# Longest wait for one answer outside the measurement, in seconds.
TIMEOUT = 60.0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def raw(self, port: int) -> bytes:
        """The request as it travels over HTTP/1.1."""
        lines = [f"{self.method} {self.path} HTTP/1.1", f"Host: {HOST}:{port}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if self.body:
            lines.append(f"Content-Length: {len(self.body)}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Refused(Exception):
    """The server answered, but not with success."""


def get(path: str, headers: Mapping[str, str] | None = None) -> Request:
    return Request("GET", path, headers or {})


def post(path: str, value: Any, headers: Mapping[str, str] | None = None) -> Request:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Request("POST", path, {"Content-Type": "application/json", **(headers or {})}, body)


def fetch(port: int, request: Request) -> tuple[http.client.HTTPResponse, bytes]:
    """Sends one request over a connection of its own; raises Refused unless the answer is 2xx."""
    connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
    try:
        connection.request(request.method, request.path, request.body or None, dict(request.headers))
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    if not 200 <= answer.status < 300:
        shown = body[:300].decode(errors="replace")
        raise Refused(f"{request.method} {request.path} answered {answer.status}: {shown}")
    return answer, body


def fetch_json(port: int, request: Request) -> Any:
    return json.loads(fetch(port, request)[1])


def token(claims: Mapping[str, Any], secret: str) -> str:
    """A JWT signed with HS256, valid for a day."""
    now = int(time.time())
    payload = {"iat": now, "exp": now + 86_400, **claims}
    signed = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, payload))
    return signed + "." + _part(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def _part(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
