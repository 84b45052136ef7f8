"""Measures Mainstay on a database server beside that server's own fastest client: `python3 bench/databases.py [DATABASE…]`.

DATABASE is postgres or mariadb; without any, all are measured. BENCH_SECONDS, BENCH_ROUNDS and BENCH_THREADS mean what they do in run.py.
The figures also go to bench/results/databases.md.
"""

import shutil
import sys
from pathlib import Path

from harness import cells, data, verify
from harness.databases import Database, Rate
from harness.databases.mariadb import MariaDb
from harness.databases.postgres import Postgres
from harness.load import Sample, machine_seconds, measure, merge, write_requests
from harness.process import Broken
from harness.report import policies, table
from harness.rounds import ROUNDS, SECONDS, run_cell
from harness.servers import Absent
from harness.servers.mainstay import Mainstay, UnderRoles

BENCH = Path(__file__).parent
# PostgreSQL runs as another user, who must be able to enter the folder.
CACHE = Path("/tmp/mainstay-bench")
RESULT = BENCH / "results" / "databases.md"
_WARM_UP = 1.0


def main() -> int:
    if shutil.which("wrk") is None:
        print("bench: wrk is missing: apt install wrk", file=sys.stderr)
        return 2
    CACHE.mkdir(exist_ok=True)
    databases: dict[str, Database] = {"postgres": Postgres(CACHE / "postgres"), "mariadb": MariaDb(CACHE / "mariadb")}
    wanted = sys.argv[1:] or list(databases)
    if unknown := set(wanted) - set(databases):
        print(f"bench: no database is called {', '.join(sorted(unknown))}; there are {', '.join(databases)}", file=sys.stderr)
        return 2
    parts, failed = ["# Mainstay on database servers"], False
    for name in wanted:
        database = databases[name]
        try:
            database.obtain()
            parts += [f"## {database.name}", _measured(database)]
        except (Absent, Broken) as why:
            failed |= isinstance(why, Broken)
            parts.append(f"- **{database.name}: {why}**")
            print(f"bench: {database.name}: {why}", file=sys.stderr)
    text = "\n\n".join(parts) + "\n"
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text)
    print(text)
    return 1 if failed else 0


def _measured(database: Database) -> str:
    posts = list(data.posts())
    mainstay = Mainstay(CACHE / f"mainstay-{database.name.lower()}")
    try:
        database.start()
        mainstay.database = database.url
        mainstay.obtain()
        mainstay.prepare()
        mainstay.start()
        try:
            verify.reads(mainstay, posts)
            # Inserts come last: what is asked before is asked of fresh data.
            enforced = _enforced(mainstay, posts) if database.has_roles else None
            parts = [_table(database, mainstay, posts), enforced]
            return "\n\n".join(part for part in parts if part)
        finally:
            mainstay.stop()
    finally:
        database.stop()


def _table(database: Database, mainstay: Mainstay, posts: list[data.Post]) -> str:
    head = ["work", database.peer, "Mainstay", "ratio", "goal", "CPU µs/request", f"machine's, {database.peer}", "machine's, Mainstay"]
    rows = []
    for cell in [*cells.reads([mainstay], posts), cells.inserts([mainstay], posts)]:
        file = CACHE / f"{cell.key}.requests"
        write_requests(file, cell.lanes[0].requests, mainstay.port)
        peers: list[tuple[Rate, float]] = []
        ours: list[tuple[Sample, float]] = []
        before = mainstay.count()
        for number in range(ROUNDS):
            turns = [lambda: peers.append(_driven(database, cell.key)), lambda: ours.append(_asked(mainstay, file))]
            for turn in turns if number % 2 == 0 else turns[::-1]:
                turn()
        if cell.key == "insert" and mainstay.count() - before < sum(one.requests for one, _ in ours):
            raise Broken("confirmed inserts are missing")
        rows.append(_row(database, cell, peers, ours))
        print(" | ".join(rows[-1]), file=sys.stderr)
    return table(head, rows)


def _enforced(mainstay: Mainstay, posts: list[data.Post]) -> str:
    """What it costs to have policies woven into plans, and what it costs to leave them to the database."""
    under_roles = UnderRoles(CACHE / "mainstay-under-roles", mainstay)
    under_roles.obtain()
    under_roles.prepare()
    under_roles.start()
    try:
        for server in (mainstay, under_roles):
            verify.policy(server, posts)
        cells_of_both = cells.enforcement(mainstay, under_roles, posts)
        results = [(cell, run_cell(cell, CACHE, lambda line: print(line, file=sys.stderr), retries=0)) for cell in cells_of_both]
        return f"### Policies in the plan and under roles\n\n{policies(results)}"
    finally:
        under_roles.stop()


def _driven(database: Database, work: str) -> tuple[Rate, float]:
    database.drive(work, _WARM_UP)
    before = machine_seconds()
    rate = database.drive(work, SECONDS / ROUNDS)
    return rate, machine_seconds() - before


def _asked(mainstay: Mainstay, file: Path) -> tuple[Sample, float]:
    measure(mainstay, file, _WARM_UP, 0)
    before = machine_seconds()
    sample = measure(mainstay, file, SECONDS / ROUNDS, 0)
    return sample, machine_seconds() - before


def _row(database: Database, cell: cells.Cell, peers: list[tuple[Rate, float]], ours: list[tuple[Sample, float]]) -> list[str]:
    """The machine's time is that of everything: database, client, load generator and Mainstay."""
    goal = getattr(database.goal, cell.key)
    rate = sum(one.requests for one, _ in peers) / sum(one.seconds for one, _ in peers)
    total = merge([one for one, _ in ours])
    ratio = total.per_second / rate
    return [
        cell.title,
        f"{rate:,.0f}",
        f"{total.per_second:,.0f}",
        f"{ratio:.2f}" + ("" if goal is None else " ✓" if ratio >= goal else " ✗"),
        "" if goal is None else f"≥ {goal}",
        f"{total.cpu_micros:.1f}",
        f"{sum(spent for _, spent in peers) * 1e6 / sum(one.requests for one, _ in peers):.0f}",
        f"{sum(spent for _, spent in ours) * 1e6 / total.requests:.0f}",
    ]


if __name__ == "__main__":
    raise SystemExit(main())
