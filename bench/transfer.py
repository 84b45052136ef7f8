"""How fast rows go from one kind of database to another: `python3 bench/transfer.py [ROWS]`, a million narrow ones by default.

Beside `mainstay db copy`, `dump` and `restore`, each with its comparison at the end, stands `psql`'s \\copy of the same rows into the
same table. The figures also go to bench/results/transfer.md.
"""

import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

from harness.databases.mariadb import MariaDb
from harness.databases.postgres import Postgres
from harness.process import Broken, run
from harness.report import table
from harness.servers import Absent
from harness.servers.mainstay import build

# PostgreSQL runs as another user, who must be able to enter the folder.
CACHE = Path("/tmp/mainstay-bench/transfer")
RESULT = Path(__file__).parent / "results" / "transfer.md"
_SCHEMA = """create table readings (
    id bigint primary key,
    sensor integer not null,
    label text not null,
    at timestamptz not null
);
"""


def main() -> int:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    postgres, mariadb = Postgres(CACHE / "postgres"), MariaDb(CACHE / "mariadb")
    try:
        program = build()
        postgres.obtain()
        mariadb.obtain()
        text = f"# {rows:,} narrow rows\n\n{_measured(program, postgres, mariadb, rows)}\n"
    except (Absent, Broken) as why:
        print(f"bench: {why}", file=sys.stderr)
        return 1
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    print(text)
    return 0


def _measured(program: Path, postgres: Postgres, mariadb: MariaDb, rows: int) -> str:
    shutil.rmtree(CACHE, ignore_errors=True)
    project = CACHE / "project"
    (project / "schema").mkdir(parents=True)
    (project / "schema" / "readings.sql").write_text(_SCHEMA, encoding="utf-8")
    lines = CACHE / "readings.tsv"
    with lines.open("w", encoding="utf-8") as out:
        out.writelines(f"{n}\t{n % 997}\tlabel {n}\t2026-01-01 00:00:{n % 60:02}.{n % 1000:03}+00\n" for n in range(1, rows + 1))
    try:
        postgres.start()
        mariadb.start()
        return _table(program, postgres, mariadb, project, lines, rows)
    finally:
        mariadb.stop()
        postgres.stop()


def _table(program: Path, postgres: Postgres, mariadb: MariaDb, project: Path, lines: Path, rows: int) -> str:
    settings = f'[database]\nurl = "{postgres.url}"\n'
    (project / "mainstay.toml").write_text(settings, encoding="utf-8")
    run([program, "schema", "apply", project], CACHE)
    first, second, archive = f"sqlite:{CACHE}/first.sqlite", f"sqlite:{CACHE}/second.sqlite", CACHE / "readings.dump"
    again = postgres.another("again")

    def copy(source: str, target: str) -> Callable[[], object]:
        return lambda: run([program, "db", "copy", "--from", source, "--to", target], CACHE, 3600)

    works: list[tuple[str, Callable[[], object]]] = [
        ("psql \\copy into PostgreSQL", lambda: postgres.copy("readings", lines)),
        ("PostgreSQL → SQLite", copy(postgres.url, first)),
        ("SQLite → PostgreSQL", copy(first, again)),
        ("PostgreSQL → MariaDB", copy(again, mariadb.url)),
        ("MariaDB → SQLite", copy(mariadb.url, second)),
        ("dump of PostgreSQL", lambda: run([program, "db", "dump", archive, "--from", again], CACHE, 3600)),
        (
            "restore into SQLite",
            lambda: run([program, "db", "restore", archive, "--to", f"sqlite:{CACHE}/third.sqlite"], CACHE, 3600),
        ),
    ]
    table_rows = []
    for title, work in works:
        began = time.monotonic()
        work()
        seconds = time.monotonic() - began
        table_rows.append([title, f"{seconds:.1f}", f"{rows / seconds:,.0f}"])
        print(" | ".join(table_rows[-1]), file=sys.stderr)
    return table(["work", "seconds", "rows/s"], table_rows)


if __name__ == "__main__":
    raise SystemExit(main())
