"""When a roster changes hands, and to whom."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Roster
from accounts.selectors.rosters import Plan, person_id, plan_of

AHEAD = timedelta(days=35)


def changes(roster: Roster, start: datetime, end: datetime) -> list[tuple[datetime, int | None]]:
    """(instant, who answers from then on) for each change after `start` and before `end`."""
    return changes_of(plan_of(roster, start, end, start), start, end)


def changes_of(plan: Plan, start: datetime, end: datetime) -> list[tuple[datetime, int | None]]:
    """The same of a plan that was read for this period or a longer one."""
    found: list[tuple[datetime, int | None]] = []
    present: int | None = None
    for shift in plan.shifts(start, end):
        person = person_id(shift)
        if shift.start > start and person != present:
            found.append((shift.start, person))
        present = person
    return found


def next_on_call(roster: Roster, at: datetime) -> int | None:
    """Who comes on call after the one who is; nobody where that does not change in five weeks."""
    present, *following = plan_of(roster, at, at + AHEAD, at).shifts(at, at + AHEAD)
    others = (person for shift in following if (person := person_id(shift)) is not None)
    return next((person for person in others if person != person_id(present)), None)
