"""Which running clocks count by a calendar, and which would by a newer one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import ServiceHoursVersion
from accounts.selectors.service_hours import version_among, version_at
from config.lib.versions import DECIDING
from escalations.models import Change, Clock, Incident, PolicyVersion
from escalations.rules.lifecycle import OPEN_STATES

LIVE = ("running", "paused")
# Id of service hours -> its versions in order.
Calendars = Callable[[int], Sequence[ServiceHoursVersion]]


def calendar_version(
    incident: Incident,
    *,
    is_business: bool,
    at: datetime,
    known: Calendars | None = None,
    policy: PolicyVersion | None = None,
) -> ServiceHoursVersion | None:
    """The business calendar of an incident: its account's, else its team's, else the policy's.

    `known` looks up what was read for a burst; `policy` stands for the incident's own.
    """
    if not is_business:
        return None
    hours = (
        (incident.account.service_hours_id if incident.account else None)
        or (incident.team.service_hours_id if incident.team else None)
        or (policy or incident.policy_version).service_hours_id
    )
    if not hours:
        return None
    if known is None:
        return version_at(hours, at)
    return version_among(known(hours), at)


def running_clocks() -> QuerySet[Clock]:
    """Real ones of open incidents, in order, with their ledgers."""
    rows = Clock.objects.real().filter(run_state__in=LIVE, incident__state__in=OPEN_STATES)
    rows = rows.select_related("incident__account", "incident__team", "incident__policy_version")
    return rows.prefetch_related("events").order_by("incident_id", "pk")


def calendar_id(clock: Clock) -> int | None:
    """The version of hours that a clock counts by now; None: around the clock."""
    found = clock.calendar_id
    for event in clock.events.all():
        if event.calendar_id is not None or event.is_always_open:
            found = event.calendar_id
    return found


def clocks_to_adopt(version: ServiceHoursVersion) -> list[Clock]:
    """Running clocks that count by an earlier version of the same hours."""
    earlier = set(
        ServiceHoursVersion.objects.filter(
            service_hours=version.service_hours_id,
            effective_from__lt=version.since,
            state__in=DECIDING,
        ).values_list("pk", flat=True)
    )
    return _counting_by(earlier)


def _counting_by(earlier: set[int]) -> list[Clock]:
    touched = Q(calendar__in=earlier) | Q(events__calendar__in=earlier)
    rows = running_clocks().filter(pk__in=Clock.objects.filter(touched).values("pk"))
    return [clock for clock in rows if calendar_id(clock) in earlier]


@dataclass(frozen=True, slots=True)
class Coming:
    """A version that takes effect later: how many promises run on until then."""

    number: int
    effective_from: datetime
    clocks: int


def coming(versions: list[ServiceHoursVersion]) -> list[Coming]:
    """Versions that clocks still have to take over, and approved ones, soonest first."""
    waiting = sorted((v for v in versions if v.adopt_at is not None), key=lambda v: v.since)
    found = [Coming(v.number, v.since, len(clocks_to_adopt(v))) for v in waiting]
    approved = [version.pk for version in versions if version.state == "scheduled"]
    changes = Change.objects.filter(hours_version__in=approved, request__state="scheduled")
    for number, at in changes.values_list("hours_version__number", "request__settle_at"):
        assert at is not None  # what is scheduled has its timer
        deciding = {version.pk for version in versions if version.state in DECIDING}
        found.append(Coming(number, at, len(_counting_by(deciding))))
    return sorted(found, key=lambda each: each.effective_from)


def versions_in_effect(at: datetime) -> list[ServiceHoursVersion]:
    """Of each service hours the version that counts at `at`. One query."""
    rows = ServiceHoursVersion.objects.filter(effective_from__lte=at, state__in=DECIDING)
    rows = rows.select_related("service_hours").order_by("service_hours__name", "effective_from")
    return list({row.service_hours_id: row for row in rows}.values())
