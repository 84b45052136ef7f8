"""PostgreSQL over TCP with the settings it comes with, and `pgbench -M prepared`, which runs one statement and drops its rows."""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

from .. import data
from ..load import CONNECTIONS, THREADS
from ..process import Broken, free_port, run
from ..servers import ROW, Absent
from ..web import HOST
from . import Database, Goal, Rate

_COLUMNS = ", ".join(ROW)
_PAGE = f"ORDER BY created_at DESC LIMIT {data.PAGE}"
_PATIENCE = 30.0


class Postgres(Database):
    name = "PostgreSQL"
    peer = "pgbench"
    goal = Goal(key=0.6, list=0.6, embed=0.8, insert=0.7)
    has_roles = True

    def obtain(self) -> None:
        folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), key=lambda one: int(one.parts[-3]))
        if not folders:
            raise Absent("PostgreSQL with pgbench is missing: apt install postgresql")
        self._programs = folders[-1].parent

    def start(self) -> None:
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        if os.geteuid() == 0:
            # The server refuses to run as root.
            shutil.chown(self.home, "postgres", "postgres")
            for folder in self.home.parents:
                if not folder.stat().st_mode & 0o001:
                    raise Absent(f"PostgreSQL's own user may not enter {folder}")
        folder = self.home / "data"
        self._run("initdb", "--pgdata", folder, "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        self.port = free_port()
        options = ["-k", folder, "-p", str(self.port), "-c", f"listen_addresses={HOST}"]
        with (self.home.parent / "postgres.log").open("wb") as log:
            words = [str(word) for word in self._as_owner("postgres", "-D", folder, *options)]
            self._server = subprocess.Popen(words, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self._wait()
        self._query("CREATE DATABASE bench", "postgres")

    def _wait(self) -> None:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return self._query("SELECT 1", "postgres")
            except Broken:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def stop(self) -> None:
        if (server := getattr(self, "_server", None)) is not None:
            server.terminate()
            server.wait(_PATIENCE)
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def url(self) -> str:
        return self._url("bench")

    def another(self, name: str) -> str:
        """Makes another empty database; answers with its url."""
        self._query(f"CREATE DATABASE {name}", "postgres")
        return self._url(name)

    def copy(self, table: str, lines: Path) -> None:
        """Loads a file of COPY's text format."""
        self._query(f"\\copy {table} from '{lines}'", "bench")

    def _url(self, database: str) -> str:
        return f"postgres://postgres@{HOST}:{self.port}/{database}"

    def _query(self, sql: str, database: str) -> None:
        run([self._programs / "psql", "-XqAtc", sql, self._url(database)], Path("/"))

    def drive(self, work: str, seconds: float) -> Rate:
        scripts = []
        for number, script in enumerate(_SCRIPTS[work]):
            file = self.home.parent / f"{work}-{number}.pgbench"
            file.write_text(script)
            scripts += ["-f", file]
        load = ["-M", "prepared", "-n", "-c", str(CONNECTIONS), "-j", str(THREADS), "-T", str(max(1, round(seconds)))]
        printed = run([self._programs / "pgbench", *load, *scripts, self.url], Path("/"), seconds + 60)
        done = re.search(r"actually processed: (\d+)", printed)
        rate = re.search(r"tps = ([\d.]+)", printed)
        if done is None or rate is None:
            raise Broken(f"pgbench printed {printed}")
        return Rate(int(done[1]), int(done[1]) / float(rate[1]))

    def _run(self, program: str, *words: str | Path) -> None:
        run(self._as_owner(program, *words), Path("/"))

    def _as_owner(self, program: str, *words: str | Path) -> list[str | Path]:
        user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        return [*user, self._programs / program, *words]


def _listed(columns: str, source: str) -> list[str]:
    """A script for each status: pgbench has no variables of text."""
    return [f"SELECT {columns} FROM {source} WHERE status = '{status}' {_PAGE};\n" for status in data.STATUSES]


_SCRIPTS = {
    "key": [f"\\set id random(1, {data.POSTS})\nSELECT {_COLUMNS} FROM posts WHERE id = :id;\n"],
    "list": _listed(_COLUMNS, "posts"),
    "embed": _listed("posts.id, title, authors.id, authors.name", "posts JOIN authors ON authors.id = author_id"),
    "insert": [
        f"\\set author random(1, {data.AUTHORS})\n\\set score random(0, 999)\n"
        "INSERT INTO posts (author_id, title, body, status, score) "
        f"VALUES (:author, 'harbour lantern drift copper meadow', '{'x' * data.BODY_BYTES}', 'draft', :score);\n"
    ],
}
