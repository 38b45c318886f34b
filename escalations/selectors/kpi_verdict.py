"""The check of the data on a KPI's open incident: nothing is remedied on unproven figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from escalations.models import Incident
from escalations.rules.lifecycle import Situation, Verb
from escalations.selectors.action_words import LABELS
from escalations.selectors.actions import Action, actions_of
from escalations.selectors.policies import policy_doc

WORDS = {
    "confirmed": "Confirmed: the data is right",
    "data_fault": "Data fault: with the data steward",
    "inconclusive": "Inconclusive: the fallback plan counts",
}


@dataclass(frozen=True, slots=True)
class VerdictCard:
    """`verify` is the form while it is this reader's to send; else `why_not` says why it is not."""

    outcome: str
    by: str
    at: datetime | None
    verify: Action | None
    why_not: tuple[str, ...]


def verdict_card(incident: Incident, user: User, situation: Situation) -> VerdictCard:
    doc = policy_doc(incident.policy_version_id)
    offered, later = actions_of(incident, user, situation, doc)
    verify = next((each for each in offered if each.verb == Verb.VERIFY.value), None)
    why_not = next((each.sentences for each in later if each.label == LABELS[Verb.VERIFY]), ())
    return VerdictCard(
        outcome=WORDS.get(incident.verification, ""),
        by=str(incident.verified_by) if incident.verified_by else "",
        at=incident.verified_at,
        verify=verify,
        why_not=why_not,
    )
