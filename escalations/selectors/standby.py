"""Who is on call and reachable at one instant, asked of the database once for a whole burst."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from accounts.models import Roster, User
from accounts.selectors.roster_changes import changes, changes_of
from accounts.selectors.rosters import Plan, person_id, plans
from escalations.rules.policy import LadderTarget

# Plans are read this far ahead, so that a look at the next change of duty needs no second read.
HORIZON = timedelta(hours=1)


class Standby:
    """Good for one change at `at`: what it was told once it does not ask again."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self._rosters: dict[str, Roster | None] = {}
        self._of_team: dict[int, list[Roster]] = {}
        self._plans: dict[int, Plan] = {}
        self._people: dict[int, User | None] = {}
        self.meant: dict[LadderTarget, list[int]] = {}  # of targets that no incident changes

    def people(self, ids: Iterable[int]) -> dict[int, User]:
        """By id, those that exist. One query for those not asked of yet."""
        ids = list(ids)
        if missing := [pk for pk in ids if pk not in self._people]:
            found = User.objects.in_bulk(missing)
            self._people.update((pk, found.get(pk)) for pk in missing)
        return {pk: user for pk in ids if (user := self._people[pk]) is not None}

    def reachable(self, ids: Sequence[int]) -> list[int]:
        """Those who can be told, in the order given, each once."""
        known = self.people(ids)
        return [pk for pk in dict.fromkeys(ids) if pk in known and known[pk].is_reachable]

    def read_rosters(self, codes: Iterable[str]) -> None:
        """Have the rosters of these codes, their plans and who answers at hand."""
        missing = [code for code in dict.fromkeys(codes) if code not in self._rosters]
        if not missing:
            return
        self._rosters |= dict.fromkeys(missing)
        found = list(Roster.objects.filter(code__in=missing).order_by("pk"))
        self._rosters.update((row.code, row) for row in found)
        self._read_plans(found)

    def rosters_of(self, team_id: int, also: Iterable[str] = ()) -> list[Roster]:
        """A team's rosters. `also` are codes that will be asked for next: read together."""
        if team_id not in self._of_team:
            wanted = [code for code in dict.fromkeys(also) if code not in self._rosters]
            rows = Roster.objects.filter(team_id=team_id)
            if wanted:
                rows = rows | Roster.objects.filter(code__in=wanted)
                self._rosters |= dict.fromkeys(wanted)
            found = list(rows.order_by("pk"))
            self._rosters.update((row.code, row) for row in found)
            self._of_team[team_id] = [row for row in found if row.team_id == team_id]
            self._read_plans(found)
        return self._of_team[team_id]

    def on_call(self, roster: Roster) -> int | None:
        """The id of the person who answers now; None in a gap."""
        self._read_plans([roster])
        return person_id(self._plans[roster.pk].on_call(self.at))

    def on_call_of(self, code: str) -> int | None:
        self.read_rosters([code])
        roster = self._rosters[code]
        return self.on_call(roster) if roster else None

    def changes(self, code: str, until: datetime) -> list[tuple[datetime, int | None]]:
        """Changes of duty after now and before `until`."""
        self.read_rosters([code])
        roster = self._rosters[code]
        if roster is None:
            return []
        if until > self.at + HORIZON:
            return changes(roster, self.at, until)
        self._read_plans([roster])
        return changes_of(self._plans[roster.pk], self.at, until)

    def _read_plans(self, rosters: Iterable[Roster]) -> None:
        missing = [row.pk for row in rosters if row.pk not in self._plans]
        if missing:
            self._plans |= plans(missing, self.at, self.at + HORIZON, self.at)
            duties = (person_id(self._plans[pk].on_call(self.at)) for pk in missing)
            self.people([pk for pk in duties if pk is not None])
