"""Rosters as iCalendar: one event for each resolved shift, so that a calendar says what pages do.

Times are local to the roster's zone, with its rules beside them. A shift that begins or ends in an
hour that happens twice, the second time, is said in UTC: a local time there means the first.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vDatetime,
    vText,
)

from accounts.models import Absence, CalendarFeed, Override, Roster, RosterVersion, User
from accounts.rules.observances import observances
from accounts.rules.rosters import Shift
from accounts.rules.zones import zone_named
from accounts.selectors.rosters import Plan, person_id, plans

BACK, AHEAD = timedelta(days=90), timedelta(days=180)
HOST = "belay"
VERSION_WEIGHT = 10_000


@dataclass(frozen=True, slots=True)
class Recurring:
    """Something that comes again and again. It starts at the local time of `zone`; `rule` are the
    parts of its RRULE."""

    uid: str
    title: str
    about: str
    place: str
    link: str
    start: datetime
    zone: ZoneInfo
    lasts: timedelta
    rule: Mapping[str, Any]
    sequence: int
    changed_at: datetime


def feed_behind(token: str) -> CalendarFeed | None:
    """What a secret address shows; None if it is wrong, revoked, or its reader may see no roster.

    Looked up by digest and compared in constant time: how long it takes says nothing of a token.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    rows = CalendarFeed.objects.filter(revoked_at=None, digest=digest)
    found = rows.select_related("user", "roster").first()
    kept = found.digest if found else "0" * len(digest)
    if not secrets.compare_digest(kept, digest) or found is None:
        return None
    is_allowed = found.user.is_active and found.user.has_perm("accounts.view_roster")
    return found if is_allowed else None


def calendar_of(feed: CalendarFeed, at: datetime, meetings: Iterable[Recurring] = ()) -> bytes:
    """Shifts, 90 days back and 180 ahead of today, from midnight UTC, and `meetings` beside them:
    the same bytes all day long unless something changed. Ten queries and two for each roster."""
    first = datetime.combine(at.date(), time(), UTC) - BACK
    last = first + BACK + AHEAD
    rosters = [feed.roster] if feed.roster else list(Roster.objects.order_by("pk"))
    found = plans(rosters, first, last, at)
    name = feed.roster.name if feed.roster else f"{feed.user} on call"
    person = feed.user if not feed.roster else None
    return _calendar(name, rosters, found, first, last, person, at, meetings)


def _calendar(
    name: str,
    rosters: Iterable[Roster],
    found: dict[int, Plan],
    first: datetime,
    last: datetime,
    person: User | None,
    at: datetime,
    meetings: Iterable[Recurring],
) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//Belay//Rosters//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", name)
    calendar.add("x-wr-calname", name)
    zones: dict[str, None] = {}
    events: list[Event] = []
    names = dict(_names(found.values()))
    for roster in rosters:
        plan = found[roster.pk]
        zone = _zone_of(plan)
        changes = _Changes(roster, plan, at)
        uses: Counter[str] = Counter()
        for shift in plan.shifts(first, last, by_key=True):
            pk = person_id(shift)
            if pk is None:
                continue
            key = f"{shift.duty.key}-{shift.start.astimezone(zone):%Y%m%d}"
            uses[key] += 1
            if person is None or pk == person.pk:
                zones[zone.key] = None
                uid = f"{roster.code}-{key}-{uses[key]}@{HOST}"
                events.append(_event(roster, shift, uid, names[pk], zone, changes))
    for meeting in meetings:
        zones[meeting.zone.key] = None
        events.append(_meeting(meeting))
    for zone_name in zones:
        if zone_name != "UTC":
            calendar.add_component(_timezone(zone_name, first, last))
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()


def _event(
    roster: Roster, shift: Shift, uid: str, who: str, zone: ZoneInfo, changes: _Changes
) -> Event:
    number, changed_at = changes.of(shift)
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", changed_at)
    event.add("last-modified", changed_at)
    event.add("sequence", number)
    is_plain = not any(at.astimezone(zone).fold for at in (shift.start, shift.end))
    _add_moment(event, "dtstart", shift.start, zone if is_plain else UTC)
    _add_moment(event, "dtend", shift.end, zone if is_plain else UTC)
    event.add("summary", f"{who} on call: {roster.name}")
    event["description"] = vText(f"Why: {shift.source}")
    event.add("transp", "TRANSPARENT")
    return event


