"""The floor program of `bench/floor`: hyper and SQLite, no more."""

import json
import sqlite3
from functools import cache
from pathlib import Path
from typing import Any

from .. import data, web
from ..data import Post
from ..process import Broken, run
from ..web import HOST, Request
from . import ROW, Absent, Row, Server, instant

_SOURCE = Path(__file__).parents[2] / "floor"


class Floor(Server):
    name = "floor"

    def __init__(self, home: Path, *, one_by_one: bool = False, posts: int = data.POSTS) -> None:
        super().__init__(home)
        self._one_by_one = one_by_one
        self._posts = posts
        if one_by_one:
            self.name = "floor, one by one"

    @property
    def binary(self) -> Path:
        return self._binary

    def obtain(self) -> None:
        try:
            self._binary = built(_SOURCE, "floor")
        except Broken as failure:
            raise Absent(str(failure)) from failure

    def fill(self) -> None:
        database = sqlite3.connect(self.prepared / "floor.db")
        with database:
            database.executescript((_SOURCE / "schema.sql").read_text())
            database.executemany("INSERT INTO authors VALUES (?, ?)", ((one.id, one.name) for one in data.authors()))
            database.executemany(
                "INSERT INTO posts VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (one.id, one.author_id, one.title, one.body, one.status, one.score, one.created_at.isoformat())
                    for one in data.posts(self._posts)
                ),
            )
        database.close()

    def command(self) -> list[str | Path]:
        arguments: list[str | Path] = [self._binary, self._database, f"{HOST}:{self.port}"]
        return [*arguments, "--one-by-one"] if self._one_by_one else arguments

    @property
    def _database(self) -> Path:
        return self.running / "floor.db"

    def by_key(self, number: int) -> Request:
        return web.get(f"/posts/{number}")

    def listed(self, status: str) -> Request:
        return web.get(f"/list/{status}")

    def with_author(self, status: str) -> Request:
        return web.get(f"/with-author/{status}")

    def insert(self, post: Post) -> Request:
        return web.post("/posts", new_post(post))

    def posts_in(self, answer: Any) -> list[Row]:
        return [{**one, "created_at": instant(one["created_at"])} for one in answer]

    def authors_in(self, answer: Any) -> list[Row]:
        return list(answer)

    def count(self) -> int:
        database = sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)
        try:
            return int(database.execute("SELECT count(*) FROM posts").fetchone()[0])
        finally:
            database.close()


def new_post(post: Post) -> dict[str, Any]:
    """The body of an insert: all but what the database gives."""
    return {name: getattr(post, name) for name in ROW if name not in ("id", "created_at")}


@cache
def built(folder: Path, package: str) -> Path:
    """Builds a package in release mode with cargo, once in each run, and returns its program."""
    options = ["--release", "--quiet", "--package", package, "--message-format", "json"]
    for line in run(["cargo", "build", *options], folder, seconds=3600).splitlines():
        message = json.loads(line)
        if message.get("reason") == "compiler-artifact" and message.get("executable"):
            return Path(message["executable"])
    raise Broken(f"cargo built no program from {package}")
