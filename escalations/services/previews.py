"""What would happen if this incident were opened now. Nothing is written and nobody is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Team, User
from escalations.models import Incident
from escalations.rules.policy import ClockKind, PolicyDoc
from escalations.rules.routing import choose
from escalations.selectors.decisions import decide, why_severity
from escalations.selectors.policies import policy_doc, team_id, version_in_force
from escalations.selectors.routing import candidates
from escalations.services.clocks import new_clock
from escalations.services.incidents import known_of
from escalations.services.signals import SignalMessage, signal_of
from escalations.templatetags.belay import ago, utc

KINDS = (ClockKind.RESPONSE, ClockKind.RESTORE, ClockKind.CADENCE, ClockKind.RESOLUTION)


@dataclass(frozen=True, slots=True)
class Deadline:
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Preview:
    severity: int
    score: str
    route: str
    owner: str
    deadlines: tuple[Deadline, ...]
    rules: tuple[str, ...]


def form_doc() -> PolicyDoc:
    """The policy a new incident without a product area would be decided by."""
    return policy_doc(version_in_force().pk)


def preview(message: SignalMessage, at: datetime) -> Preview:
    verdict = decide(version_in_force(message.product_area), known_of(signal_of(message)))
    number = team_id(verdict.route.rule.team)
    team = Team.objects.filter(pk=number).first() if number else None
    pool = candidates(team.pk, at) if team else []
    choice = choose(pool, at, skill=verdict.route.rule.skill)
    owner = User.objects.filter(pk=choice.person).first() if choice else None
    incident = Incident(
        account=message.account,
        team=team,
        severity=verdict.severity,
        policy_version=verdict.version,
        received_at=at,
        opened_at=at,
    )
    pairs = (new_clock(incident, k, verdict.doc, started_at=at, at=at) for k in KINDS)
    clocks = [pair[0] for pair in pairs if pair]
    return Preview(
        severity=int(verdict.severity),
        score=f"{verdict.decision.score_bp / 100:.2f}",
        route=team.name if team else "No team",
        owner=str(owner) if owner else "",
        deadlines=tuple(
            Deadline(c.get_kind_display(), f"by {utc(c.due_at, at)}, {ago(c.due_at, at)}")
            for c in clocks
            if c.due_at
        ),
        rules=(
            why_severity(verdict),
            f"Rule {verdict.route.rule.position}: {verdict.route.rule.name}",
            *((choice.why,) if choice else ()),
        ),
    )
