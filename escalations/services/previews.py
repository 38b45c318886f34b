"""What would happen if this incident were opened now. Nothing is written and nobody is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Account, Team, User
from escalations.models import Clock, Incident
from escalations.rules.policy import ClockKind, PolicyDoc
from escalations.rules.routing import choose
from escalations.selectors.decisions import Verdict, decide, why_severity
from escalations.selectors.policies import policy_doc, team_id, version_in_force
from escalations.selectors.routing import candidates
from escalations.services.arrivals import explained_arrival, sorted_known, sorting_words
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
    version, signal = version_in_force(message.product_area), signal_of(message)
    doc = policy_doc(version.pk)
    known, found = sorted_known(signal, known_of(signal), doc)
    verdict = decide(version, known)
    outlook = look_ahead(verdict, message.account, at)
    arrival = explained_arrival(signal, doc).get("why", "")
    return Preview(
        severity=int(verdict.severity),
        score=f"{verdict.decision.score_bp / 100:.2f}",
        route=outlook.team.name if outlook.team else "No team",
        owner=str(outlook.owner) if outlook.owner else "",
        deadlines=tuple(
            Deadline(c.get_kind_display(), f"by {utc(c.due_at, at)}, {ago(c.due_at, at)}")
            for c in outlook.clocks
            if c.due_at
        ),
        rules=(
            why_severity(verdict),
            f"Rule {verdict.route.rule.position}: {verdict.route.rule.name}",
            *((outlook.why_owner,) if outlook.why_owner else ()),
            *(sorting_words(found, doc) if found else ()),
            *((arrival,) if arrival else ()),
        ),
    )


@dataclass(frozen=True, slots=True)
class Outlook:
    """Whom a verdict goes to, and the clocks it would start; none of them is stored."""

    team: Team | None
    owner: User | None
    why_owner: str
    clocks: tuple[Clock, ...]


def look_ahead(verdict: Verdict, account: Account | None, at: datetime) -> Outlook:
    """If it opened at `at`, as teams and rosters stand."""
    number = team_id(verdict.route.rule.team)
    team = Team.objects.filter(pk=number).first() if number else None
    pool = candidates(team.pk, at) if team else []
    choice = choose(pool, at, skill=verdict.route.rule.skill)
    owner = User.objects.filter(pk=choice.person).first() if choice else None
    incident = Incident(
        account=account,
        team=team,
        severity=verdict.severity,
        policy_version=verdict.version,
        received_at=at,
        opened_at=at,
    )
    pairs = (new_clock(incident, k, verdict.doc, started_at=at, at=at) for k in KINDS)
    clocks = tuple(pair[0] for pair in pairs if pair)
    return Outlook(team, owner, choice.why if choice else "", clocks)
