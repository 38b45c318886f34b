"""What the last 90 days say about the promises of a policy, under any version of it.

Figures only: they are the same for every reader, also where an incident itself is not shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet, Sum

from accounts.models import Account, Team
from accounts.selectors.service_hours import calendar_of
from escalations.models import Clock, Incident
from escalations.rules.durations import exact_duration
from escalations.rules.history_lint import ENOUGH, TIMED, Facts, History, Hours, Key, Past
from escalations.rules.policy import ClockKind, ClockTarget, PolicyDoc, Severity
from escalations.rules.policy_tables import CLOCKS
from escalations.selectors.hours import versions_in_effect
from escalations.selectors.sorting import sorting_tally

WITHIN = timedelta(days=90)
MOST = 5_000  # the newest incidents; figures of more would be the same and dearer
MOST_FACTS = 2_000
MANY_OPEN = 1_001


def history_of(code: str, at: datetime, on_shift: float) -> History:
    """Five queries."""
    here = Incident.objects.real().filter(policy_version__policy__code=code)
    return History(
        past=past_of(code, at),
        facts=_facts(newest_of(code, at)),
        sorted_right={
            name: (tally.right, tally.count) for name, tally in sorting_tally(code, at).items()
        },
        open_now=len(here.open().values_list("number")[:MANY_OPEN]),
        on_shift=on_shift,
        days=WITHIN.days,
    )


def newest_of(code: str, at: datetime) -> QuerySet[Incident]:
    """Real incidents of this policy that opened within 90 days before `at`, the newest first."""
    rows = Incident.objects.real().filter(policy_version__policy__code=code)
    return rows.filter(opened_at__gt=at - WITHIN, opened_at__lte=at).order_by("-opened_at")


def past_of(code: str, at: datetime) -> dict[Key, Past]:
    """What clocks took, by severity and kind. Two queries."""
    numbers = newest_of(code, at).values("number")[:MOST]
    clocks = Clock.objects.filter(incident__in=numbers, is_due_by_hand=False)
    taken: dict[Key, list[float]] = defaultdict(list)
    kept: dict[Key, int] = defaultdict(int)
    ended = clocks.filter(kind__in=TIMED, run_state="stopped", outcome__in=("met", "missed"))
    rows = ended.values_list("incident__severity", "kind", "calendar", "elapsed_us", "outcome")
    for severity, kind, calendar, elapsed_us, outcome in rows:
        key = (Severity(severity), ClockKind(kind), calendar is not None)
        taken[key].append(elapsed_us / 1_000_000)
        kept[key] += outcome == "met"
    found = {key: Past(kept[key], len(s), tuple(sorted(s))) for key, s in taken.items()}
    updates = clocks.filter(kind="cadence").exclude(outcome="void")
    is_always = ExpressionWrapper(Q(calendar=None), output_field=BooleanField())
    sums = updates.order_by().values_list("incident__severity", is_always)
    for severity, is_without, on_time, missed in sums.annotate(Sum("on_time"), Sum("missed")):
        key = (Severity(severity), ClockKind.CADENCE, not is_without)
        found[key] = Past(on_time, on_time + missed)
    return found


def _facts(newest: QuerySet[Incident]) -> list[Facts]:
    tests = newest.values_list("explanation__decision__tests", flat=True)[:MOST_FACTS]
    return [
        {test["fact"]: test["value"] for test in each or () if test.get("value") is not None}
        for each in tests
    ]


def hours_of(service_hours_id: int | None, at: datetime) -> list[Hours]:
    """The policy's own hours, and those of accounts and teams. Three queries."""
    used = set(Account.objects.exclude(service_hours=None).values_list("service_hours", flat=True))
    used |= set(Team.objects.exclude(service_hours=None).values_list("service_hours", flat=True))
    return [
        Hours(
            version.service_hours.name,
            calendar_of(version.pk),
            is_policy=version.service_hours_id == service_hours_id,
        )
        for version in versions_in_effect(at)
        if version.service_hours_id in used | {service_hours_id}
    ]


# --- beside each target -------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Kept:
    """A promise as each version shown makes it, and what the last 90 days say of it."""

    severity: int
    clock: str
    by_version: tuple[tuple[int, str, str], ...]  # number, target, share within it
    p50: str
    p90: str
    count: int
    is_tight: bool


def kept_table(docs: Iterable[PolicyDoc], past: Mapping[Key, Past]) -> tuple[Kept, ...]:
    """A row for each promise of any of these versions."""
    versions = list(docs)
    rows = []
    for severity in Severity:
        for kind in CLOCKS:
            targets = [
                doc.severities[severity].targets.get(kind) if severity in doc.severities else None
                for doc in versions
            ]
            last = next((each for each in reversed(targets) if each), None)
            if last is None:
                continue
            found = past.get((severity, kind, last.is_business), Past(0, 0))
            shares = [
                found.share_within(t.target_s) if t and t.is_business == last.is_business else None
                for t in targets
            ]
            if kind is ClockKind.CADENCE:
                shares = [found.share_kept for _ in targets]
            rows.append(
                Kept(
                    severity=int(severity),
                    clock=CLOCKS[kind],
                    by_version=tuple(
                        (doc.number, _target(target), "" if share is None else f"{share:.0%}")
                        for doc, target, share in zip(versions, targets, shares, strict=True)
                    ),
                    p50=_words(found.p50),
                    p90=_words(found.p90),
                    count=found.count,
                    is_tight=found.count >= ENOUGH
                    and found.p50 is not None
                    and last.target_s < found.p50,
                )
            )
    return tuple(rows)


def _target(target: ClockTarget | None) -> str:
    if target is None:
        return "none"
    return exact_duration(target.target_s) + (" of service hours" if target.is_business else "")


def _words(seconds: float | None) -> str:
    if seconds is None:
        return ""
    whole = round(seconds)
    return exact_duration(whole - whole % 60 if whole >= 3600 else whole) or "0 s"
