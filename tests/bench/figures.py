"""How a figure is taken and told: always beside what it is compared with, in one run."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from time import perf_counter_ns, process_time_ns


@dataclass(frozen=True, slots=True)
class Figure:
    """`ours` and `theirs` in `unit`; `ratio` says how many times better ours is."""

    what: str
    unit: str
    ours: float
    theirs: float | None
    beside: str
    ratio: float | None
    reach: str
    is_reached: bool

    @property
    def row(self) -> dict[str, object]:
        return asdict(self)


def cpu_us(act: Callable[[], object], *, times: int, rounds: int = 5) -> float:
    """Microseconds of CPU an `act` costs: the median of several rounds."""
    found = []
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        began = process_time_ns()
        for _ in range(times):
            act()
        found.append((process_time_ns() - began) / times / 1000)
        gc.enable()
    return statistics.median(found)


def wall_ms(act: Callable[[], object], *, rounds: int = 5) -> float:
    found = []
    for _ in range(rounds):
        began = perf_counter_ns()
        act()
        found.append((perf_counter_ns() - began) / 1e6)
    return statistics.median(found)


def table(figures: list[Figure]) -> str:
    """Plain text, one line a figure."""
    head = ("what", "ours", "beside", "theirs", "ratio", "to reach", "")
    rows = [head]
    for each in figures:
        theirs = "" if each.theirs is None else f"{each.theirs:,.2f} {each.unit}"
        ratio = "" if each.ratio is None else f"{each.ratio:,.1f} x"
        done = "reached" if each.is_reached else "MISSED"
        rows.append(
            (
                each.what,
                f"{each.ours:,.2f} {each.unit}",
                each.beside,
                theirs,
                ratio,
                each.reach,
                done,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)
