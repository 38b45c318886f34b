"""Who is on call and reachable at one instant, asked of the database once for a whole burst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime
from functools import cached_property

from accounts.models import Membership, Roster, ServiceHoursVersion, Team, User
from accounts.selectors.duty_ahead import PERIOD, DutyAhead, duties_ahead
from accounts.selectors.roster_changes import changes
from accounts.selectors.service_hours import versions_of
from config.lib.stamps import Kept, kept
from escalations.rules.policy import LadderTarget

Member = tuple[int, int, list[str], datetime, datetime | None]


class Standby:
    """Good for one change at `at`: what it was told once it does not ask again.

    What seldom changes is kept from one change to the next (`config.lib.stamps`); people and
    teams are handed out as copies, so that a change spoils them for itself alone.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._people: dict[int, User | None] = {}
        self._duties: dict[int, DutyAhead] = {}
        self.meant: dict[LadderTarget, list[int]] = {}  # of targets that no incident changes

    @cached_property
    def kept(self) -> Kept:
        """What this process knows; read before anything else of this change."""
        return kept(is_fresh=True)

    def people(self, ids: Iterable[int]) -> dict[int, User]:
        """By id, those that exist. One query for those not asked of yet."""
        ids = list(ids)
        if missing := [pk for pk in dict.fromkeys(ids) if pk not in self._people]:
            found = self.kept.many("person", missing, User.objects.in_bulk)
            self._people.update((pk, copy(user) if user else None) for pk, user in found.items())
        return {pk: user for pk in ids if (user := self._people[pk]) is not None}

    def reachable(self, ids: Sequence[int]) -> list[int]:
        """Those who can be told, in the order given, each once."""
        known = self.people(ids)
        return [pk for pk in dict.fromkeys(ids) if pk in known and known[pk].is_reachable]

    def teams(self, ids: Iterable[int]) -> dict[int, Team]:
        """By id, those that exist."""
        found = self.kept.many("team", dict.fromkeys(ids), Team.objects.in_bulk)
        return {pk: copy(team) for pk, team in found.items() if team is not None}

    def calendar_versions(self, service_hours_id: int) -> list[ServiceHoursVersion]:
        """All versions of these hours in order, without what they say."""
        key = ("hours", service_hours_id)
        return self.kept.one(key, lambda: versions_of(service_hours_id))

    def members(self, team_id: int) -> list[tuple[int, int, list[str]]]:
        """(user id, capacity, skills) of those who are in the team now."""
        rows = self.kept.one(("members", team_id), lambda: _members(team_id))
        return [
            (user, capacity, skills)
            for user, capacity, skills, since, until in rows
            if since <= self.at and (until is None or until > self.at)
        ]

    def read_rosters(self, codes: Iterable[str]) -> None:
        """Have the rosters of these codes, their plans and who answers at hand."""
        rosters = self._rosters(codes).values()
        self._read_duties([roster for roster in rosters if roster is not None])

    def _rosters(self, codes: Iterable[str]) -> dict[str, Roster | None]:
        return self.kept.many("roster", dict.fromkeys(codes), _rosters_named)

    def rosters_of(self, team_id: int, also: Iterable[str] = ()) -> list[Roster]:
        """A team's rosters. `also` are codes that will be asked for next: read together."""
        mine = self.kept.one(
            ("rosters", team_id), lambda: list(Roster.objects.filter(team=team_id).order_by("pk"))
        )
        others = [roster for roster in self._rosters(also).values() if roster is not None]
        self._read_duties([*mine, *others])
        return mine

    def on_call(self, roster: Roster) -> int | None:
        """The id of the person who answers now; None in a gap."""
        self._read_duties([roster])
        return self._duties[roster.pk].on_call(self.at)

    def on_call_of(self, code: str) -> int | None:
        roster = self._rosters([code])[code]
        return self.on_call(roster) if roster else None

    def changes(self, code: str, until: datetime) -> list[tuple[datetime, int | None]]:
        """Changes of duty after now and before `until`."""
        roster = self._rosters([code])[code]
        if roster is None:
            return []
        if until > self.at + PERIOD:
            return changes(roster, self.at, until)
        self._read_duties([roster])
        return self._duties[roster.pk].changes(self.at, until)

    def _read_duties(self, rosters: Iterable[Roster]) -> None:
        missing = [row.pk for row in rosters if row.pk not in self._duties]
        if missing:
            found = self.kept.many(
                "duty",
                missing,
                lambda ids: duties_ahead(ids, self.at),
                lambda duty: duty.holds(self.at),
            )
            self._duties |= {pk: duty for pk, duty in found.items() if duty is not None}
            on_call = (self._duties[pk].on_call(self.at) for pk in missing)
            self.people([pk for pk in on_call if pk is not None])


def _rosters_named(codes: list[str]) -> dict[str, Roster]:
    return {row.code: row for row in Roster.objects.filter(code__in=codes)}


def _members(team_id: int) -> list[Member]:
    rows = Membership.objects.filter(team=team_id).order_by("pk")
    return list(rows.values_list("user", "capacity", "skills", "valid_from", "valid_to"))
