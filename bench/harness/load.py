"""One measurement: `wrk` against one server for some seconds, with the processor time that the server took for it."""

import json
import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import Broken, run
from .servers import Server
from .web import HOST, Request

CONNECTIONS = 32
THREADS = int(os.environ.get("BENCH_THREADS", "2"))
_SCRIPT = Path(__file__).parent.parent / "load.lua"


@dataclass(frozen=True)
class Sample:
    requests: int
    seconds: float
    cpu_seconds: float
    p50_ms: float
    p99_ms: float
    # Processor seconds that neither the server nor the load generator took: the rest of the machine.
    foreign_seconds: float

    @property
    def foreign(self) -> float:
        """The share of the machine's processors that others had meanwhile."""
        return max(0.0, self.foreign_seconds / self.seconds / (os.cpu_count() or 1))

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_micros(self) -> float:
        """Processor microseconds of the server per request."""
        return self.cpu_seconds * 1e6 / self.requests


def write_requests(file: Path, requests: Sequence[Request], port: int) -> None:
    """Puts the requests where the load generator reads them."""
    with file.open("wb") as out:
        for request in requests:
            raw = request.raw(port)
            out.write(b"%d\n%b" % (len(raw), raw))


def measure(server: Server, requests: Path, seconds: float, warm_up: float) -> Sample:
    """Warms the server up with the same requests, then measures; a refused or broken request fails the cell."""
    if warm_up:
        _wrk(server, requests, warm_up)
    before, machine, tools = server.process.cpu_seconds(), machine_seconds(), _tool_seconds()
    counts = _wrk(server, requests, seconds)
    cpu = server.process.cpu_seconds() - before
    tools = _tool_seconds() - tools
    return Sample(
        requests=counts["requests"],
        seconds=counts["microseconds"] / 1e6,
        cpu_seconds=cpu,
        p50_ms=counts["p50"] / 1e3,
        p99_ms=counts["p99"] / 1e3,
        foreign_seconds=machine_seconds() - machine - cpu - tools,
    )


def machine_seconds() -> float:
    """Processor seconds of all programs since the system started; interrupts are left out."""
    user, nice, system = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / os.sysconf("SC_CLK_TCK")


def _tool_seconds() -> float:
    """Processor seconds of this program and of the tools it has run."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


def _wrk(server: Server, requests: Path, seconds: float) -> dict[str, int]:
    # wrk counts whole seconds only.
    duration = max(1, round(seconds))
    url = f"http://{HOST}:{server.port}/"
    options = [f"-t{THREADS}", f"-c{CONNECTIONS}", f"-d{duration}s", "--timeout", "10s", "-s", _SCRIPT]
    printed = run(["wrk", *options, url, "--", requests], requests.parent, seconds=duration + 30)
    counts = json.loads(printed.strip().splitlines()[-1])
    if counts["refused"] or counts["broken"] or not counts["requests"]:
        raise Broken(
            f"{server.name}, {requests.stem}: {counts['refused']} of {counts['requests']} requests were refused, "
            f"{counts['broken']} connections broke"
        )
    return counts


def merge(samples: Sequence[Sample]) -> Sample:
    """The rounds of a cell as one: sums, the mean of the medians, the worst 99th percentile."""
    return Sample(
        requests=sum(one.requests for one in samples),
        seconds=sum(one.seconds for one in samples),
        cpu_seconds=sum(one.cpu_seconds for one in samples),
        p50_ms=sum(one.p50_ms for one in samples) / len(samples),
        p99_ms=max(one.p99_ms for one in samples),
        foreign_seconds=sum(one.foreign_seconds for one in samples),
    )
