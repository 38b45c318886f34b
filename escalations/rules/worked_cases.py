"""Worked examples run through the rules: what a document expects against what the rules say.

A document is parsed JSON. Kind "clocks" has `calendars` and `cases` of events with checks as of an
instant; kind "rosters" has `cases` of layers, overrides and absences with the shifts of a period.
Exactly the keys present in an `expected` are compared: instants as instants, whole numbers with
the floor of ours, other numbers to the digits given or to 1e-6 relative.

A further kind is a function from the document to its checks, added to `KINDS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from accounts.rules.rosters import Absence, Layer, Override, shifts
from accounts.rules.service_hours import Calendar
from escalations.rules.clock_cases import read_case
from escalations.rules.clocks import WARN_PERCENTS

MISSING = object()


@dataclass(frozen=True, slots=True)
class Check:
    """One comparison of a case. `actual` answers when called, so that its error is one finding."""

    case: str
    label: str
    expected: object
    actual: Callable[[], object]


def differences(kind: str, document: Mapping) -> tuple[int, int, list[str]]:
    """The number of cases, of checks, and a line for every difference found.

    Raises ValueError for a kind that is not known. A case that cannot be run is a difference.
    """
    if kind not in KINDS:
        raise ValueError(f"{kind!r} is not a kind of worked cases. Use {', '.join(KINDS)}.")
    cases: dict[str, None] = {}
    checks = 0
    found: list[str] = []
    for check in KINDS[kind](document):
        cases[check.case] = None
        checks += 1
        label = f"{check.case} {check.label}".rstrip()
        try:
            actual = check.actual()
        except (ValueError, KeyError, TypeError, OverflowError) as error:
            found.append(f"{label}: {type(error).__name__}: {error}")
            continue
        found += compare(check.expected, actual, label)
    return len(cases), checks, found


def compare(expected: object, actual: object, label: str) -> list[str]:
    """A line per leaf of `expected` that `actual` does not equal; further keys do not matter."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        return [
            line
            for key, value in expected.items()
            for line in compare(value, actual.get(key, MISSING), f"{label} {key}")
        ]
    if isinstance(expected, list) and isinstance(actual, list | tuple):
        if len(expected) == len(actual):
            pairs = enumerate(zip(expected, actual, strict=True), 1)
            return [
                line
                for number, (value, ours) in pairs
                for line in compare(value, ours, f"{label} #{number}")
            ]
    elif _is_equal(expected, actual):
        return []
    return [f"{label}: expected {_shown(expected)}, got {_shown(actual)}"]


def _is_equal(expected: object, actual: object) -> bool:
    if isinstance(actual, datetime):
        return isinstance(expected, str) and _instant(expected) == actual
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    if isinstance(expected, int) and isinstance(actual, int | float):
        return expected == math.floor(actual)
    if isinstance(expected, float) and isinstance(actual, int | float):
        digits = len(repr(expected).partition(".")[2]) if "e" not in repr(expected) else 0
        is_rounded = digits > 1 and round(actual, digits) == expected
        return is_rounded or math.isclose(expected, actual, rel_tol=1e-6)
    return expected == actual


def _shown(value: object) -> str:
    if value is MISSING:
        return "nothing"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return f"[{', '.join(_shown(each) for each in value)}]"
    return str(value) if isinstance(value, str) else repr(value)


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no UTC offset.")
    return at


def _clock_checks(document: Mapping) -> Iterator[Check]:
    calendars: dict[str, Calendar] = {}

    def calendar(name: str) -> Calendar:
        if name not in calendars:
            calendars[name] = Calendar.of(document["calendars"][name])
        return calendars[name]

    for case in document["cases"]:
        for check in case["checks"]:

            def actual(case: Mapping = case, check: Mapping = check) -> Mapping:
                percents = [int(key) for key in check["expected"].get("warn_at") or ()]
                at = _instant(check["asof"])
                return read_case(case, calendar).answer(at, percents or WARN_PERCENTS)

            yield Check(case["id"], f"@{check['asof']}", check["expected"], actual)


def _roster_checks(document: Mapping) -> Iterator[Check]:
    for case in document["cases"]:

        def actual(case: Mapping = case) -> list[Mapping]:
            found = shifts(
                [Layer.of(spec) for spec in case["layers"]],
                [Override(*_period(each), each["person"]) for each in case.get("overrides", ())],
                [Absence(*_period(each), each["person"]) for each in case.get("away", ())],
                *_period(case),
            )
            return [
                {
                    "from": shift.start,
                    "to": shift.end,
                    "minutes": (shift.end - shift.start).total_seconds() / 60,
                    "person": shift.person,
                    "source": shift.source,
                }
                for shift in found
            ]

        yield Check(case["id"], "", case["expected"], actual)


def _period(spec: Mapping) -> tuple[datetime, datetime]:
    return _instant(spec["from"]), _instant(spec["to"])


KINDS: Mapping[str, Callable[[Mapping], Iterator[Check]]] = {
    "clocks": _clock_checks,
    "rosters": _roster_checks,
}
