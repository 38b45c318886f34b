"""Handing a shift over: what one owns, a packet for each, and who comes next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from accounts.models import Membership, Roster, User
from accounts.selectors.people import names_of_people_who
from accounts.selectors.rosters import person_id, plans
from escalations.models import Clock, Handoff, Incident, TimelineEvent
from escalations.models.incidents import OPEN
from escalations.selectors.clock_words import ClockView, next_clock

AHEAD = timedelta(days=2)
SOONEST = timedelta(hours=1)
MOST = 100
LONGEST = 300


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """`note` is proposed from what was said last. `waiting` names who was asked already."""

    incident: Incident
    clock: ClockView | None
    note: str
    waiting: str


@dataclass(frozen=True, slots=True)
class Handover:
    rows: tuple[HandoverRow, ...]
    people: tuple[tuple[str, str], ...]
    proposed: str  # username of who is on call next
    proposed_why: str


def handover(person: User, at: datetime) -> Handover:
    """Nine queries, however much somebody owns."""
    rows = list(
        Incident.objects.visible_to(person)
        .real()
        .filter(state__in=OPEN, commander=person, accepted_at__isnull=False)
        .select_related("account")
        .order_by("-has_missed", "severity", F("next_due_at").asc(nulls_last=True), "number")[:MOST]
    )
    clocks: dict[int, list[Clock]] = {}
    for clock in Clock.objects.filter(incident__in=rows, run_state__in=("running", "paused")):
        clocks.setdefault(clock.incident_id, []).append(clock)
    asked = Handoff.objects.pending().filter(incident__in=rows)
    waiting = {
        each.incident_id: each.receiver for each in asked.select_related("to_user", "to_team")
    }
    notes = last_words([row.pk for row in rows])
    username, why = next_on_call(person, at)
    people = names_of_people_who("respond_incident")
    return Handover(
        tuple(
            HandoverRow(
                row,
                next_clock(clocks.get(row.pk, []), at),
                notes.get(row.pk, ""),
                waiting.get(row.pk, ""),
            )
            for row in rows
        ),
        tuple(each for each in people if each[0] != person.username),
        username,
        why,
    )


def last_words(numbers: Iterable[int]) -> dict[int, str]:
    """What a person said last on each: the beginning of a note for whoever comes next."""
    events = TimelineEvent.objects.filter(incident__in=list(numbers), actor__isnull=False)
    rows = events.exclude(reason="").order_by("incident", "seq").values_list("incident", "reason")
    return {number: reason[:LONGEST] for number, reason in rows}


def next_on_call(person: User, at: datetime) -> tuple[str, str]:
    """Who has the duty after this person in a roster of their teams, and since when, in words."""
    teams = Membership.objects.filter(user=person, valid_to=None).values("team")
    rosters = {roster.pk: roster for roster in Roster.objects.filter(team__in=teams)}
    for pk, plan in sorted(plans(rosters, at, at + AHEAD, at).items()):
        for shift in plan.shifts(at, at + AHEAD):
            other = person_id(shift)
            if other is not None and other != person.pk:
                found = User.objects.filter(pk=other, is_active=True).first()
                if found is not None:
                    when = "now" if shift.start <= at else f"from {shift.start:%H:%M} UTC"
                    return found.username, f"on call {when}, {rosters[pk].name}"
    return "", ""


def packet_for(incident: Incident, note: str, to: str, at: datetime) -> dict[str, Any]:
    """A hand-off's fields: what the machine knows, and a person's note."""
    due = incident.next_due_at
    status = f"{incident.get_state_display()}, S{incident.severity}."
    if incident.is_paused:
        status += " Waits for somebody else."
    if due is not None:
        status += f" Next deadline {due:%d %b %H:%M} UTC."
    is_late = incident.has_missed or bool(due and due <= at)
    return {
        "to_person": to,
        "summary": incident.explanation.get("why") or incident.title,
        "status": status,
        "risks": "It is late already." if is_late else "None known beyond its deadlines.",
        "next_step": (note.strip() or "Take it over and look at its clocks.")[:LONGEST],
        "next_step_owner": to,
        "next_step_due_at": max(due, at + SOONEST) if due else at + SOONEST,
    }
