"""Reads scenario files (the format of conformance/README.md) and rewrites their answers in place."""

import json
import re
from dataclasses import dataclass, field
from urllib.parse import unquote, unquote_plus

FENCE = re.compile(r"^```(.*?)\n(.*?)^```[ \t]*$", re.M | re.S)
HEADING = re.compile(r"^(#{1,6}) (.*)$", re.M)
USERS = {
    "alice": "a11ce000-0000-4000-8000-000000000001",
    "bob": "b0b00000-0000-4000-8000-000000000002",
    "carol": "ca401000-0000-4000-8000-000000000003",
}


@dataclass
class Request:
    line: int
    method: str
    path: str
    params: list
    headers: dict
    claims: dict
    body: str


@dataclass
class Answer:
    line: int
    span: tuple
    language: str
    status: str
    who: list
    text: str


@dataclass
class Case:
    name: str
    line: int
    schema: str
    seed: str
    config: str
    steps: list = field(default_factory=list)

    @property
    def writes(self):
        return any(r.method not in ("GET", "HEAD", "OPTIONS") for r, _ in self.steps)


def request(line, text):
    lines = text.split("\n")
    method, target = lines.pop(0).split(" ", 1)
    target = target.strip()
    while lines and re.match(r"\s+\S", lines[0]):
        target += lines.pop(0).strip()
    headers, claims = {}, {}
    while lines:
        header = lines.pop(0)
        if not header.strip():
            break
        name, value = header.split(":", 1)
        if name == "claims":
            claims = json.loads(value)
        else:
            key = name.strip().lower()
            headers[key] = headers[key] + ", " + value.strip() if key in headers else value.strip()
    path, _, query = target.partition("?")
    params = []
    for pair in query.split("&") if query else []:
        name, _, value = pair.partition("=")
        params.append((unquote_plus(name), unquote_plus(value)))
    return Request(line, method, unquote(path), params, headers, claims, "\n".join(lines).rstrip("\n"))


def cases(name, text):
    """Every section with requests, with the schema and seed of its parents."""
    pieces = [("fence", m) for m in FENCE.finditer(text)]
    fences = [m.span() for _, m in pieces]
    inside = lambda at: any(a <= at < b for a, b in fences)
    pieces += [("heading", m) for m in HEADING.finditer(text) if not inside(m.start())]
    pieces.sort(key=lambda piece: piece[1].start())
    stack = [(0, Case(name, 1, "", "", ""))]
    found = []
    for kind, m in pieces:
        line = text.count("\n", 0, m.start()) + 1
        if kind == "heading":
            level = len(m[1])
            while stack[-1][0] >= level and len(stack) > 1:
                stack.pop()
            parent = stack[-1][1]
            slug = "-".join(w.lower() for w in re.split(r"[\W_]+", m[2]) if w)
            title = parent.name if level == 1 else parent.name + "/" + slug
            case = Case(title, line, parent.schema, parent.seed, parent.config)
            stack.append((level, case))
            found.append(case)
            continue
        case, words = stack[-1][1], m[1].split()
        if words[:2] == ["sql", "schema"]:
            case.schema += m[2]
        elif words[:2] == ["sql", "seed"]:
            case.seed += m[2]
        elif words[:2] == ["toml", "config"]:
            case.config += m[2]
        elif words == ["http"]:
            case.steps.append((request(line, m[2]), []))
        elif words and words[0] in ("http", "json", "csv", "text") and len(words) > 1 and words[1] != "errors":
            who = [w.rstrip(",") for w in words[3:]] or ["anon"]
            case.steps[-1][1].append(Answer(line, m.span(), words[0], words[1], who, m[2]))
    return [case for case in found if case.steps]
