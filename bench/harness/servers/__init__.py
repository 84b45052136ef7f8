"""What the benchmark needs of any server: fresh data, a start and a stop, and its own words for the same requests."""

import shutil
import time
from abc import ABC, abstractmethod
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import web
from ..data import Post
from ..process import Broken, Process, free_port
from ..web import Request

# A post as all servers must give it: values by name, numbers as numbers, the time as an instant.
Row = dict[str, Any]


class Absent(Exception):
    """This server cannot be measured here; the message says why."""


class Server(ABC):
    """One server; its files lie in `home`: `prepared` as made once, `running` as the last start copied them."""

    name: str
    process: Process
    port: int

    def __init__(self, home: Path) -> None:
        self.home = home
        self.prepared = home / "prepared"
        self.running = home / "running"

    @property
    @abstractmethod
    def binary(self) -> Path:
        """The program, to tell its size."""

    @abstractmethod
    def obtain(self) -> None:
        """Builds or installs the program; raises Absent if it cannot be had."""

    @abstractmethod
    def fill(self) -> None:
        """Puts schema and rows into the empty folder `prepared`."""

    @abstractmethod
    def command(self) -> list[str | Path]:
        """Serves `running` on `port`."""

    @abstractmethod
    def by_key(self, number: int) -> Request: ...

    @abstractmethod
    def listed(self, status: str) -> Request: ...

    @abstractmethod
    def with_author(self, status: str) -> Request: ...

    @abstractmethod
    def insert(self, post: Post) -> Request: ...

    @abstractmethod
    def posts_in(self, answer: Any) -> list[Row]:
        """The posts in the decoded answer to `by_key` or `listed`."""

    @abstractmethod
    def authors_in(self, answer: Any) -> list[Row]:
        """The posts with their authors in the decoded answer to `with_author`: id, title, author."""

    @abstractmethod
    def count(self) -> int:
        """How many posts the running server holds."""

    def prepare(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.prepared.mkdir(parents=True)
        self.fill()

    def start(self, *, fresh: bool = False) -> float:
        """Starts it, on a fresh copy of the data if asked; returns the seconds from start to first answer."""
        if fresh or not self.running.exists():
            shutil.rmtree(self.running, ignore_errors=True)
            shutil.copytree(self.prepared, self.running)
        self.port = free_port()
        began = time.monotonic()
        self.process = Process(self.command(), self.home, self.home / "log.txt")
        self.process.wait_until(lambda: self._answers(self.by_key(1)))
        return time.monotonic() - began

    def stop(self) -> None:
        self.process.stop()

    def ask(self, request: Request) -> Any:
        """The decoded JSON of one answer."""
        try:
            return web.fetch_json(self.port, request)
        except (web.Refused, OSError, ValueError) as failure:
            raise Broken(f"{self.name}: {failure}") from failure

    def send(self, request: Request) -> dict[str, str]:
        """Sends one request whose answer may be empty; returns the answer's headers by lower-case name."""
        try:
            answer, _ = web.fetch(self.port, request)
        except (web.Refused, OSError) as failure:
            raise Broken(f"{self.name}: {failure}") from failure
        return {name.lower(): value for name, value in answer.getheaders()}

    def _answers(self, request: Request) -> bool:
        try:
            web.fetch(self.port, request)
        except (OSError, web.Refused):
            return False
        return True


def row(post: Post) -> Row:
    """The post as a row, to compare answers with."""
    return {name: getattr(post, name) for name in ROW}


ROW = ("id", "author_id", "title", "body", "status", "score", "created_at")


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
