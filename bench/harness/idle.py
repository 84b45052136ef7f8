"""Many connections that do nothing: opened, used once each, then held. Knows no server's dialect."""

import resource
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from .process import Broken
from .web import HOST, TIMEOUT

# Connections that are opened before their answers are awaited; the listener's backlog must hold them.
_BATCH = 100
# Files that a process has open besides its connections.
_SPARE = 200


def allow(connections: int) -> None:
    """Lets this process, and the servers it starts from now on, hold so many connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _SPARE
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise Broken(f"the system allows {hard} open files, {wanted} are needed: ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@contextmanager
def held(port: int, raw: bytes, connections: int) -> Iterator[list[socket.socket]]:
    """Holds connections that have each had an answer to the request."""
    sockets: list[socket.socket] = []
    try:
        while len(sockets) < connections:
            batch = [_opened(port, raw) for _ in range(min(_BATCH, connections - len(sockets)))]
            sockets += batch
            for one in batch:
                _read_answer(one)
        yield sockets
    finally:
        for one in sockets:
            one.close()


def still_open(sockets: list[socket.socket]) -> int:
    """How many of them the server has not closed: a closed one has something to read, its end."""
    poll = select.poll()
    for one in sockets:
        poll.register(one, select.POLLIN)
    return len(sockets) - len(poll.poll(0))


def _opened(port: int, raw: bytes) -> socket.socket:
    connection = socket.create_connection((HOST, port), timeout=TIMEOUT)
    connection.sendall(raw)
    return connection


def _read_answer(connection: socket.socket) -> None:
    """Reads one whole answer, whose length its head tells."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _more(connection)
    head, _, body = data.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise Broken(f"an idle connection was answered {head.splitlines()[0].decode(errors='replace')}")
    lengths = [line.split(b":")[1] for line in head.lower().splitlines() if line.startswith(b"content-length:")]
    if len(lengths) != 1:
        raise Broken("an answer does not tell its length")
    while len(body) < int(lengths[0]):
        body += _more(connection)


def _more(connection: socket.socket) -> bytes:
    data = connection.recv(65_536)
    if not data:
        raise Broken("the server closed a connection instead of answering")
    return data
