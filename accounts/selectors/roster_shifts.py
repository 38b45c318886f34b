"""Shifts of a roster by their numbers: what can be swapped, and who may act on a roster."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import Membership, Roster, User
from accounts.selectors.rosters import Plan


@dataclass(frozen=True, slots=True)
class ShiftRef:
    """Shift `number` of layer `layer` (from 1), from hand-off to hand-off. `person`: a user id."""

    layer: int
    number: int
    start: datetime
    end: datetime
    person: int

    @property
    def key(self) -> str:
        return f"{self.layer}.{self.number}"


def layer_shifts(plan: Plan, start: datetime, end: datetime) -> list[ShiftRef]:
    """Shifts of the plan's layers that begin in [start, end), whoever stands in for them."""
    found: dict[str, ShiftRef] = {}
    for stretch in plan.stretches:
        begins, ends = max(start, stretch.start), min(end, stretch.end)
        for position, layer in enumerate(stretch.layers if begins < ends else (), 1):
            k = max(layer.shift_number(begins), 0)
            while (handoff := layer.handoff_at(k)) < ends:
                ref = ShiftRef(
                    position,
                    layer.first_number + k,
                    max(handoff, stretch.start),
                    min(layer.handoff_at(k + 1), stretch.end),
                    int(str(layer.people[k % len(layer.people)])),
                )
                before = found.get(ref.key)
                if before is not None and before.person == ref.person:
                    ref = replace(ref, start=before.start)  # goes on in the next version
                found[ref.key] = ref
                k += 1
    begun = [ref for ref in found.values() if start <= ref.start < ref.end]
    return sorted(begun, key=lambda ref: (ref.start, ref.layer))


def plans_roster(person: User, roster: Roster) -> bool:
    """May this person decide for others who is on duty here?"""
    return person.has_perm("accounts.add_override") or owner_id_of(roster) == person.pk


def edits_roster(person: User, roster: Roster) -> bool:
    return person.has_perm("accounts.add_rosterversion") or owner_id_of(roster) == person.pk


def owner_id_of(roster: Roster) -> int | None:
    return roster.owner_id or roster.team.lead_id


def serves_in(person: User, roster: Roster, plan: Plan, at: datetime) -> bool:
    """Named in the roster, standing in, or a member of its team now."""
    named = {p for s in plan.stretches for layer in s.layers for p in layer.people}
    named |= {override.person for override in plan.overrides}
    if person.pk in named:
        return True
    return Membership.objects.current(at).filter(team=roster.team_id, user=person).exists()
