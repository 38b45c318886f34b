"""What would happen to an incident like this under any version of a policy. Nothing is stored and
nobody is told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import Account, Membership, User
from accounts.selectors.customers import valuation_of
from config.lib.errors import Conflict, DomainError, field_error
from config.lib.sensitive import REVENUE, hidden_facts
from escalations.models import Incident, Kpi, PolicyVersion
from escalations.models.incidents import Kind
from escalations.rules.facts import FACTS, FLAG, amount
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.routing_lint import conditions
from escalations.rules.scoring import Input
from escalations.rules.task_forces import (
    Trouble,
    meets_in_words,
    task_force_for,
    when_in_words,
)
from escalations.selectors.decisions import (
    Known,
    Verdict,
    anchors_of,
    decide,
    subject_of,
    why_severity,
)
from escalations.selectors.discretion import discreet
from escalations.selectors.incident_page import Explanation, explained
from escalations.selectors.ladder_preview import Preview as LadderClimb
from escalations.selectors.ladder_preview import ladder_preview
from escalations.services.facts import current_facts
from escalations.services.incidents import known_of
from escalations.services.previews import look_ahead

TYPED = "typed"
ASKED = ("product_area", "category", "segment", "severity_hint")


@dataclass(frozen=True, slots=True)
class Due:
    """`at` is None where its service hours never come round."""

    kind: str
    label: str
    target_s: int
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Seated:
    """The row that would ask for a task force, and who of now would sit in by it."""

    position: int
    rule: str
    when: str
    team: str
    people: tuple[str, ...]
    channel_url: str
    bridge_url: str
    meets: str
    is_of_house: bool


@dataclass(frozen=True, slots=True)
class Foretold:
    """`decision` and `route` as they would be stored, for this reader. `given` and `anchors` are
    the input as a worked example has it."""

    policy: str
    code: str
    number: int
    state: str
    severity: str
    why: str
    rule: str
    team: str
    owner: str
    why_owner: str
    ladder: str
    decision: dict[str, Any]
    route: dict[str, Any]
    explanation: Explanation
    climb: LadderClimb | None
    task_force: Seated | None
    clocks: tuple[Due, ...]
    given: dict[str, Any]
    anchors: dict[str, int]


def version_of(code: str, number: int) -> PolicyVersion:
    """Raises DomainError `not_found`."""
    rows = PolicyVersion.objects.select_related("policy")
    version = rows.filter(policy__code=code, number=number).first()
    if version is None:
        raise DomainError("not_found", f"{code} has no version {number}.", status=404)
    return version


def known_from(asked: Mapping[str, Any], at: datetime) -> Known:
    """`asked`: kind, account (its id), kpi (its code), declared (S1 to S4), product_area, category,
    segment, severity_hint, facts and anchors; what is empty is not known.

    Raises DomainError 400 `unknown_account`, `unknown_kpi`.
    """
    account = kpi = None
    if name := asked.get("account"):
        account = Account.objects.filter(external_id=name).first()
        if account is None:
            raise field_error("account", "unknown_account", f"There is no account {name!r}.")
    if name := asked.get("kpi"):
        kpi = Kpi.objects.filter(code=name).first()
        if kpi is None:
            raise field_error("kpi", "unknown_kpi", f"There is no KPI {name!r}.")
    kind = Kind.KPI if kpi else Kind.CUSTOMER if account else Kind.OPERATIONS
    declared = asked.get("declared")
    return Known(
        kind=asked.get("kind") or kind.value,
        source="manual",
        at=at,
        account=account,
        kpi_code=kpi.code if kpi else "",
        declared=Severity[declared] if declared else None,
        facts=_inputs(asked.get("facts"), at),
        anchors=_inputs(asked.get("anchors"), at),
        **{name: asked.get(name) or "" for name in ASKED},
    )


def _inputs(values: Mapping[str, Any] | None, at: datetime) -> dict[str, Input]:
    return {
        name: Input(str(value) if isinstance(value, Decimal) else value, TYPED, at)
        for name, value in (values or {}).items()
        if value is not None
    }


def asked_of(incident: Incident, user: User) -> dict[str, Any]:
    """What `known_from` asks, as it is known of an incident, without what `user` may not see."""
    asked: dict[str, Any] = {
        "kind": incident.kind,
        "account": incident.account.external_id if incident.account else "",
        "kpi": incident.kpi.code if incident.kpi else "",
        "product_area": incident.product_area,
        "category": incident.category,
        "segment": incident.segment,
    }
    declared: list[Severity] = []
    anchors: dict[str, Any] = {}
    for signal in incident.signals.order_by("pk"):
        said = known_of(signal)
        asked["severity_hint"] = said.severity_hint or asked.get("severity_hint", "")
        anchors |= {name: given.value for name, given in (said.anchors or {}).items()}
        declared += [said.declared] if said.declared else []
    if declared:
        asked["declared"] = min(declared).label
    hidden = hidden_facts(user)
    facts = {n: given.value for n, given in current_facts(incident).items() if n not in hidden}
    return {
        **asked,
        "facts": facts,
        "anchors": anchors if user.has_perm(REVENUE) else {},
    }


def foretell(version: PolicyVersion, known: Known, at: datetime, user: User) -> Foretold:
    """As rosters, teams and people stand for `at`. Raises Conflict `cannot_decide` for a draft that
    is not whole yet."""
    try:
        verdict = decide(version, replace(known, at=at))
        if verdict.severity not in verdict.doc.severities:
            raise KeyError(verdict.severity)
    except (KeyError, ValueError) as error:
        raise Conflict(
            "cannot_decide",
            f"v{version.number} cannot decide yet: mend its errors first.",
        ) from error
    outlook = look_ahead(verdict, known.account, at)
    doc, ladder = verdict.doc, verdict.ladder or ""
    stored = {"decision": verdict.decision.as_json(), "route": verdict.route.as_json()}
    said: dict[str, Any] = discreet(stored, user)
    score_bp = verdict.decision.score_bp
    climb = ladder_preview(version, verdict.severity, ladder, at) if ladder in doc.ladders else None
    given, anchors = given_of(verdict, known)
    return Foretold(
        policy=version.policy.name,
        code=version.policy.code,
        number=version.number,
        state=version.get_state_display(),
        severity=verdict.severity.label,
        why=why_severity(verdict),
        rule=verdict.route.rule.name,
        team=outlook.team.name if outlook.team else "",
        owner=str(outlook.owner) if outlook.owner else "",
        why_owner=outlook.why_owner,
        ladder=ladder,
        decision=said["decision"],
        route=said["route"],
        explanation=explained(said, doc, score_bp=score_bp, severity=int(verdict.severity)),
        climb=climb,
        task_force=_seated(verdict, known, at),
        clocks=tuple(
            Due(clock.kind, clock.get_kind_display(), clock.target_s, clock.due_at)
            for clock in outlook.clocks
        ),
        given=given,
        anchors=anchors,
    )


def _seated(verdict: Verdict, known: Known, at: datetime) -> Seated | None:
    """None where no row asks for one."""
    area = known.product_area
    if not area and known.kpi_code:
        area = Kpi.objects.values_list("product_area", flat=True).get(code=known.kpi_code)
    tier = valuation_of(known.account, known.at).tier.value if known.account else ""
    found = task_force_for(verdict.doc, Trouble(verdict.severity, tier, area, known.category))
    if found is None:
        return None
    serving = Membership.objects.current(at).filter(team__code=found.team, user__is_active=True)
    return Seated(
        position=found.position,
        rule=found.name,
        when=when_in_words(found),
        team=found.team,
        people=tuple(str(each.user) for each in serving.select_related("user").order_by("pk")),
        channel_url=found.channel_url,
        bridge_url=found.bridge_url,
        meets=meets_in_words(found.meets),
        is_of_house=verdict.doc.has_task_forces_of_house,
    )


def given_of(verdict: Verdict, known: Known) -> tuple[dict[str, Any], dict[str, int]]:
    """The input as a worked example keeps it: what rules may ask about and facts, and the anchors
    as they were counted. Whom it was about is left out where no rule asks for it."""
    tier = valuation_of(known.account, known.at).tier.value if known.account else None
    named = _fields(verdict.doc)
    subject = {
        name: value
        for name, value in subject_of(known, tier).items()
        if value is not None and (name in named or name not in ("source", "account"))
    }
    facts = {name: _plain(name, given.value) for name, given in (known.facts or {}).items()}
    declared = {"declared": known.declared.label} if known.declared else {}
    factors = {factor.code for factor in verdict.doc.factors}
    anchors = {
        code: int(str(given.value)) for code, given in anchors_of(known).items() if code in factors
    }
    return {**subject, **declared, **facts}, anchors


def _fields(doc: PolicyDoc) -> set[str]:
    def named() -> Iterator[str]:
        for rule in doc.rules:
            if rule.when is not None:
                yield from (each.field for each in conditions(rule.when))

    return set(named())


def _plain(name: str, value: Any) -> Any:
    """Whole amounts as numbers, others as text, so that no digit is lost."""
    if FACTS.get(name, FLAG) == FLAG or (number := amount(value)) is None:
        return value
    return int(number) if number == number.to_integral_value() else str(number)
