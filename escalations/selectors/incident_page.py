"""One incident as its page shows it: why it is here, what runs, what to do, what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import Prefetch

from accounts.models import User
from escalations.models import Clock, ClockMark, Incident, LadderRun, Notice
from escalations.rules.lifecycle import Situation
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.scoring import points
from escalations.selectors.actions import Action, NotYet, actions_of
from escalations.selectors.breach_causes import cause_view
from escalations.selectors.clock_words import ClockView, clock_card
from escalations.selectors.contract import Contract, contract_of
from escalations.selectors.delivery_words import CHANNEL_WORDS, delivery_words
from escalations.selectors.discretion import discreet
from escalations.selectors.fact_words import FactView, facts_of
from escalations.selectors.ladder_card import Step, ladder_card
from escalations.selectors.pauses import Waiting, waiting_of
from escalations.selectors.policies import policy_doc
from escalations.selectors.reviews import ReviewLink, review_link
from escalations.templatetags.belay import ago

NOTICES = 30
CLOCK_ORDER = ("response", "restore", "cadence", "resolution", "ola")


@dataclass(frozen=True, slots=True)
class Head:
    number: int
    key: str
    title: str
    body: str
    severity: int
    state: str
    state_label: str
    kind_label: str
    account_name: str
    account_id: str
    product_area: str
    category: str
    kpi_code: str
    segment: str
    period: str
    source: str
    received_at: datetime
    owner_name: str
    is_accepted: bool
    version: int


@dataclass(frozen=True, slots=True)
class Person:
    role: str
    name: str
    accepted: bool


@dataclass(frozen=True, slots=True)
class ScoreInput:
    factor: str
    anchor: int
    weight: str
    points: str
    source: str
    is_assumed: bool


@dataclass(frozen=True, slots=True)
class FloorView:
    """`state`: yes, no or unknown."""

    code: str
    label: str
    state: str
    ask: str = ""


@dataclass(frozen=True, slots=True)
class RuleView:
    name: str
    matched: bool
    why: str


@dataclass(frozen=True, slots=True)
class Explanation:
    score: str
    severity: int
    band: str
    floor: str
    distance: str
    inputs: tuple[ScoreInput, ...]
    floors: tuple[FloorView, ...]
    rules: tuple[RuleView, ...]


@dataclass(frozen=True, slots=True)
class NoticeView:
    pk: int
    recipient: str
    channel: str
    tries: int
    subject: str
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SignalView:
    source: str
    key: str
    occurrences: int
    last_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    incident: Head
    why: str
    clocks: tuple[ClockView, ...]
    actions: tuple[Action, ...]
    unmet: tuple[NotYet, ...]
    responders: tuple[Person, ...]
    ladder: tuple[Step, ...]
    explanation: Explanation
    facts: tuple[FactView, ...]
    notices: tuple[NoticeView, ...]
    signals: tuple[SignalView, ...]
    update_due: str
    review: ReviewLink
    contract: Contract
    waiting: Waiting


def incident_page(
    incident: Incident, user: User, situation: Situation, at: datetime
) -> IncidentPage:
    """`incident` comes from `visible_incident`, `situation` from `services.moves`."""
    doc = policy_doc(incident.policy_version_id)
    run = incident.ladder_runs.prefetch_related("steps__person").order_by("-number").first()
    actions, not_yet = actions_of(incident, user, situation, doc)
    rows = _clock_rows(incident)
    clocks = _clocks(rows, at)
    cadence = next((each for each in clocks if each.label == "Next update"), None)
    return IncidentPage(
        incident=_head(incident),
        why=why(incident, user, run, clocks, at),
        clocks=clocks,
        actions=actions,
        unmet=not_yet,
        responders=tuple(
            Person(each.get_role_display(), str(each.user), each.accepted_at is not None)
            for each in incident.responders.filter(ended_at=None).select_related("user")
        ),
        ladder=ladder_card(incident, doc, run, at),
        explanation=explanation_view(incident, user, doc),
        facts=facts_of(incident, user),
        notices=_notices(incident),
        signals=tuple(
            SignalView(each.source, each.dedup_key, each.occurrences, each.last_at, each.ended_at)
            for each in incident.signals.order_by("pk")
        ),
        update_due=f"Due every {cadence.target}" if cadence and cadence.due_at else "",
        review=review_link(incident, situation.rights),
        contract=contract_of(incident, rows, doc, user, at),
        waiting=waiting_of(rows, at),
    )


def _head(incident: Incident) -> Head:
    period = ""
    if incident.period_start:
        period = f"from {incident.period_start:%d %b %H:%M} UTC"
        if incident.period_end:
            period += f" to {incident.period_end:%d %b %H:%M} UTC"
    doc = policy_doc(incident.policy_version_id)
    category = doc.categories.get(incident.category)
    return Head(
        number=incident.number,
        key=incident.key,
        title=incident.title,
        body=incident.body,
        severity=incident.severity,
        state=incident.state,
        state_label=incident.get_state_display(),
        kind_label=incident.get_kind_display(),
        account_name=incident.account.name if incident.account else "",
        account_id=incident.account.external_id if incident.account else "",
        product_area=incident.product_area,
        category=category.label if category else incident.category,
        kpi_code=incident.kpi.code if incident.kpi else "",
        segment=incident.segment,
        period=period,
        source=incident.source,
        received_at=incident.received_at,
        owner_name=str(incident.commander) if incident.commander else "",
        is_accepted=incident.accepted_at is not None,
        version=incident.version,
    )


def why(
    incident: Incident,
    user: User,
    run: LadderRun | None,
    clocks: Iterable[ClockView],
    at: datetime,
) -> str:
    """Why this, why you, why now. "You" only for the owner or somebody who was paged."""
    said = incident.explanation
    label = Severity(incident.severity).label
    parts = [said.get("why_severity") or label, _why_owner(incident, user)]
    levels = {step.level for step in run.steps.all() if step.person_id == user.pk} if run else set()
    if levels and incident.commander_id != user.pk:
        level = max(levels)
        parts.append(f"you were paged as {f'level {level}' if level else 'the fallback'}")
    running = [each for each in clocks if each.due_at]
    if running:
        clock = min(running, key=lambda each: each.due_at or at)
        assert clock.due_at is not None
        verb = "ran out" if clock.due_at <= at else "runs out"
        parts.append(f"the {clock.label.lower()} clock {verb} {ago(clock.due_at, at)}")
    elif incident.is_open:
        parts.append("no clock runs now")
    text = "; ".join(part for part in parts if part)
    return f"{text[:1].upper()}{text[1:]}."


def _why_owner(incident: Incident, user: User) -> str:
    owner = incident.commander
    sentence = str(incident.explanation.get("why_owner", ""))
    if owner is None:
        return f"nobody owns it: {sentence}" if sentence else "nobody owns it"
    is_me = owner.pk == user.pk
    name = "you" if is_me else str(owner)
    _, _, because = sentence.partition(" because of ")
    if incident.accepted_at is not None:
        verb = "own" if is_me else "owns"
        return f"{name} {verb} it"
    verb = "are asked" if is_me else "is asked"
    return f"{name} {verb} to take it" + (f" because of {because}" if because else "")


def _clock_rows(incident: Incident) -> list[Clock]:
    rows = incident.clocks.select_related("calendar__service_hours").prefetch_related(
        "events", Prefetch("marks", ClockMark.objects.select_related("cause_confirmed_by"))
    )
    return list(rows.order_by("kind", "cycle"))


def _clocks(rows: Iterable[Clock], at: datetime) -> tuple[ClockView, ...]:
    """The last cycle of each kind, in the order in which they end."""
    last = {row.kind: row for row in rows}
    cards = []
    for clock in (last[kind] for kind in CLOCK_ORDER if kind in last):
        if (card := clock_card(clock, at)) is not None:
            cards.append(replace(card, breach=cause_view(clock)))
    return tuple(cards)


def explanation_view(incident: Incident, user: User, doc: PolicyDoc | None = None) -> Explanation:
    """The stored decision with the labels of its policy version."""
    doc = doc or policy_doc(incident.policy_version_id)
    stored = discreet(incident.explanation, user)
    return explained(stored, doc, score_bp=incident.score_bp, severity=incident.severity)


def explained(
    stored: dict[str, Any], doc: PolicyDoc, *, score_bp: int, severity: int
) -> Explanation:
    """A decision and a route as they are stored, in the words of the version that made them."""
    said: dict[str, Any] = stored.get("decision") or {}
    factors = {factor.code: factor.label for factor in doc.factors}
    tests = {test.code: test.label for test in doc.tests}
    asks = {row["code"]: row["ask"] for row in said.get("unknown", [])}
    results = {True: "yes", False: "no", None: "unknown"}
    trace = (stored.get("route") or {}).get("trace", [])
    codes = [_code_word(code, tests) for code in said.get("floor_codes", [])]
    floor = said.get("floor") or ""
    return Explanation(
        score=f"{score_bp / 100:.2f}",
        severity=severity,
        band=said.get("band", ""),
        floor=f"{floor} ({', '.join(codes)})" if floor and codes else floor,
        distance=said.get("band_distance", ""),
        inputs=tuple(
            ScoreInput(
                factors.get(row["factor"], row["factor"]),
                row["anchor"],
                str(row["weight"]),
                points(row["points_bp"]),
                "policy default" if row["is_assumed"] else row["source"],
                row["is_assumed"],
            )
            for row in said.get("inputs", [])
        ),
        floors=tuple(
            FloorView(
                row["code"],
                tests.get(row["code"], row["fact"]),
                results[row["result"]],
                asks.get(row["code"], "") if row["result"] is None else "",
            )
            for row in said.get("tests", [])
        ),
        rules=tuple(
            RuleView(row["name"], row["outcome"] == "match", row["words"] or "It matches")
            for row in trace
        ),
    )


def _code_word(code: str, tests: dict[str, str]) -> str:
    if code == "route":
        return "routing rule"
    return "category default" if code.startswith("default:") else code


def _notices(incident: Incident) -> tuple[NoticeView, ...]:
    rows = Notice.objects.filter(incident=incident).select_related("recipient").order_by("-pk")
    return tuple(
        NoticeView(
            row.pk,
            str(row.recipient),
            CHANNEL_WORDS[row.channel],
            row.attempts,
            row.subject,
            *delivery_words(row),
        )
        for row in rows[:NOTICES]
    )
