"""Standing meetings of the task forces that somebody sits in, for calendar and shift."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.urls import reverse

from accounts.models import User
from accounts.rules.zones import zone_named
from accounts.selectors.calendar_feeds import BACK, HOST, VERSION_WEIGHT, Recurring
from escalations.models import Incident, TaskForce, TimelineEvent
from escalations.models.incidents import IncidentQuerySet
from escalations.models.task_forces import Meeting
from escalations.rules.meetings import next_meeting
from escalations.selectors.task_forces import next_meeting_of

LASTS = timedelta(minutes=30)
TOLD = ("task_force", "task_force_changed")  # what a calendar has to hear of
MOST = 100


@dataclass(frozen=True, slots=True)
class MeetingRow:
    key: str
    title: str
    url: str
    next_at: datetime
    bridge: str


def meetings_ahead(person: User, at: datetime) -> tuple[MeetingRow, ...]:
    """The next one of each task force this person sits in, soonest first. One query."""
    rows = _seated(person).filter(ended_at=None, incident__in=_seen(person).open())
    found = []
    for force in rows[:MOST]:
        if (next_at := next_meeting_of(force, at)) is not None:
            key, number = force.incident.key, force.incident_id
            url = reverse("incident", args=[number])
            bridge = force.bridge_url or force.channel_url
            found.append(MeetingRow(key, force.incident.title, url, next_at, bridge))
    return tuple(sorted(found, key=lambda row: row.next_at))


def recurring_meetings(person: User, at: datetime) -> list[Recurring]:
    """For the calendar: those that go on, and those that ended in the last ninety days. Titles of
    incidents stay here: a calendar is read in many places. Two queries."""
    rows = _seated(person).filter(incident__in=_seen(person))
    forces = [each for each in rows[:MOST] if not _is_long_over(each, at)]
    acts = _acts({force.incident_id for force in forces})
    found = (
        _recurring(force, *acts.get(force.incident_id, (0, force.formed_at))) for force in forces
    )
    return [each for each in found if each is not None]


def _seen(person: User) -> IncidentQuerySet:
    return Incident.objects.visible_to(person).real()


def _seated(person: User) -> QuerySet[TaskForce]:
    rows = TaskForce.objects.filter(members__user=person).exclude(meeting=Meeting.NONE)
    return rows.select_related("incident").order_by("-pk")


def _over_at(force: TaskForce) -> datetime | None:
    """Nobody meets on an incident that is over."""
    incident = force.incident
    if force.ended_at is not None or incident.is_open:
        return force.ended_at
    return incident.resolved_at or incident.closed_at or incident.updated_at


def _is_long_over(force: TaskForce, at: datetime) -> bool:
    over_at = _over_at(force)
    return over_at is not None and over_at < at - BACK


def _acts(numbers: Iterable[int]) -> dict[int, tuple[int, datetime]]:
    """Of each incident: how often its task force was formed, changed and ended, and when last."""
    rows = TimelineEvent.objects.filter(incident__in=numbers, kind__in=TOLD).order_by()
    counted = rows.values_list("incident").annotate(n=Count("pk"), last=Max("at"))
    return {number: (n, last) for number, n, last in counted}


def _recurring(force: TaskForce, acts: int, changed_at: datetime) -> Recurring | None:
    """`sequence` only grows: an incident that is opened again has counted its end."""
    zone = zone_named(force.meeting_zone) if force.meeting == Meeting.DAILY else ZoneInfo("UTC")
    start = next_meeting(
        force.meeting,
        every_h=force.meeting_every_h,
        daily_at=force.meeting_at,
        zone=zone,
        start=force.formed_at,
        at=force.formed_at,
    )
    over_at, incident = _over_at(force), force.incident
    if start is None or (over_at is not None and over_at < start):
        return None
    rule: dict[str, Any] = {"freq": "daily"}
    if force.meeting == Meeting.EVERY:
        rule = {"freq": "hourly", "interval": force.meeting_every_h}
    if over_at is not None:
        rule["until"] = over_at.astimezone(UTC)
        changed_at = max(changed_at, over_at)
    times_over = incident.reopen_count * 2 + (0 if incident.is_open else 1)
    link = settings.BASE_URL + reverse("incident", args=[force.incident_id])
    return Recurring(
        uid=f"task-force-{force.pk}@{HOST}",
        title=f"Task force of {incident.key}",
        about=f"Channel: {force.channel_url}" if force.channel_url else "",
        place=force.bridge_url,
        link=link,
        start=start,
        zone=zone,
        lasts=LASTS,
        rule=rule,
        sequence=times_over * VERSION_WEIGHT + acts,
        changed_at=changed_at,
    )
