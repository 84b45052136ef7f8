"""Mainstay on embedded SQLite or on a database server, asked as PostgREST's clients ask."""

import json
import shutil
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from .. import data, web
from ..data import Post
from ..process import Broken, run
from ..web import HOST, Request
from . import ROW, Absent, Row, Server, instant
from .floor import built, new_post

REPOSITORY = Path(__file__).parents[3]
_PROJECT = REPOSITORY / "bench" / "project"
_COLUMNS = ",".join(ROW)
# Rows in one INSERT of the seed.
_BATCH = 200


def build() -> Path:
    """The released program; raises Absent while the repository has none."""
    if not (REPOSITORY / "crates" / "mainstay" / "src" / "main.rs").exists():
        raise Absent("crates/mainstay has no program yet")
    try:
        program = built(REPOSITORY, "mainstay")
        described = run([program, "--help"], REPOSITORY)
    except Broken as failure:
        raise Absent(str(failure)) from failure
    if "serve" not in described:
        raise Absent("the program cannot serve yet")
    return program


class Mainstay(Server):
    name = "Mainstay"
    # The database's URL, where it is not the embedded one.
    database: str | None = None

    @property
    def binary(self) -> Path:
        return self._binary

    def obtain(self) -> None:
        self._binary = build()

    def fill(self) -> None:
        shutil.copytree(_PROJECT, self.prepared, dirs_exist_ok=True)
        if self.database is not None:
            with (self.prepared / "mainstay.toml").open("a", encoding="utf-8") as settings:
                settings.write(f'\n[database]\nurl = "{self.database}"\n')
        with (self.prepared / "seed.sql").open("w", encoding="utf-8") as out:
            out.writelines(seed())
        self.call("schema", "apply")
        self.call("db", "seed")
        # The secret is made by the first who asks; it must be there before the project is copied, or every copy has its own.
        self.call("keys")

    def call(self, *words: str) -> str:
        """Runs a command of the program on the prepared project."""
        return run([self._binary, *words, self.prepared], self.home)

    def command(self) -> list[str | Path]:
        return [self._binary, "serve", self.running, "--listen", f"{HOST}:{self.port}"]

    @cached_property
    def keys(self) -> dict[str, str]:
        """anon_key, service_role_key and jwt_secret of the prepared project."""
        return json.loads(self.call("keys", "--json"))

    def by_key(self, number: int) -> Request:
        return web.get(_by_key("posts", number))

    def listed(self, status: str) -> Request:
        return web.get(_listed("posts", status))

    def with_author(self, status: str) -> Request:
        return web.get(f"/rest/v1/posts?select=id,title,author:authors(id,name)&{_page(status)}")

    def insert(self, post: Post) -> Request:
        return web.post("/rest/v1/posts", new_post(post))

    def with_anon_key(self, request: Request) -> Request:
        """The request as the client library sends it for a visitor."""
        return self._with(request, self.keys["anon_key"])

    def private_by_key(self, post: Post) -> Request:
        return self._as_owner(_by_key("private_posts", post.id), post)

    def private_listed(self, post: Post) -> Request:
        return self._as_owner(_listed("private_posts", post.status), post)

    def shared_by_key(self, post: Post) -> Request:
        """The row that `private_by_key` gives, from an open table, its owner named in the filter."""
        return web.get(f"{_by_key('shared_posts', post.id)}&owner=eq.{post.owner}")

    def shared_listed(self, post: Post) -> Request:
        """The rows that `private_listed` gives, in the same way."""
        return web.get(f"{_listed('shared_posts', post.status)}&owner=eq.{post.owner}")

    def _as_owner(self, path: str, post: Post) -> Request:
        return self._with(web.get(path), self._tokens[str(post.owner)])

    @cached_property
    def _tokens(self) -> dict[str, str]:
        owners = [str(data.user(number)) for number in range(data.USERS)]
        claims = {"role": "authenticated", "aud": "authenticated"}
        return {owner: web.token({"sub": owner, **claims}, self.keys["jwt_secret"]) for owner in owners}

    def _with(self, request: Request, token: str) -> Request:
        headers = {**request.headers, "apikey": self.keys["anon_key"], "Authorization": f"Bearer {token}"}
        return Request(request.method, request.path, headers, request.body)

    def posts_in(self, answer: Any) -> list[Row]:
        return [{**one, "created_at": instant(one["created_at"])} for one in answer]

    def authors_in(self, answer: Any) -> list[Row]:
        return list(answer)

    def count(self) -> int:
        counted = Request("HEAD", "/rest/v1/posts?select=id", {"Prefer": "count=exact", "Range": "0-0"})
        return int(self.send(counted)["content-range"].rpartition("/")[2])


class UnderRoles(Mainstay):
    """Mainstay on the database of another that is prepared already; each request runs under its role, and the database keeps the rules."""

    name = "Mainstay, under roles"

    def __init__(self, home: Path, other: Mainstay) -> None:
        super().__init__(home)
        self._other = other

    def obtain(self) -> None:
        self._binary = self._other.binary

    def fill(self) -> None:
        shutil.copytree(self._other.prepared, self.prepared, dirs_exist_ok=True)
        settings = self.prepared / "mainstay.toml"
        # The database's own section is the last.
        settings.write_text(settings.read_text(encoding="utf-8") + 'enforcement = "role"\n', encoding="utf-8")


def seed() -> Iterator[str]:
    """The rows as SQL. Keys are left to the identity columns, which count as the generator does."""
    yield from _inserts("authors (name)", (f"({_quoted(one.name)})" for one in data.authors()))
    columns = "author_id, title, body, status, score, created_at"
    yield from _inserts(f"posts ({columns})", (f"({_values(one)})" for one in data.posts()))
    for table in ("private_posts", "shared_posts"):
        owned = (f"('{one.owner}', {_values(one)})" for one in data.posts())
        yield from _inserts(f"{table} (owner, {columns})", owned)


def _inserts(into: str, rows: Iterable[str]) -> Iterator[str]:
    rest = iter(rows)
    while batch := list(islice(rest, _BATCH)):
        yield f"insert into {into} values\n" + ",\n".join(batch) + ";\n"


def _values(post: Post) -> str:
    texts = ", ".join(_quoted(text) for text in (post.title, post.body, post.status))
    return f"{post.author_id}, {texts}, {post.score}, '{post.created_at.isoformat()}'"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _by_key(table: str, number: int) -> str:
    return f"/rest/v1/{table}?select={_COLUMNS}&id=eq.{number}"


def _listed(table: str, status: str) -> str:
    return f"/rest/v1/{table}?select={_COLUMNS}&{_page(status)}"


def _page(status: str) -> str:
    return f"status=eq.{status}&order=created_at.desc&limit={data.PAGE}"
