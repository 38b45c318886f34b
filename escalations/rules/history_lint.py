"""Can the promises of a version be kept: against what was kept, against the hours in which they
are counted, and against the people on shift (SEMANTICS 1, 3.1, 4)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.rules.service_hours import Calendar
from escalations.rules.durations import exact_duration
from escalations.rules.metrics import percentile
from escalations.rules.policy import ClockKind, ClockTarget, PolicyDoc, Severity
from escalations.rules.policy_tables import CLOCKS
from escalations.rules.routing_lint import Finding
from escalations.rules.scoring import floors_held

ENOUGH = 10  # clocks: fewer say nothing about a target
ENOUGH_INCIDENTS = 30  # fewer say nothing about a floor
SLACK = 0.05  # of the share that was kept
YEAR = timedelta(days=366)
# What one person on shift is taken to carry at once.
HANDS = 8
TIMED = (ClockKind.RESPONSE, ClockKind.RESTORE, ClockKind.RESOLUTION, ClockKind.OLA)
Facts = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Past:
    """Ended clocks of one kind and severity that were counted alike. `seconds` are sorted; of
    customer updates there are none, only how many were in time."""

    kept: int
    count: int
    seconds: tuple[float, ...] = ()

    def share_within(self, target_s: int) -> float | None:
        if not self.seconds:
            return None
        return bisect_right(self.seconds, target_s) / len(self.seconds)

    @property
    def share_kept(self) -> float | None:
        return self.kept / self.count if self.count else None

    @property
    def p50(self) -> float | None:
        return percentile(self.seconds, 0.5)

    @property
    def p90(self) -> float | None:
        """None below ten: one slow case would be the answer."""
        return percentile(self.seconds, 0.9) if len(self.seconds) >= ENOUGH else None


Key = tuple[Severity, ClockKind, bool]  # the last: counted in service hours


@dataclass(frozen=True, slots=True)
class History:
    """`facts` of the newest incidents, as they were known; `open_now` incidents of the policy
    against `on_shift` people on average in the weeks ahead."""

    past: Mapping[Key, Past] = field(default_factory=dict)
    facts: Sequence[Facts] = ()
    sorted_right: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # of how many
    open_now: int = 0
    on_shift: float = 0.0
    days: int = 90


@dataclass(frozen=True, slots=True)
class Hours:
    """Service hours that a business clock may count by. `is_policy`: the version's own."""

    name: str
    calendar: Calendar
    is_policy: bool = False


def lint_history(doc: PolicyDoc, history: History) -> Iterator[Finding]:
    for severity, target in _targets(doc):
        past = history.past.get((severity, target.kind, target.is_business))
        if past is not None and len(past.seconds) >= ENOUGH:
            yield from _tight(severity, target, past, history.days)
    yield from _silent_floors(doc, history)
    yield from _often_wrong(doc, history)
    yield from _hands(history)


def _targets(doc: PolicyDoc) -> Iterator[tuple[Severity, ClockTarget]]:
    for severity, rule in sorted(doc.severities.items()):
        for kind in CLOCKS:
            if kind in rule.targets:
                yield severity, rule.targets[kind]


def _tight(severity: Severity, target: ClockTarget, past: Past, days: int) -> Iterator[Finding]:
    p50, within, kept = past.p50, past.share_within(target.target_s), past.share_kept
    assert p50 is not None and within is not None and kept is not None
    name = f"{CLOCKS[target.kind]} of {severity.label}"
    time = exact_duration(target.target_s)
    if target.target_s < p50:
        yield Finding(
            False,
            "tighter_than_half",
            name,
            f"{name} is {time}, and half of {past.count} in {days} days took more than "
            f"{exact_duration(round(p50))}.",
            same=time,
        )
    elif within < kept - SLACK:
        yield Finding(
            False,
            "tighter_than_kept",
            name,
            f"{name} is {time}: of {past.count} in {days} days {kept:.0%} were in time, and "
            f"{within:.0%} would have been.",
            same=time,
        )


def _silent_floors(doc: PolicyDoc, history: History) -> Iterator[Finding]:
    if len(history.facts) < ENOUGH_INCIDENTS or not doc.floors:
        return
    if any(test.op not in (">", "is") for test in doc.tests):
        return  # the document itself is told to be wrong
    held = [False] * len(doc.floors)
    for facts in history.facts:
        held = [a or b for a, b in zip(held, floors_held(doc, facts), strict=True)]
    names = [
        f"{' and '.join(floor.all_of)} ({floor.severity.label})"
        for floor, was in zip(doc.floors, held, strict=True)
        if not was
    ]
    if names:
        yield Finding(
            False,
            "floor_never_fired",
            "floors",
            f"In {history.days} days {len(names)} of {len(doc.floors)} floors held for none of "
            f"{len(history.facts):,} incidents: {', '.join(names)}.",
            same=", ".join(names),
        )


def _often_wrong(doc: PolicyDoc, history: History) -> Iterator[Finding]:
    """Sorting rules that people contradict more often than not."""
    for rule in doc.sorting:
        right, count = history.sorted_right.get(rule.name, (0, 0))
        if count >= ENOUGH and right * 2 < count:
            yield Finding(
                False,
                "often_wrong",
                f"sorting rule {rule.name}",
                f"{rule.name} sorted wrongly {count - right} of {count} times in {history.days} "
                "days, say the people who answered.",
                same=rule.name,
            )


def _hands(history: History) -> Iterator[Finding]:
    if history.open_now > HANDS * history.on_shift:
        yield Finding(
            False,
            "more_than_hands",
            "clocks",
            f"{history.open_now} incidents are open for {history.on_shift:.1f} people on shift on "
            f"average in the next 14 days: more than {HANDS} each.",
            same="more than hands",
        )


def lint_hours(doc: PolicyDoc, hours: Iterable[Hours], at: datetime) -> Iterator[Finding]:
    """Business targets that service hours never reach."""
    business = [(s, t) for s, t in _targets(doc) if t.is_business]
    hours = list(hours)
    if business and not any(each.is_policy for each in hours):
        yield Finding(
            False,
            "no_service_hours",
            "clocks",
            f"{len(business)} clocks count service hours and the policy names none: where neither "
            "account nor team has its own they run around the clock.",
        )
    for each in hours:
        for severity, target in business:
            due = each.calendar.add(at, target.target_s * 1_000_000)
            if due is None or due > at + YEAR:
                name = f"{CLOCKS[target.kind]} of {severity.label}"
                yield Finding(
                    each.is_policy,
                    "never_due",
                    name,
                    f"{name}, {exact_duration(target.target_s)} of service hours, does not come "
                    f"due within a year by {each.name}.",
                )
