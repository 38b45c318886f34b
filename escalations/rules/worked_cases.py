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
from accounts.rules.zones import SECOND
from escalations.rules.cadence import cadence_state
from escalations.rules.clock_events import ClockEvent, RunState
from escalations.rules.clocks import WARN_PERCENTS, clock_state

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

    def calendar(of: str | Mapping) -> Calendar:
        if isinstance(of, Mapping):
            return Calendar.of(of)
        if of not in calendars:
            calendars[of] = Calendar.of(document["calendars"][of])
        return calendars[of]

    for case in document["cases"]:
        for check in case["checks"]:

            def actual(case: Mapping = case, check: Mapping = check) -> Mapping:
                at, events = _instant(check["asof"]), _events(case, calendar)
                answer = _cadence_answer if case["clock"] == "cadence" else _clock_answer
                percents = [int(key) for key in check["expected"].get("warn_at") or ()]
                return answer(case, events, calendar(case["calendar"]), at, percents)

            yield Check(case["id"], f"@{check['asof']}", check["expected"], actual)


def _events(case: Mapping, calendar: Callable[[str | Mapping], Calendar]) -> list[ClockEvent]:
    return [
        ClockEvent(
            at=_instant(event["at"]),
            type=event["type"],
            seq=seq,
            reason=event.get("reason"),
            target_us=_us(event.get("target_s")),
            mode=event.get("mode"),
            calendar=calendar(event["calendar"]) if event.get("calendar") else None,
            start=_instant(event["start"]) if event.get("start") else None,
            interval_us=_us(event.get("interval_s")),
        )
        for seq, event in enumerate(case["events"])
    ]


def _clock_answer(
    case: Mapping,
    events: list[ClockEvent],
    calendar: Calendar,
    at: datetime,
    percents: list[int],
) -> Mapping:
    target_us = _us(case["target_s"])
    assert target_us is not None
    state = clock_state(
        events,
        kind=case["clock"],
        target_us=target_us,
        calendar=calendar,
        at=at,
        reopen_mode=(case.get("options") or {}).get("reopen", "continue"),
        warn_percents=percents or WARN_PERCENTS,
    )
    answer: dict[str, object] = {
        "run_state": state.run_state,
        "outcome": state.outcome,
        "elapsed_s": _seconds(state.elapsed_us),
    }
    if state.run_state is RunState.NOT_STARTED:
        return answer
    return answer | {
        "remaining_s": _seconds(state.remaining_us),
        "due_at": state.due_at,
        "breach_after": state.breach_after,
        "breached_at": state.breached_at,
        "in_hours": state.in_hours,
        "projected": state.projected,
        "next_open_at": state.next_open_at,
        "warn_at": {str(percent): warn for percent, warn in state.warn_at.items()},
        "waits": sorted(state.waits),
        "paused_since": state.paused_since,
        "rejected_pauses": list(state.rejected_pauses),
    }


def _cadence_answer(
    case: Mapping,
    events: list[ClockEvent],
    calendar: Calendar,
    at: datetime,
    percents: list[int],
) -> Mapping:
    interval_us = _us(case["interval_s"])
    assert interval_us is not None
    state = cadence_state(events, interval_us=interval_us, calendar=calendar, at=at)
    return {
        "run_state": state.run_state,
        "on_time": state.on_time,
        "missed": state.missed,
        "missed_at": state.missed_at,
        "adherence": state.adherence,
        "next_due_at": state.next_due_at,
        "last_update_at": state.last_update_at,
    }


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


def _us(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * SECOND)


def _seconds(us: int | None) -> float | None:
    if us is None:
        return None
    return us / SECOND if us % SECOND else us // SECOND


KINDS: Mapping[str, Callable[[Mapping], Iterator[Check]]] = {
    "clocks": _clock_checks,
    "rosters": _roster_checks,
}
