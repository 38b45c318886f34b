"""One screen for somebody who was woken: what, why you, and the next tap."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from accounts.selectors.people import rights_of
from escalations.models import Handoff, Incident, LadderStep
from escalations.rules.lifecycle import OPEN_STATES, UNANSWERED, Verb
from escalations.selectors.bridges import bridge_of
from escalations.selectors.clock_words import ClockView, next_clock
from escalations.selectors.ladder_card import named
from escalations.selectors.policies import policy_doc
from escalations.services.backups import Backup, backup_for
from escalations.templatetags.belay import ago


@dataclass(frozen=True, slots=True)
class PhonePage:
    """`verb` is the answer that this reader can give with one tap; empty where there is none."""

    incident: Incident
    owner: str
    is_mine: bool
    why_severity: str
    why_you: str
    clock: ClockView | None
    verb: str
    answer: str
    backup: Backup | None
    bridge: str
    handoff: Handoff | None


def phone_page(incident: Incident, user: User, at: datetime) -> PhonePage:
    may_respond = "respond_incident" in rights_of(user)
    is_mine = incident.commander_id == user.pk and incident.accepted_at is not None
    waiting = Handoff.objects.pending().select_related("from_user", "to_user", "to_team")
    handoff = waiting.filter(incident=incident).first()
    verb, answer = "", ""
    if not may_respond or incident.state not in OPEN_STATES:
        pass
    elif handoff and handoff.to_user_id == user.pk:
        verb, answer = Verb.ACCEPT_HAND_OFF.value, "Accept the hand-off"
    elif incident.state in UNANSWERED:
        is_asked = incident.commander_id == user.pk or _last_page(incident, user) is not None
        verb = Verb.ACKNOWLEDGE.value if is_asked else Verb.CLAIM.value
        answer = "Acknowledge" if is_asked else "Claim it"
    return PhonePage(
        incident=incident,
        owner=str(incident.commander) if incident.commander else "",
        is_mine=is_mine,
        why_severity=str(incident.explanation.get("why_severity", "")),
        why_you=_why_you(incident, user, is_mine, at),
        clock=next_clock(incident.clocks.all(), at),
        verb=verb,
        answer=answer,
        backup=backup_for(incident, user, at) if may_respond and incident.is_open else None,
        bridge=bridge_of(incident),
        handoff=handoff,
    )


def _last_page(incident: Incident, user: User) -> LadderStep | None:
    steps = LadderStep.objects.filter(run__incident=incident, person=user)
    return steps.select_related("run").order_by("-pk").first()


def _why_you(incident: Incident, user: User, is_mine: bool, at: datetime) -> str:
    """Roster, level and since when; or that nobody asked this reader."""
    if is_mine and incident.accepted_at:
        return f"You own it since {ago(incident.accepted_at, at)}."
    step = _last_page(incident, user)
    if step is not None:
        ladder = policy_doc(incident.policy_version_id).ladders.get(step.run.ladder)
        place = "the fallback"
        if step.level and ladder is not None and step.level <= len(ladder.levels):
            place = f"level {step.level}: {named(ladder.levels[step.level - 1].targets).lower()}"
        return f"You were paged {ago(step.at, at)} as {place}, ladder {step.run.ladder}."
    if incident.commander_id == user.pk:
        because = str(incident.explanation.get("why_owner", "")).partition(" because of ")[2]
        return f"You are asked to take it{f': {because}' if because else ''}."
    return "Nobody paged you for this one."
