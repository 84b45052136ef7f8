"""Measures Mainstay beside PocketBase and beside the floor, and prints the ratios: `python3 bench/run.py [SERVER…]`.

SERVER is floor, pocketbase or mainstay; without any, all three are measured.
BENCH_SECONDS sets the measured seconds of each cell (8), BENCH_ROUNDS into how many rounds they are split (2),
BENCH_THREADS the threads of the load generator (2). The figures also go to bench/results/latest.md.
"""

import platform
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness import cells, data, verify
from harness.process import Broken, run
from harness.report import Footprint, Report, markdown
from harness.rounds import ROUNDS, SECONDS, run_cell
from harness.servers import Absent, Server
from harness.servers.floor import Floor
from harness.servers.mainstay import REPOSITORY, Mainstay
from harness.servers.pocketbase import VERSION, PocketBase
from harness.shop import Shop

BENCH = Path(__file__).parent
CACHE = BENCH / ".cache"
RESULT = BENCH / "results" / "latest.md"
STARTS = 5
# How long a server is left alone before its idle memory is read, in seconds.
SETTLE = 2.0


def main() -> int:
    if shutil.which("wrk") is None:
        print("bench: wrk is missing: apt install wrk", file=sys.stderr)
        return 2
    CACHE.mkdir(exist_ok=True)
    candidates = {server.name.lower(): server for server in _candidates()}
    wanted = sys.argv[1:] or list(candidates)
    if unknown := set(wanted) - set(candidates):
        print(f"bench: no server is called {', '.join(sorted(unknown))}; there are {', '.join(candidates)}", file=sys.stderr)
        return 2
    report = Report(machine=_machine())
    posts = list(data.posts())
    servers = list(_ready([candidates[name] for name in wanted], report))
    measurable = list(_verified(servers, posts, report))
    for server in measurable:
        report.footprints[server.name] = _footprint(server)
    _reads(measurable, posts, report)
    _inserts(measurable, posts, report)
    if any(isinstance(server, Mainstay) for server in measurable):
        _shop(report)
    _publish(report)
    return 1 if report.failed else 0


def _candidates() -> list[Server]:
    return [Floor(CACHE / "floor"), PocketBase(CACHE / "pocketbase", CACHE), Mainstay(CACHE / "mainstay")]


def _ready(servers: Sequence[Server], report: Report) -> Iterator[Server]:
    """The servers that can be had here, with their data; a line says which cannot."""
    for server in servers:
        _say(f"preparing {server.name}")
        try:
            server.obtain()
        except Absent as why:
            report.skipped.append(f"{server.name} was skipped: {why}")
            _say(report.skipped[-1])
            continue
        with _judged(server.name, report):
            server.prepare()
            yield server


def _verified(servers: Sequence[Server], posts: list[data.Post], report: Report) -> Iterator[Server]:
    """The servers that give the right rows; one that does not is not worth measuring."""
    for server in servers:
        right = False
        with _judged(server.name, report), _started([server]):
            verify.reads(server, posts)
            verify.insert(server, posts[4])
            right = True
        if right:
            yield server


def _footprint(server: Server) -> Footprint:
    """Starts the server a few times, and the last time looks at its memory before it has anything to do."""
    starts = []
    for last in [False] * (STARTS - 1) + [True]:
        starts.append(server.start())
        if last:
            time.sleep(SETTLE)
        idle = server.process.memory_mb()
        server.stop()
    return Footprint(starts, server.binary.stat().st_size / 1e6, idle)


def _reads(servers: Sequence[Server], posts: list[data.Post], report: Report) -> None:
    with _started(servers):
        for cell in cells.reads(servers, posts):
            report.cells.append((cell, run_cell(cell, CACHE, _say)))
        for server in servers:
            report.footprints[server.name].after_reads_mb = server.process.memory_mb()
        for mainstay in servers:
            if isinstance(mainstay, Mainstay):
                with _judged("the policy of Mainstay", report):
                    verify.policy(mainstay, posts)
                    for cell in cells.policies(mainstay, posts):
                        report.policies.append((cell, run_cell(cell, CACHE, _say)))
        _peaks(servers, report)


def _inserts(servers: Sequence[Server], posts: list[data.Post], report: Report) -> None:
    """Inserts run on fresh data and last: they make the tables grow, which no read shall feel."""
    lanes: list[Server] = []
    for server in servers:
        lanes.append(server)
        if isinstance(server, Floor):
            lanes.append(_one_by_one())
    with _started(lanes):
        cell = cells.inserts(lanes, posts)
        before = {server.name: server.count() for server in lanes}
        results = run_cell(cell, CACHE, _say)
        report.cells.append((cell, results))
        for server in lanes:
            with _judged(server.name, report):
                _check_kept(server, server.count() - before[server.name], results[server.name].sent)
        for server in servers:
            report.footprints[server.name].after_inserts_mb = server.process.memory_mb()
        _peaks(servers, report)


def _one_by_one() -> Floor:
    """The floor again, to show what grouping its commits is worth."""
    floor = Floor(CACHE / "floor-one-by-one", one_by_one=True)
    floor.obtain()
    floor.prepare()
    return floor


def _check_kept(server: Server, made: int, answered: int) -> None:
    """Every insert that was answered must be there; those that the load generator cut off may be."""
    if made < answered:
        raise Broken(f"{server.name} confirmed {answered} inserts and holds {made}")


def _peaks(servers: Sequence[Server], report: Report) -> None:
    for server in servers:
        footprint = report.footprints[server.name]
        footprint.peak_mb = max(footprint.peak_mb or 0, server.process.peak_mb())


def _shop(report: Report) -> None:
    shop = Shop(CACHE / "shop")
    try:
        shop.obtain()
    except Absent as why:
        report.skipped.append(f"{shop.name} was skipped: {why}")
        return
    with _judged(shop.name, report):
        shop.prepare()
        report.footprints[shop.name] = _footprint(shop)


@contextmanager
def _started(servers: Sequence[Server]) -> Iterator[None]:
    """All servers on fresh data, stopped again whatever happens."""
    running: list[Server] = []
    try:
        for server in servers:
            server.start(fresh=True)
            running.append(server)
        yield
    finally:
        for server in running:
            server.stop()


@contextmanager
def _judged(what: str, report: Report) -> Iterator[None]:
    """One server that fails leaves the others their measurement; the run as a whole then fails."""
    try:
        yield
    except Broken as failure:
        report.failed = True
        report.skipped.append(f"{what} failed: {failure}")
        _say(report.skipped[-1])


def _machine() -> list[str]:
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    cores = Path("/proc/cpuinfo").read_text().count("processor\t")
    commit = run(["git", "rev-parse", "--short", "HEAD"], REPOSITORY).strip()
    return [
        f"{time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}, commit {commit}",
        f"{model.partition(':')[2].strip()}, {cores} cores, Linux {platform.release()}",
        f"{SECONDS:g} s per cell in {ROUNDS} rounds, load generator on the same machine; PocketBase {VERSION}",
    ]


def _publish(report: Report) -> None:
    text = markdown(report)
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(text, encoding="utf-8")
    print("\n" + text)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
