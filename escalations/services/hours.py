"""New service hours take effect: what runs counts by them from then on (SEMANTICS 1.3).

What elapsed stays as it was counted. Only a repair by two people counts the past anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from accounts.models import ServiceHoursVersion
from escalations.models import Clock, Incident
from escalations.models.notices import NoticeKind
from escalations.selectors.hours import clocks_to_adopt
from escalations.selectors.policies import policy_doc
from escalations.services import breaches, clocks
from escalations.services.finishing import finish
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder
from escalations.services.words import said, word

AT_ONCE = 50  # incidents in one transaction


def settle_hours(pk: int, at: datetime) -> bool:
    """The sweep's verb: some incidents at a time, until every running clock took the hours over."""
    version = ServiceHoursVersion.objects.select_for_update().get(pk=pk)
    if version.adopt_at is None or version.adopt_at > at:
        return False
    by_incident: dict[int, list[Clock]] = {}
    for clock in clocks_to_adopt(version):
        by_incident.setdefault(clock.incident_id, []).append(clock)
    for number in sorted(by_incident)[:AT_ONCE]:
        _adopt(lock_incident(number), by_incident[number], version, at)
    if len(by_incident) <= AT_ONCE:
        ServiceHoursVersion.objects.filter(pk=pk).update(adopt_at=None)
    return True


def _adopt(
    incident: Incident, found: Iterable[Clock], version: ServiceHoursVersion, at: datetime
) -> None:
    recorder, before, lines = Recorder(at), incident.state, []
    doc = policy_doc(incident.policy_version_id)
    name = version.service_hours.name
    locked = clocks.live_clocks(incident)
    for clock in (each for each in locked if each.pk in {one.pk for one in found}):
        old = clock.due_at
        when = _from_when(clock, version, at)
        state = clocks.log(
            clock,
            "calendar_change",
            at=when,
            doc=doc,
            recorded_at=at,
            mode="adopt_forward",
            calendar=version,
        )
        if clock.due_at != old:
            lines.append(f"{clock.get_kind_display()}: due {word(old)} becomes {said(clock)}.")
        if clocks.has_news(state, at):
            breaches.settle(clock, incident, recorder)
    recorder.event(
        incident,
        "hours_changed",
        f"{name}: new service hours count from {word(version.since)}. "
        + (" ".join(lines) or "No due time changes."),
        detail={"hours": version.service_hours.code, "version": version.number},
    )
    if lines and incident.commander is not None:
        recorder.notice(
            incident,
            incident.commander,
            NoticeKind.NEWS,
            key=f"hours:{version.pk}",
            headline="New service hours change its due times",
            why="you own this incident.",
            lines=tuple(lines),
        )
    finish(incident, recorder, before=before)


def _from_when(clock: Clock, version: ServiceHoursVersion, at: datetime) -> datetime:
    """When the hours took effect; now, when a late sweep has judged by the old ones meanwhile."""
    since = version.since
    is_judged = clock.marks.filter(recorded_at__gt=since).exists()
    return at if is_judged or clock.started_at > since else min(since, at)
