"""One clock written down as data: its terms, its log and the instants to look at.

The form is that of the worked cases: `clock`, `calendar`, `target_s` (cadence: `interval_s`),
`options.reopen`, `events` of {at, type, ...} and `checks` of {asof}. Read once and checked, it
answers with the production rules; the verifier, the calculator page and the API ask the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from accounts.rules.service_hours import Calendar, CalendarError
from accounts.rules.zones import SECOND
from escalations.rules.cadence import cadence_state
from escalations.rules.clock_events import EVENT_ORDER, ClockEvent, RunState
from escalations.rules.clocks import WARN_PERCENTS, ClockState, clock_state

CADENCE = "cadence"
CLOCKS = ("response", "restore", "resolution", "ola", CADENCE)
UNTIMED = ("reassign", "auto_reply", "internal_note")  # known, and never touch a clock
MODES = {
    "retarget": ("keep_elapsed", "earliest", "restart"),
    "calendar_change": ("adopt_forward", "pin", "recompute"),
    "reopen": ("continue", "restart"),
}
LONGEST_S = 10 * 366 * 86_400
MOST_EVENTS, MOST_CHECKS = 1000, 500

CalendarNamed = Callable[[str], Calendar]


class CaseError(ValueError):
    """A case that cannot be. `field` is a path such as `events.2.at`."""

    def __init__(self, field: str, code: str, sentence: str) -> None:
        super().__init__(f"{field}: {sentence}")
        self.field = field
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class ClockCase:
    """`length_us` is the target, or the interval of a cadence."""

    clock: str
    calendar: Calendar
    length_us: int
    events: tuple[ClockEvent, ...]
    reopen: str = "continue"

    def state(self, at: datetime, percents: Sequence[int] = WARN_PERCENTS) -> ClockState:
        """Not for a cadence."""
        return clock_state(
            self.events,
            kind=self.clock,
            target_us=self.length_us,
            calendar=self.calendar,
            at=at,
            reopen_mode=self.reopen,
            warn_percents=percents,
        )

    def answer(self, at: datetime, percents: Sequence[int] = WARN_PERCENTS) -> dict[str, object]:
        """What is due when, by the keys of the worked cases; instants stay datetimes."""
        if self.clock == CADENCE:
            return self._cadence(at)
        state = self.state(at, percents)
        answer: dict[str, object] = {
            "run_state": state.run_state,
            "outcome": state.outcome,
            "elapsed_s": seconds(state.elapsed_us),
        }
        if state.run_state is RunState.NOT_STARTED:
            return answer
        return answer | {
            "remaining_s": seconds(state.remaining_us),
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

    def _cadence(self, at: datetime) -> dict[str, object]:
        state = cadence_state(
            self.events, interval_us=self.length_us, calendar=self.calendar, at=at
        )
        return {
            "run_state": state.run_state,
            "on_time": state.on_time,
            "missed": state.missed,
            "missed_at": list(state.missed_at),
            "adherence": state.adherence,
            "next_due_at": state.next_due_at,
            "last_update_at": state.last_update_at,
        }


def read_case(spec: Mapping, named: CalendarNamed) -> ClockCase:
    """The case of parsed JSON; keys nobody needs, such as `title`, are passed over.

    `named(name)` answers for calendars given by name and raises KeyError for one it does not know.
    Raises `CaseError`.
    """
    clock = spec.get("clock")
    if clock not in CLOCKS:
        raise CaseError("clock", "unknown_clock", f"Use one of {', '.join(CLOCKS)}.")
    length = "interval_s" if clock == CADENCE else "target_s"
    options = spec.get("options") or {}
    if not isinstance(options, Mapping):
        raise CaseError("options", "not_an_object", "Options are an object.")
    reopen = _one_of(options.get("reopen", "continue"), MODES["reopen"], "options.reopen")
    rows = _list(spec, "events", MOST_EVENTS)
    case = ClockCase(
        clock=clock,
        calendar=_calendar(spec.get("calendar"), "calendar", named),
        length_us=_us(spec.get(length), length),
        events=tuple(_event(row, seq, named) for seq, row in enumerate(rows)),
        reopen=reopen,
    )
    return case


def looks(spec: Mapping) -> list[tuple[datetime, Sequence[int]]]:
    """The instants of `checks`, each with the warning percentages that it asks for."""
    found: list[tuple[datetime, Sequence[int]]] = []
    for number, check in enumerate(_list(spec, "checks", MOST_CHECKS)):
        field = f"checks.{number}"
        if not isinstance(check, Mapping):
            raise CaseError(field, "not_an_object", "Every check is an object.")
        expected = check.get("expected")
        wanted = expected.get("warn_at") if isinstance(expected, Mapping) else None
        percents = _percents(wanted, f"{field}.expected.warn_at") if wanted else WARN_PERCENTS
        found.append((_instant(check.get("asof"), f"{field}.asof"), percents))
    return found


def seconds(us: int | None) -> float | None:
    """Whole where it is whole."""
    if us is None:
        return None
    return us / SECOND if us % SECOND else us // SECOND


def _event(row: object, seq: int, named: CalendarNamed) -> ClockEvent:
    field = f"events.{seq}"
    if not isinstance(row, Mapping):
        raise CaseError(field, "not_an_object", "Every event is an object.")
    kind = _one_of(row.get("type"), (*EVENT_ORDER, *UNTIMED), f"{field}.type")
    mode = row.get("mode")
    if mode is not None and kind in MODES:
        _one_of(mode, MODES[kind], f"{field}.mode")
    target, interval, calendar = row.get("target_s"), row.get("interval_s"), row.get("calendar")
    if kind == "retarget" and target is None:
        raise CaseError(f"{field}.target_s", "required", "A retarget names its new target.")
    if kind == "interval" and interval is None:
        raise CaseError(f"{field}.interval_s", "required", "Name the new interval.")
    if kind == "calendar_change" and not calendar:
        raise CaseError(f"{field}.calendar", "required", "Name the new service hours.")
    start = row.get("start")
    if kind == "adopt_start" and not start:
        raise CaseError(f"{field}.start", "required", "Name the start to adopt.")
    return ClockEvent(
        at=_instant(row.get("at"), f"{field}.at"),
        type=kind,
        seq=seq,
        reason=row.get("reason"),
        target_us=None if target is None else _us(target, f"{field}.target_s"),
        mode=mode,
        calendar=_calendar(calendar, f"{field}.calendar", named) if calendar else None,
        start=_instant(start, f"{field}.start") if start else None,
        interval_us=None if interval is None else _us(interval, f"{field}.interval_s"),
    )


def _calendar(of: object, field: str, named: CalendarNamed) -> Calendar:
    try:
        if isinstance(of, Mapping):
            return Calendar.of(of)
        if isinstance(of, str):
            return named(of)
    except KeyError:
        raise CaseError(field, "unknown_calendar", f"No service hours are named {of!r}.") from None
    except CalendarError as error:
        raise CaseError(field, error.code, error.sentence) from None
    raise CaseError(field, "required", "Name service hours, or give them as an object.")


def _instant(text: object, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        at = None
    if at is None:
        raise CaseError(field, "not_a_time", "Write an instant such as 2026-11-17T09:00:00Z.")
    if at.tzinfo is None:
        raise CaseError(field, "naive_time", "The time has no UTC offset.")
    if not 1970 <= at.year <= 9000:
        raise CaseError(field, "out_of_range", "Give a time between 1970 and 9000.")
    return at


def _us(value: object, field: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CaseError(field, "not_a_number", "Give a number of seconds.")
    if not 0 < value <= LONGEST_S:
        raise CaseError(field, "out_of_range", "Give more than 0 seconds and at most ten years.")
    return round(value * SECOND)


def _one_of(value: object, known: Iterable[str], field: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise CaseError(field, "unknown_value", f"Use one of {', '.join(known)}.")
    return value


def _list(spec: Mapping, name: str, most: int) -> list:
    rows = spec.get(name)
    if not isinstance(rows, list) or not 1 <= len(rows) <= most:
        raise CaseError(name, "bad_row_count", f"Give a list of 1 to {most}.")
    return rows


def _percents(wanted: object, field: str) -> list[int]:
    keys = list(wanted) if isinstance(wanted, Mapping) else []
    if keys and all(isinstance(key, str) and key.isdecimal() and len(key) <= 3 for key in keys):
        return [int(key) for key in keys]
    raise CaseError(field, "not_a_number", "Percentages are the keys, such as 50.")
