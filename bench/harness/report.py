"""Tells the figures as Markdown tables: ratios first, the absolute values beside them. Measures nothing."""

from dataclasses import dataclass, field

from .cells import GOALS, POLICY_COST, Cell
from .load import Sample
from .rounds import Result, Results

FLOOR, POCKETBASE, MAINSTAY = "floor", "PocketBase", "Mainstay"
_NONE = "–"
# The share of the machine that others may have before the reader is warned.
_BUSY = 0.10


@dataclass
class Footprint:
    """What a server takes before and after the load; memory in MB, the start in seconds."""

    start_seconds: list[float]
    size_mb: float
    idle_mb: float
    after_reads_mb: float | None = None
    after_inserts_mb: float | None = None
    peak_mb: float | None = None


@dataclass
class Report:
    """Everything one run found out."""

    machine: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    cells: list[tuple[Cell, Results]] = field(default_factory=list)
    policies: list[tuple[Cell, Results]] = field(default_factory=list)
    footprints: dict[str, Footprint] = field(default_factory=dict)
    failed: bool = False


def markdown(report: Report) -> str:
    parts = ["# Benchmark", "\n".join(f"- {line}" for line in report.machine)]
    if (busiest := _busiest(report)) > _BUSY:
        parts.append(f"**Others had up to {busiest:.0%} of the machine: trust processor time, and run again for the rest.**")
    if report.skipped:
        parts.append("\n".join(f"- **{line}**" for line in report.skipped))
    parts += ["## Requests per second", _throughput(report)]
    parts += ["## Processor time and latency", _work(report.cells)]
    if report.policies:
        parts += ["## What a policy costs", policies(report.policies, POLICY_COST)]
    parts += ["## Memory, start, size", _footprints(report)]
    return "\n\n".join(parts) + "\n"


def _busiest(report: Report) -> float:
    samples = (result.total for _, results in report.cells + report.policies for result in results.values())
    return max((sample.foreign for sample in samples), default=0.0)


def _throughput(report: Report) -> str:
    head = ["work", FLOOR, POCKETBASE, MAINSTAY, "Mainstay / floor", "goal", "Mainstay / PocketBase", "goal"]
    rows = []
    for cell, results in report.cells:
        goal = GOALS[cell.key]
        rates = {label: result.total.per_second for label, result in results.items()}
        ours = rates.get(MAINSTAY)
        of_floor, of_pocketbase = _ratio(ours, rates.get(FLOOR)), _ratio(ours, rates.get(POCKETBASE))
        rows.append(
            [
                cell.title,
                _floor(rates),
                _number(rates.get(POCKETBASE)),
                _number(ours),
                _reached(of_floor, goal.of_floor),
                f"≥ {goal.of_floor}",
                _reached(of_pocketbase, goal.of_pocketbase),
                f"≥ {goal.of_pocketbase:g}",
            ]
        )
    return table(head, rows)


def _floor(rates: dict[str, float]) -> str:
    """The floor's rate, with the variants of it that were measured beside it."""
    prefix = FLOOR + ", "
    variants = [f"{_number(rate)} {label[len(prefix):]}" for label, rate in rates.items() if label.startswith(prefix)]
    return ", ".join([_number(rates.get(FLOOR)), *variants])


def _work(cells: list[tuple[Cell, Results]]) -> str:
    head = ["work", "server", "requests/s", "CPU µs/request", "of floor's", "p50 ms", "p99 ms", "rounds apart", "CPU of others"]
    rows = []
    for cell, results in cells:
        floor = results[FLOOR].total if FLOOR in results else None
        for label, result in results.items():
            rows.append([cell.title, label, *_figures(result, floor)])
    return table(head, rows)


def _figures(result: Result, floor: Sample | None) -> list[str]:
    total = result.total
    return [
        _number(total.per_second),
        f"{total.cpu_micros:.1f}",
        f"{total.cpu_micros / floor.cpu_micros:.1f}" if floor else _NONE,
        f"{total.p50_ms:.2f}",
        f"{total.p99_ms:.2f}",
        f"{result.spread:.0%}",
        f"{total.foreign:.0%}",
    ]


def policies(cells: list[tuple[Cell, Results]], most: float | None = None) -> str:
    """What each lane of a cell reaches of the first one's rate; the last is to lose no more than `most` of it."""
    head = ["work", "asked", "requests/s", "of the open read", "goal", "CPU µs/request", "of the open read", "p50 ms", "p99 ms"]
    rows = []
    for cell, results in cells:
        first = next(iter(results.values())).total
        for number, (label, result) in enumerate(results.items()):
            total = result.total
            goal = None if most is None or number < len(results) - 1 else 1 - most
            share = total.per_second / first.per_second
            rows.append(
                [
                    cell.title,
                    label,
                    _number(total.per_second),
                    f"{share:.2f}" if goal is None else _reached(share, goal),
                    "" if goal is None else f"≥ {goal:g}",
                    f"{total.cpu_micros:.1f}",
                    f"{total.cpu_micros / first.cpu_micros:.2f}",
                    f"{total.p50_ms:.2f}",
                    f"{total.p99_ms:.2f}",
                ]
            )
    return table(head, rows)


def _footprints(report: Report) -> str:
    head = ["server", "start to first answer, ms", "program, MB", "idle, MB", "after reads, MB", "after inserts, MB", "peak, MB"]
    rows = []
    for name, one in report.footprints.items():
        starts = sorted(one.start_seconds)
        median, worst = starts[len(starts) // 2], starts[-1]
        memory = [one.idle_mb, one.after_reads_mb, one.after_inserts_mb, one.peak_mb]
        rows.append(
            [name, f"{median * 1e3:.0f} (worst {worst * 1e3:.0f})", f"{one.size_mb:.1f}"]
            + [_NONE if value is None else f"{value:.0f}" for value in memory]
        )
    goals = "Goals for Mainstay: start ≤ 50 ms, idle ≤ 25 MB, under load ≤ 80 MB. Memory is resident memory."
    return table(head, rows) + "\n\n" + goals


def _ratio(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours is not None and theirs else None


def _reached(ratio: float | None, goal: float) -> str:
    if ratio is None:
        return _NONE
    return f"{ratio:.2f} {'✓' if ratio >= goal else '✗'}"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:,.0f}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table whose columns also line up as plain text."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [[text.ljust(width) for text, width in zip(row, widths, strict=True)] for row in [head, *rows]]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
