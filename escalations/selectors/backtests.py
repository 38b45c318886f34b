"""Stored inputs of past incidents, and what a version under question would have made of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from accounts.models import User
from accounts.selectors.customers import valuation_of
from escalations.models import BackTest, Incident, PolicyVersion
from escalations.models.incidents import StateChoice
from escalations.rules.backtests import Result, Stored, replay
from escalations.rules.policy import Severity
from escalations.selectors.policies import build_doc
from escalations.selectors.policy_history import newest_of

MOST = 2_000
VOID = (StateChoice.MERGED, StateChoice.CANCELLED)


def backtest(version: PolicyVersion, at: datetime) -> Result | None:
    """Against the version in force; None where there is none yet. A constant number of queries."""
    rows = PolicyVersion.objects.select_related("policy")
    before = rows.filter(policy=version.policy_id, state="in_force").first()
    if before is None:
        return None
    stored = list(stored_inputs(version.policy.code, at))
    return replay(build_doc(before), build_doc(version), stored)


def stored_inputs(code: str, at: datetime) -> Iterator[Stored]:
    rows = newest_of(code, at).exclude(state__in=VOID).select_related("account__valued_by", "kpi")
    wanted = ("number", "severity", "acknowledged_at", "explanation", "kind", "source", "segment")
    places = ("product_area", "category", "account", "kpi__code")
    for incident in rows.only(*wanted, *places)[:MOST]:
        yield _stored(incident, at)


def _stored(incident: Incident, at: datetime) -> Stored:
    decision: dict[str, Any] = incident.explanation.get("decision") or {}
    account = incident.account
    declared = decision.get("declared")
    return Stored(
        number=incident.number,
        final=Severity(incident.severity),
        is_confirmed=incident.acknowledged_at is not None,
        subject={
            "kind": incident.kind,
            "source": incident.source,
            "product_area": incident.product_area or None,
            "category": incident.category or None,
            "kpi": incident.kpi.code if incident.kpi else None,
            "segment": incident.segment or None,
            "account": account.external_id if account else None,
            "customer_segment": account.segment if account else None,
            "tier": valuation_of(account, at).tier.value if account else None,
        },
        anchors={
            row["factor"]: row["anchor"]
            for row in decision.get("inputs", [])
            if not row["is_assumed"]
        },
        facts={
            row["fact"]: row["value"]
            for row in decision.get("tests", [])
            if row.get("value") is not None
        },
        declared=Severity[declared] if declared else None,
    )


@dataclass(frozen=True, slots=True)
class SoftenedRow:
    """Without key and address where the reader may not see the incident."""

    key: str
    url: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BackTestShown:
    at: datetime
    count: int
    real: int
    severity: int
    team: int
    ladder: int
    matrix: tuple[tuple[str, int], ...]
    softened_count: int
    softened: tuple[SoftenedRow, ...]
    hidden: int
    is_indicative: bool
    version_sha256: str
    inputs_sha256: str


def backtest_of(request: int, user: User) -> BackTestShown | None:
    """The last one of a request. Two queries."""
    found = BackTest.objects.filter(request=request).order_by("-round").first()
    if found is None:
        return None
    said: dict[str, Any] = found.result
    numbers = [row["number"] for row in said["softened"]]
    visible = Incident.objects.visible_to(user).filter(number__in=numbers)
    seen = set(visible.values_list("number", flat=True))
    rows = tuple(
        SoftenedRow(f"INC-{row['number']}", _url(row["number"]), row["before"], row["after"])
        for row in said["softened"]
        if row["number"] in seen
    )
    return BackTestShown(
        at=found.at,
        **{name: said[name] for name in ("count", "real", "severity", "team", "ladder")},
        matrix=tuple(said["matrix"].items()),
        softened_count=said["softened_count"],
        softened=rows,
        hidden=said["softened_count"] - len(rows),
        is_indicative=found.is_indicative,
        version_sha256=found.version_sha256,
        inputs_sha256=said["inputs_sha256"],
    )


def _url(number: int) -> str:
    return reverse("incident", args=[number])
