"""Runs cells: every lane in turn, forwards and then backwards, so that a machine that drifts favours nobody."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from .cells import Cell, Lane
from .load import Sample, measure, merge, write_requests

SECONDS = float(os.environ.get("BENCH_SECONDS", "8"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "2"))
_WARM_UP = 1.0
# A round during which others had more of the machine than this is run again, so many times at most.
_FOREIGN = 0.10
_RETRIES = 2


@dataclass
class Result:
    """What one lane of one cell came to."""

    rounds: list[Sample] = field(default_factory=list)
    # Requests answered in all rounds, the repeated ones included.
    sent: int = 0

    @property
    def total(self) -> Sample:
        return merge(self.rounds)

    @property
    def spread(self) -> float:
        """How far apart the rounds are: (highest - lowest) / mean of requests per second."""
        rates = [one.per_second for one in self.rounds]
        return (max(rates) - min(rates)) / (sum(rates) / len(rates))


# Results by the label of the lane.
Results = dict[str, Result]


def run_cell(cell: Cell, folder: Path, say: Callable[[str], None], retries: int = _RETRIES) -> Results:
    """Without `retries` where others are part of the work, such as a database."""
    results: Results = {lane.label: Result() for lane in cell.lanes}
    files = {lane.label: _file(cell, lane, number, folder) for number, lane in enumerate(cell.lanes)}
    for number in range(ROUNDS):
        order = cell.lanes if number % 2 == 0 else cell.lanes[::-1]
        for lane in order:
            result = results[lane.label]
            attempts = _attempts(lane, files[lane.label], retries)
            sample = min(attempts, key=lambda one: one.foreign)
            result.rounds.append(sample)
            result.sent += sum(one.requests for one in attempts)
            say(f"  {cell.title}: {lane.label}: {sample.per_second:,.0f}/s{_busy(sample)}")
    return results


def _attempts(lane: Lane, requests: Path, retries: int) -> list[Sample]:
    """Measures until others leave the machine alone, a few times at most."""
    attempts: list[Sample] = []
    while not attempts or (attempts[-1].foreign > _FOREIGN and len(attempts) <= retries):
        attempts.append(measure(lane.server, requests, SECONDS / ROUNDS, _WARM_UP))
    return attempts


def _file(cell: Cell, lane: Lane, number: int, folder: Path) -> Path:
    file = folder / f"{cell.key}-{number}.requests"
    write_requests(file, lane.requests, lane.server.port)
    return file


def _busy(sample: Sample) -> str:
    return f" (others had {sample.foreign:.0%} of the machine)" if sample.foreign > _FOREIGN else ""
