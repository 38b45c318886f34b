"""The ladder of a policy version at an instant, as the page and the API show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Roster, User
from accounts.rules.zones import UnknownZone, zone_named
from accounts.selectors.roster_changes import changes
from config.lib.errors import field_error
from escalations.models import PolicyVersion
from escalations.rules.ladder import Step, StepKind
from escalations.rules.ladder_preview import preview
from escalations.rules.policy import Level, PolicyDoc, QuietHours, Severity
from escalations.selectors.ladders import ROSTERS, innermost, meant, quiet_for, resolver
from escalations.selectors.policies import build_doc, version_in_force

KINDS = {
    StepKind.PAGE: "page",
    StepKind.EMPTY: "empty",
    StepKind.FALLBACK: "fallback",
}


@dataclass(frozen=True, slots=True)
class Told:
    """`local` is the person's own wall time of the page; `later` when quiet hours put it off."""

    name: str
    username: str
    local: str
    at: datetime
    later: str


@dataclass(frozen=True, slots=True)
class PreviewStep:
    at: datetime
    after: timedelta
    level: int
    kind: str
    label: str
    people: tuple[Told, ...]
    reason: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Preview:
    policy: str
    number: int
    state: str
    severity: str
    ladder: str
    at: datetime
    steps: tuple[PreviewStep, ...]
    repeat: int
    starts: str


def versions() -> list[PolicyVersion]:
    """Those one may ask for: in force, and what is to come."""
    rows = PolicyVersion.objects.exclude(state="retired").select_related("policy")
    return list(rows.order_by("policy__name", "-number"))


def saturday_night(at: datetime, zone: str) -> datetime:
    """The next Saturday 03:00 of the reader's zone."""
    try:
        local = zone_named(zone)
    except UnknownZone:
        local = ZoneInfo("UTC")
    wall = at.astimezone(local).replace(hour=3, minute=0, second=0, microsecond=0)
    days = (5 - wall.weekday()) % 7
    found = wall + timedelta(days=days)
    return found if found > at else found + timedelta(days=7)


def ladder_preview(
    version: PolicyVersion | None, severity: Severity, name: str, at: datetime
) -> Preview:
    """`name` empty: the severity's own ladder. Raises DomainError `unknown_ladder`, `no_policy`."""
    version = version or version_in_force()
    doc = build_doc(version)
    rule = doc.severities[severity]
    ladder = doc.ladders.get(name or rule.ladder or "")
    if ladder is None:
        known = ", ".join(sorted(doc.ladders))
        raise field_error("ladder", "unknown_ladder", f"This version knows {known or 'none'}.")
    quiet = quiet_for(severity, doc.limits)
    steps = preview(ladder, resolver(None), at, quiet, _changes)
    people = User.objects.in_bulk({person for step in steps for person in step.people})
    return Preview(
        policy=doc.policy,
        number=doc.number,
        state=version.get_state_display(),
        severity=severity.label,
        ladder=ladder.name,
        at=at,
        steps=tuple(_step(step, doc, ladder.name, at, people, severity) for step in steps),
        repeat=ladder.repeat,
        starts=("At once" if rule.ladder_start == "at_once" else "When nobody answered in time"),
    )


def _changes(level: Level, start: datetime, end: datetime) -> Iterator[datetime]:
    codes = [found.ref for t in level.targets if (found := innermost(t)).kind in ROSTERS]
    edges = {
        edge
        for roster in Roster.objects.filter(code__in=codes)
        for edge, _ in changes(roster, start, end)
    }
    return iter(sorted(edges))


def _step(
    step: Step,
    doc: PolicyDoc,
    name: str,
    start: datetime,
    people: dict[int, User],
    severity: Severity,
) -> PreviewStep:
    ladder = doc.ladders[name]
    targets = ladder.levels[step.level - 1].targets if step.level else ladder.fallback
    waking: dict[Any, datetime] = dict(step.held)
    notes = []
    for target in targets:
        ids = meant(None, target, step.at_due)
        if not ids and target.kind == "role":
            notes.append(f"The {target.ref}: known once the incident is open")
        elif not ids:
            notes.append(f"{target.kind.replace('_', ' ')} {target.ref}: nobody then")
        for user in User.objects.filter(pk__in=ids).order_by("pk"):
            if not user.is_reachable:
                notes.append(f"{user} cannot be reached: no address, or no longer here")
            elif user.pk not in step.people and step.kind is StepKind.EMPTY:
                quiet = quiet_for(severity, doc.limits)(user.pk, step.at_due)
                level = ladder.levels[step.level - 1]
                if quiet and level.quiet_hours is QuietHours.RESPECT:
                    notes.append(f"{user} sleeps until {_local(user, quiet)}")
                else:
                    notes.append(f"{user} was paged before")
    return PreviewStep(
        at=step.at_due,
        after=step.at_due - start,
        level=step.level,
        kind=KINDS.get(step.kind, "page"),
        label=f"Level {step.level}" if step.level else "Fallback",
        people=tuple(
            Told(
                str(people[person]),
                people[person].username,
                _local(people[person], waking.get(person, step.at_due)),
                waking.get(person, step.at_due),
                f"after quiet hours, {_local(people[person], waking[person])}"
                if person in waking
                else "",
            )
            for person in map(int, map(str, step.people))
        ),
        reason=step.reason,
        notes=tuple(dict.fromkeys(notes)),
    )


def _local(user: User, at: datetime) -> str:
    try:
        return f"{at.astimezone(zone_named(user.time_zone)):%a %H:%M} {user.time_zone}"
    except UnknownZone:
        return f"{at:%a %H:%M} UTC"
