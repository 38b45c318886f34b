"""The order of a queue (SEMANTICS 4.1), read a page at a time wherever one stands in it.

What is late comes first, whatever the order inside. A page is put together from the first rows of
a few ranges, each of which starts at the right place of an index: late ones, those that the sweep
has not noticed yet, and the rest. So a page costs the same at the front and far behind.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Case, DateTimeField, Q, QuerySet, When
from django.db.models.expressions import RawSQL

from config.lib.pages import SortKey
from config.lib.several import Sieve, keys_of
from escalations.models import Incident
from escalations.models.kpis import SEVERITIES

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MOST_DIGITS = 18
# Code -> columns inside "late" and inside the rest, and the words for it.
SORTS: dict[str, tuple[str, ...]] = {
    "": ("severity", "next_due_at", "-score_bp", "-priority_bp", "received_at", "number"),
    "deadline": ("next_late_at", "severity", "-score_bp", "-priority_bp", "number"),
    "oldest": ("opened_at", "number"),
}
SORT_LABELS = {"": "Severity", "deadline": "Next deadline", "oldest": "Oldest"}
SORT_WORDS = {
    "": "late first, then severity, then next deadline",
    "deadline": "late first, then next deadline, then severity",
    "oldest": "late first, then oldest",
}
KEYS = {code: [SortKey.of(Incident, word) for word in words] for code, words in SORTS.items()}


@dataclass(frozen=True, slots=True)
class Place:
    """Between two rows of the queue: beside the one with these values, going on or back."""

    is_late: bool
    values: tuple[Any, ...]
    is_backward: bool = False

    @classmethod
    def beside(cls, row: Any, sort: str, *, is_backward: bool) -> Place:
        return cls(bool(row.is_late), tuple(key.of_row(row) for key in KEYS[sort]), is_backward)

    @classmethod
    def read(cls, text: str, sort: str) -> Place:
        """Raises ValueError for what `text` never wrote in this sort."""
        first, *words = text.split("-")
        keys = KEYS[sort]
        if first not in ("n0", "n1", "p0", "p1") or len(words) != len(keys):
            raise ValueError(text)
        values = tuple(_value(word, key) for word, key in zip(words, keys, strict=True))
        return cls(first[1] == "1", values, first[0] == "p")

    @property
    def text(self) -> str:
        words = [_word(value) for value in self.values]
        return "-".join([f"{'p' if self.is_backward else 'n'}{int(self.is_late)}", *words])


def _word(value: Any) -> str:
    if isinstance(value, datetime):
        return str((value - EPOCH) // MICROSECOND)
    return "" if value is None else str(value)


def _value(word: str, key: SortKey) -> Any:
    if not word and key.is_nullable:
        return None
    if not (word.isascii() and word.isdigit() and len(word) <= MOST_DIGITS):
        raise ValueError(word)
    assert key.field is not None, "queues are ordered by columns"
    try:
        if isinstance(key.field, DateTimeField):
            return EPOCH + int(word) * MICROSECOND
        key.field.run_validators(int(word))
    except (OverflowError, ValidationError) as error:
        raise ValueError(word) from error
    return int(word)


@dataclass(frozen=True, slots=True)
class Groups:
    """The incidents of a queue in the groups of its order; none is in two."""

    whole: list[QuerySet[Incident]]  # all of them, in as few lists as may be
    missed: QuerySet[Incident] | None  # late, as the sweep noted
    just_late: QuerySet[Incident] | None  # late since then
    rest: QuerySet[Incident] | None

    @classmethod
    def of(cls, rows: QuerySet[Incident], at: datetime, clock: str = "") -> Groups:
        """`clock` is a filter by clock: it leaves out groups."""
        on_time = rows.filter(_noted(late=False))
        missed = rows.filter(_noted(late=True))
        just_late = on_time.filter(next_late_at__lte=at)
        if clock == "late":
            return cls([missed, just_late], missed, just_late, None)
        if clock == "at_risk":
            # The bare column, as its index says it.
            risky = rows.filter(has_missed=False, next_late_at__gt=at, next_warn_at__lte=at)
            return cls([risky], None, None, risky)
        rest = rows.filter(_is_on_time(at))
        if clock == "due":  # two ranges of the index of deadlines
            return cls([missed, on_time], missed, None, rest)
        return cls([rows], missed, just_late, rest)


def page_of(
    groups: Groups,
    sort: str,
    place: Place | None,
    at: datetime,
    size: int,
    *,
    few: RawSQL | None = None,
    sieve: Sieve | None = None,
) -> QuerySet[Any]:
    """The `size` rows after a place, or before it in reverse; `is_late` on each. One statement.
    `few`: the keys of all of them, where those may be gathered and sorted. A sieve leaves out rows
    on the way."""
    keys, is_backward = KEYS[sort], bool(place and place.is_backward)
    order = ["is_late" if is_backward else "-is_late"]
    order += [key.order(is_backward) for key in keys]
    marked = Incident.objects.annotate(is_late=Case(When(_is_late(at), then=1), default=0))
    if few is not None:
        found = marked.filter(pk__in=few)
        if place:
            found = found.filter(_after_place(place, keys, at))
    else:
        ranges = [rows.order_by(*order[1:]) for rows in _of_groups(groups, place, keys)]
        if sieve is None:
            ranges = [rows[:size] for rows in ranges]
        found = marked.filter(pk__in=keys_of(ranges, sieve)) if ranges else marked.none()
    # What is read beside them is looked up for these alone.
    return marked.filter(pk__in=found.order_by(*order).values("pk")[:size]).order_by(*order)


def _is_late(at: datetime) -> Q:
    return Q(has_missed=True) | Q(next_late_at__lte=at)


def _is_on_time(at: datetime) -> Q:
    return _noted(late=False) & (Q(next_late_at=None) | Q(next_late_at__gt=at))


def _noted(*, late: bool) -> Q:
    """An equation, by which SQLite finds a place of an index: Django says the bare column."""
    return Q(has_missed__in=[late])


def _of_groups(
    groups: Groups, place: Place | None, keys: list[SortKey]
) -> list[QuerySet[Incident]]:
    """Where a page is put together from: each part begins at a place of an index."""
    parts: list[QuerySet[Incident]] = []
    for rows, is_late in ((groups.missed, True), (groups.just_late, True), (groups.rest, False)):
        if rows is None:
            continue
        if place is None or is_late is not place.is_late:
            is_beyond = place is None or is_late is place.is_backward
            led = [rows] if rows is groups.just_late else _led(rows, keys)
            parts += led if is_beyond else []
        elif rows is groups.just_late:
            parts.append(rows.filter(_beyond(keys, place.values, place.is_backward)))
        else:
            found = _ranges(keys, place.values, place.is_backward, _steps(rows, keys))
            parts += [rows.filter(condition) for condition in found]
    return parts


def _steps(rows: QuerySet[Incident], keys: list[SortKey]) -> tuple[int, ...]:
    """The severities, where a database has to be led from one to the next: SQLite goes along an
    index with empty values last only if all columns before them are given."""
    is_led = connections[rows.db].vendor == "sqlite" and keys[0].name == "severity"
    return tuple(level for level, _ in SEVERITIES) if is_led else ()


def _led(rows: QuerySet[Incident], keys: list[SortKey]) -> list[QuerySet[Incident]]:
    return [rows.filter(severity=level) for level in _steps(rows, keys)] or [rows]


def _after_place(place: Place, keys: list[SortKey], at: datetime) -> Q:
    late, on_time = _is_late(at), _is_on_time(at)
    same, other = (late, on_time) if place.is_late else (on_time, late)
    found = same & _beyond(keys, place.values, place.is_backward)
    return found if place.is_late is place.is_backward else found | other


def _ranges(
    keys: list[SortKey], values: tuple[Any, ...], is_backward: bool, steps: tuple[int, ...]
) -> list[Q]:
    """(a, b, c, ...) after (x, y, z, ...), said as ranges of an index: a after x; a = x and b
    after y; a = x and b = y and the rest after the rest. `steps`: all there is of a, one by one."""
    (first, second, *others), (x, y, *rest) = keys, values
    beyond = [step for step in steps if (step < x if is_backward else step > x)]
    found = [first.equal(step) for step in beyond] if steps else _after(first, x, is_backward)
    found += [first.equal(x) & each for each in _after(second, y, is_backward)]
    if others:
        same = first.equal(x) & second.equal(y)
        found.append(same & _beyond(others, tuple(rest), is_backward))
    return found


def _after(key: SortKey, value: Any, is_backward: bool) -> list[Q]:
    """Values after this one; empty ones, which come last, apart."""
    if value is None:
        return [Q(**{f"{key.name}__isnull": False})] if is_backward else []
    goes_down = key.is_descending != is_backward
    found = [Q(**{f"{key.name}__{'lt' if goes_down else 'gt'}": value})]
    if key.is_nullable and not is_backward:
        found.append(Q(**{f"{key.name}__isnull": True}))
    return found


def _beyond(keys: list[SortKey], values: tuple[Any, ...], is_backward: bool) -> Q:
    found, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        if (beyond := key.beyond(value, is_backward)) is not None:
            found |= same & beyond
        same &= key.equal(value)
    return found
