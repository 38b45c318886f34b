"""What the dialog of one act shows: its fields, and what it will do with what was entered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.selectors.people import rights_of
from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.rules.undo import NO_WAY_BACK
from escalations.selectors.actions import Action, action_of
from escalations.selectors.packets import packet_of
from escalations.selectors.policies import policy_doc
from escalations.services.foreseen import Foreseen, foreseen
from escalations.services.moves import situation_of
from escalations.services.rehearsals import Rehearsal, rehearse


@dataclass(frozen=True, slots=True)
class ActSheet:
    """`version` is what the effect was worked out for. `errors` are about what was entered; then
    nothing can be foretold."""

    incident: Incident
    version: int
    action: Action
    foreseen: Foreseen
    rehearsal: Rehearsal | None
    errors: tuple[str, ...]
    note: str


def act_sheet(
    incident: Incident,
    verb: Verb,
    given: Mapping[str, Any],
    posted: Mapping[str, str] | None,
    errors: tuple[str, ...],
    *,
    by: User,
    at: datetime,
) -> ActSheet:
    """`given` are the checked values of `posted`, which holds what somebody entered."""
    situation = situation_of(incident, by, rights_of(by), {}, at)
    doc = policy_doc(incident.policy_version_id)
    if posted is None and verb is Verb.HAND_OFF:
        posted = packet_of(incident, by, at)
    rehearsal = None if errors else rehearse(incident, verb, given, by=by, at=at)
    return ActSheet(
        incident=incident,
        version=incident.version,
        action=action_of(incident, verb, situation, doc, posted),
        foreseen=foreseen(rehearsal) if rehearsal else Foreseen(),
        rehearsal=rehearsal,
        errors=errors,
        note=NO_WAY_BACK.get(verb, ""),
    )
