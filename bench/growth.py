"""Measures what growth costs: `python3 bench/growth.py`.

A list of 20 by an index from 10^4 and from 10^6 rows, and the memory of 10 000 idle connections. BENCH_ROWS and
BENCH_IDLE change the two numbers; BENCH_SECONDS and BENCH_ROUNDS are those of run.py. Also goes to bench/results/growth.md.
"""

import os
import sys
import time
from itertools import islice
from pathlib import Path

from harness import data, idle, web
from harness.cells import Cell, Lane
from harness.process import Broken
from harness.report import table
from harness.rounds import Result, run_cell
from harness.servers import Absent, Server
from harness.servers.floor import Floor, new_post
from harness.servers.mainstay import Mainstay
from harness.servers.pocketbase import PocketBase

BENCH = Path(__file__).parent
CACHE = BENCH / ".cache"
RESULT = BENCH / "results" / "growth.md"
ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
CONNECTIONS = int(os.environ.get("BENCH_IDLE", "10000"))
# Rows in one request of the bulk insert.
BULK = 1_000
SETTLE = 2.0


class LargeMainstay(Mainstay):
    """The benchmark's project with many posts, inserted over REST as the service role."""

    name = "Mainstay, large"

    def fill(self) -> None:
        super().fill()
        self.running = self.prepared
        self.start()
        key = self.keys["service_role_key"]
        rights = {"apikey": key, "Authorization": f"Bearer {key}"}
        try:
            rest = islice(data.posts(ROWS), data.POSTS, None)
            while batch := list(islice(rest, BULK)):
                rows = [{**new_post(post), "created_at": post.created_at.isoformat()} for post in batch]
                self.send(web.post("/rest/v1/posts", rows, rights))
        finally:
            self.stop()


def main() -> int:
    failed = False
    parts = ["# Growth"]
    idle.allow(CONNECTIONS)
    for small, large in ((Floor(CACHE / "floor"), _large_floor()), (Mainstay(CACHE / "mainstay"), _large_mainstay())):
        try:
            _prepare(small, large)
            parts.append(_lists(small, large))
        except (Absent, Broken) as why:
            failed |= isinstance(why, Broken)
            parts.append(f"**{small.name} has no figures for the list: {why}**")
    lines = []
    for server in (Floor(CACHE / "floor"), PocketBase(CACHE / "pocketbase", CACHE), Mainstay(CACHE / "mainstay")):
        try:
            _prepare(server)
            lines.append(_idle(server))
        except (Absent, Broken) as why:
            failed |= isinstance(why, Broken)
            parts.append(f"**{server.name} has no figures for idle connections: {why}**")
    head = ["server", "idle connections", "memory before, MB", "memory with them, MB", "KB each"]
    parts += [table(head, lines), "Goal for Mainstay: 10 000 idle connections fit in 200 MB."]
    text = "\n\n".join(parts) + "\n"
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    print(text)
    return 1 if failed else 0


def _large_floor() -> Floor:
    large = Floor(CACHE / "floor-large", posts=ROWS)
    large.name = "floor, large"
    return large


def _large_mainstay() -> Mainstay:
    return LargeMainstay(CACHE / "mainstay-large")


def _prepare(*servers: Server) -> None:
    for server in servers:
        print(f"preparing {server.name}", file=sys.stderr, flush=True)
        server.obtain()
        server.prepare()


def _lists(small: Server, large: Server) -> str:
    """The same list from both sizes, in turn."""
    started: list[Server] = []
    try:
        for server in (small, large):
            server.start()
            started.append(server)
        lanes = [Lane(server.name, server, [server.listed(status) for status in data.STATUSES]) for server in started]
        for server, count in ((small, data.POSTS), (large, ROWS)):
            _expect(server, count)
        results = run_cell(Cell("growth", "list of 20", lanes), CACHE, _say)
    finally:
        for server in started:
            server.stop()
    rows = [_line(small, data.POSTS, results[small.name]), _line(large, ROWS, results[large.name])]
    share = results[large.name].total.per_second / results[small.name].total.per_second
    costs = results[large.name].total.cpu_micros / results[small.name].total.cpu_micros
    head = ["list of 20", "rows", "requests/s", "CPU µs/request", "p50 ms", "p99 ms"]
    return (
        table(head, rows) + f"\n\n{small.name}: from {ROWS:,} rows it runs at {share:.2f} of the rate from {data.POSTS:,}, "
        f"at {costs:.2f} of the processor time."
    )


def _expect(server: Server, count: int) -> None:
    if (held := server.count()) != count:
        raise Broken(f"{server.name} holds {held} posts instead of {count}")


def _line(server: Server, rows: int, result: Result) -> list[str]:
    total = result.total
    rate, cpu = f"{total.per_second:,.0f}", f"{total.cpu_micros:.1f}"
    return [server.name, f"{rows:,}", rate, cpu, f"{total.p50_ms:.2f}", f"{total.p99_ms:.2f}"]


def _idle(server: Server) -> list[str]:
    _say(f"{server.name}: {CONNECTIONS} idle connections")
    server.start()
    try:
        time.sleep(SETTLE)
        before = server.process.memory_mb()
        raw = server.by_key(1).raw(server.port)
        with idle.held(server.port, raw, CONNECTIONS) as sockets:
            time.sleep(SETTLE)
            after = server.process.memory_mb()
            alive = idle.still_open(sockets)
    finally:
        server.stop()
    if alive < CONNECTIONS:
        raise Broken(f"{server.name} closed {CONNECTIONS - alive} of {CONNECTIONS} idle connections")
    each = (after - before) * 1e3 / CONNECTIONS
    return [server.name, f"{alive:,}", f"{before:.0f}", f"{after:.0f}", f"{each:.1f}"]


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
