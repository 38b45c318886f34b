"""The cards beside the timeline, together."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from accounts.selectors.people import names_of_people_who
from escalations.models import Incident
from escalations.selectors.evidence import evidence_card
from escalations.selectors.plan_card import decisions_card, plan_card, task_force_card
from escalations.selectors.similar import similar, traits_of


def room_of(incident: Incident, user: User, rights: frozenset[str], at: datetime) -> dict[str, Any]:
    """Context of the page. At most thirteen queries, whatever happened."""
    plan = plan_card(incident, rights, at)
    force = task_force_card(incident, rights, at)
    may_name = plan.may_plan or force.may_change
    return {
        "evidence": evidence_card(incident, user, rights),
        "decisions": decisions_card(incident, user, rights),
        "plan": plan,
        "task_force": force,
        "people": list(names_of_people_who("respond_incident")) if may_name else [],
        "similar": similar(traits_of(incident), user, besides=incident.pk),
    }
