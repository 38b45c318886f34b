"""Who is on call from one instant on, worked out once for a while ahead.

Good for as long as nothing that decides it was changed (`config.lib.stamps`), nothing recorded for
later becomes known, and the period lasts.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Min, Q

from accounts.models import Absence, Override, RosterVersion, User
from accounts.selectors.rosters import NEVER, person_id, plans

PERIOD = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class DutyAhead:
    """`people[i]` answers from `starts[i]` on; neighbours differ. Reaches PERIOD beyond `until`,
    so that the changes of the next hour are known at any instant it is good for."""

    since: datetime
    until: datetime
    starts: tuple[datetime, ...]
    people: tuple[int | None, ...]

    def holds(self, at: datetime) -> bool:
        return self.since <= at < self.until

    def on_call(self, at: datetime) -> int | None:
        return self.people[bisect_right(self.starts, at) - 1]

    def changes(self, start: datetime, end: datetime) -> list[tuple[datetime, int | None]]:
        """(instant, who answers from then on) for each change after `start` and before `end`."""
        rows = zip(self.starts, self.people, strict=True)
        return [(instant, person) for instant, person in rows if start < instant < end]


def duties_ahead(rosters: Iterable[int], at: datetime) -> dict[int, DutyAhead]:
    """By roster id, from `at` on. A handful of queries, however many rosters."""
    end = at + 2 * PERIOD
    until = min(at + PERIOD, _next_news(at))
    found = {}
    for pk, plan in plans(rosters, at, end, at).items():
        starts: list[datetime] = []
        people: list[int | None] = []
        for shift in plan.shifts(at, end):
            person = person_id(shift)
            if not people or person != people[-1]:
                starts.append(shift.start)
                people.append(person)
        found[pk] = DutyAhead(at, until, tuple(starts), tuple(people))
    return found


def _next_news(at: datetime) -> datetime:
    """When the next of what is stored becomes known: recorded, withdrawn or left after `at`."""
    found = [User.objects.filter(left_at__gt=at).aggregate(first=Min("left_at"))["first"]]
    for model in (RosterVersion, Override, Absence):
        later = model.objects.aggregate(
            recorded=Min("recorded_at", filter=Q(recorded_at__gt=at)),
            withdrawn=Min("withdrawn_at", filter=Q(withdrawn_at__gt=at)),
        )
        found += later.values()
    return min((each for each in found if each is not None), default=NEVER)