def _meeting(meeting: Recurring) -> Event:
    event = Event()
    event.add("uid", meeting.uid)
    event.add("dtstamp", meeting.changed_at)
    event.add("last-modified", meeting.changed_at)
    event.add("sequence", meeting.sequence)
    _add_moment(event, "dtstart", meeting.start, meeting.zone)
    event.add("duration", meeting.lasts)
    event.add("rrule", meeting.rule)
    event.add("summary", meeting.title)
    event.add("url", meeting.link)
    for name, text in (("description", meeting.about), ("location", meeting.place)):
        if text:
            event[name] = vText(text)
    return event


def _add_moment(event: Event, name: str, at: datetime, zone: tzinfo) -> None:
    event[name] = vDatetime(at.astimezone(zone))
    if isinstance(zone, ZoneInfo) and zone.key != "UTC":
        event[name].params["TZID"] = zone.key


def _timezone(name: str, first: datetime, last: datetime) -> Timezone:
    """Made here, because icalendar's own dates spring forward an hour late."""
    made = Timezone()
    made.add("tzid", name)
    for each in observances(zone_named(name), first, last):
        part = TimezoneDaylight() if each.is_daylight else TimezoneStandard()
        part.add("dtstart", each.onsets[0])
        if len(each.onsets) > 1:
            part.add("rdate", list(each.onsets[1:]))
        part.add("tzoffsetfrom", each.offset_from)
        part.add("tzoffsetto", each.offset_to)
        part.add("tzname", each.name)
        made.add_component(part)
    return made


def _zone_of(plan: Plan) -> ZoneInfo:
    """The roster's zone: that of the lowest layer of its latest version."""
    for stretch in reversed(plan.stretches):
        if stretch.layers:
            return zone_named(stretch.layers[0].zone)
    return ZoneInfo("UTC")


def _names(found: Iterable[Plan]) -> list[tuple[int, str]]:
    ids = {
        int(str(person))
        for plan in found
        for people in (
            *(layer.people for stretch in plan.stretches for layer in stretch.layers),
            [each.person for each in plan.overrides if each.person is not None],
            [s.fallback for s in plan.stretches if s.fallback is not None],
        )
        for person in people
    }
    return [(pk, str(user)) for pk, user in User.objects.in_bulk(ids).items()]


class _Changes:
    """SEQUENCE of a shift: how many acts touched the whole shift it is part of. It never falls,
    because nothing recorded is ever deleted."""

    def __init__(self, roster: Roster, plan: Plan, at: datetime) -> None:
        self.plan = plan
        rows = RosterVersion.objects.filter(roster=roster, recorded_at__lte=at)
        self.versions = [
            moment
            for recorded, withdrawn in rows.values_list("recorded_at", "withdrawn_at")
            for moment in (recorded, withdrawn)
            if moment is not None
        ]
        people = {p for s in plan.stretches for layer in s.layers for p in layer.people}
        people |= {each.person for each in plan.overrides if each.person is not None}
        ids = [int(str(person)) for person in people]
        fields = ("start_at", "end_at", "recorded_at", "withdrawn_at")
        self.periods = [
            *Override.objects.filter(roster=roster, recorded_at__lte=at).values_list(*fields),
            *Absence.objects.filter(user__in=ids, recorded_at__lte=at).values_list(*fields),
        ]

    def of(self, shift: Shift) -> tuple[int, datetime]:
        start, end = self._whole(shift)
        touching = [
            moment
            for begins, ends, recorded, withdrawn in self.periods
            if begins <= end and ends >= start
            for moment in (recorded, withdrawn)
            if moment is not None
        ]
        last = max([*self.versions, *touching], default=shift.start)
        return len(self.versions) * VERSION_WEIGHT + len(touching), last

    def _whole(self, shift: Shift) -> tuple[datetime, datetime]:
        """From hand-off to hand-off; of a stand-in, the stretch itself."""
        position, _, number = shift.duty.key.partition(".")
        stretch = self.plan.stretch_at(shift.start)
        if not number or stretch is None or int(position) > len(stretch.layers):
            return shift.start, shift.end
        start, end = stretch.layers[int(position) - 1].shift_period(int(number))
        return min(start, shift.start), max(end, shift.end)
