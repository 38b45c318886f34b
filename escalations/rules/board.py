"""The monthly letter to the board: plain sentences from counted figures, the month before beside.

Figures go in, a letter comes out; nothing is judged and nothing is rounded up.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from escalations.rules.metrics import wilson95

Pair = tuple[int, int]  # the month, the month before
NONE: Pair = (0, 0)
MONTH = re.compile(r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])")
SEVERITIES = (1, 2, 3, 4)
SHOWN = 8  # rules or KPIs named in a letter


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    month: int

    @classmethod
    def of(cls, text: str) -> Month | None:
        """From "2026-10"; None when it is no month that can be counted."""
        found = MONTH.fullmatch(text)
        year = int(found["year"]) if found else 0
        return cls(year, int(found["month"])) if found and 1971 <= year <= 9000 else None

    @classmethod
    def at(cls, at: datetime) -> Month:
        at = at.astimezone(UTC)
        return cls(at.year, at.month)

    @property
    def code(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    @property
    def name(self) -> str:
        return f"{self.start:%B} {self.year}"

    @property
    def start(self) -> datetime:
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        return self.after.start

    @property
    def before(self) -> Month:
        return Month(self.year, self.month - 1) if self.month > 1 else Month(self.year - 1, 12)

    @property
    def after(self) -> Month:
        return Month(self.year, self.month + 1) if self.month < 12 else Month(self.year + 1, 1)


@dataclass(frozen=True, slots=True)
class Promises:
    """Of one kind of clock. `kept` and `broken` ended in the month; `open_late` were broken and
    not done at its end. Void ones and those whose due time two people set stand apart."""

    label: str
    kept: Pair = NONE
    broken: Pair = NONE
    open_late: Pair = NONE
    void: Pair = NONE
    by_hand: Pair = NONE


@dataclass(frozen=True, slots=True)
class Customers:
    """Of one tier. `revenue`: currency -> sum a year, None where the reader may not see it."""

    label: str
    count: Pair
    revenue: Mapping[str, Decimal] | None = None


@dataclass(frozen=True, slots=True)
class KpiBreaches:
    name: str
    url: str
    breaches: Pair
    minutes: Pair


@dataclass(frozen=True, slots=True)
class RuleChange:
    """`approved`: who said yes to it; empty when nobody was asked."""

    name: str
    url: str
    at: datetime
    what: str
    approved: tuple[str, ...]
    published: str


@dataclass(frozen=True, slots=True)
class Worst:
    key: str
    url: str
    severity: int
    title: str
    opened_at: datetime
    contained_at: datetime | None
    closed_at: datetime | None
    state: str
    broken: int
    customer: str


@dataclass(frozen=True, slots=True)
class Figures:
    """All that a letter says. `waiting` are requests that wait for the committee now, None where
    the reader may not see them; `levels`: level of the ladder -> incidents that reached it."""

    month: Month
    at: datetime
    opened: Mapping[int, Pair] = field(default_factory=dict)
    closed: Mapping[int, Pair] = field(default_factory=dict)
    void: Pair = NONE
    customers: tuple[Customers, ...] = ()
    promises: tuple[Promises, ...] = ()
    updates_kept: Pair = NONE
    updates_missed: Pair = NONE
    levels: Mapping[int, Pair] = field(default_factory=dict)
    fallbacks: Pair = NONE
    kpis: tuple[KpiBreaches, ...] = ()
    rules: tuple[RuleChange, ...] = ()
    limits: Pair = NONE
    playbooks: Pair = NONE
    reviews_opened: Pair = NONE
    reviews_signed: Pair = NONE
    reviews_signed_late: Pair = NONE
    reviews_waived: Pair = NONE
    reviews_late: Pair = NONE
    near_misses: Pair = NONE
    actions_verified: Pair = NONE
    actions_overdue: Pair = NONE
    drills: Pair = NONE
    worst: tuple[Worst, ...] = ()
    waiting: int | None = None
    is_narrow: bool = False  # private teams are left out for this reader

    @property
    def is_over(self) -> bool:
        return self.at >= self.month.end

    @property
    def is_empty(self) -> bool:
        """Nothing happened in the month, whatever happened in the one before."""
        pairs = [*self.opened.values(), *self.closed.values(), *self.levels.values()]
        pairs += [self.void, self.updates_kept, self.updates_missed, self.drills, self.limits]
        pairs += [self.reviews_opened, self.reviews_signed, self.actions_verified, self.playbooks]
        for each in self.promises:
            pairs += [each.kept, each.broken, each.open_late, each.void, each.by_hand]
        for kpi in self.kpis:
            pairs += [kpi.breaches, kpi.minutes]
        return not self.rules and not any(now for now, _ in pairs)


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence; `link` are its first words where it leads somewhere."""

    text: str
    link: str = ""
    url: str = ""

    @property
    def rest(self) -> str:
        return self.text.removeprefix(self.link)


@dataclass(frozen=True, slots=True)
class Table:
    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def cells(self) -> list[list[tuple[str, str]]]:
        """Each row as (heading, text), as a page of cards needs it."""
        return [list(zip(self.head, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    title: str
    lines: tuple[Line, ...]
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    month: Month
    status: str
    sections: tuple[Section, ...]
    notes: tuple[str, ...]

    def as_text(self) -> str:
        """For a terminal or a mail: the same words, tables as lines."""
        out = [f"Letter to the board, {self.month.name}", self.status, ""]
        for section in self.sections:
            out += [section.title, "-" * len(section.title)]
            out += [each.text for each in section.lines]
            if section.table:
                out += _as_columns(section.table)
            out.append("")
        return "\n".join([*out, *self.notes]).rstrip() + "\n"


def _as_columns(table: Table) -> list[str]:
    rows = [table.head, *table.rows]
    widths = [max(len(row[place]) for row in rows) for place in range(len(table.head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def minutes_in_breach(
    flips: Iterable[tuple[datetime, bool]], was_in: bool, start: datetime, end: datetime
) -> int:
    """Whole minutes between `start` and `end` in which it was in breach. `flips`: when it went in
    (True) or out (False), in the order of time; `was_in`: before the first of them."""
    total, since, is_in = 0.0, start, was_in
    for at, goes_in in flips:
        here = min(max(at, start), end)
        if is_in:
            total += (here - since).total_seconds()
        since, is_in = here, goes_in
    if is_in:
        total += (end - since).total_seconds()
    return int(total // 60)


def share(kept: int, broken: int) -> str:
    """As in "92 % (81 to 97)": kept of those that ended, with Wilson's 95 % (SEMANTICS 8)."""
    interval = wilson95(kept, kept + broken)
    if interval is None:
        return "none ended"
    low, high = interval
    return f"{kept * 100 // (kept + broken)} % ({low * 100:.0f} to {high * 100:.0f})"
