"""Facts are appended, never changed; the newest by event time counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any

from config.lib.rows import tuples
from escalations.models import Fact, Incident
from escalations.rules.policy import Severity
from escalations.rules.scoring import Input
from escalations.selectors.decisions import Known, Verdict, decide
from escalations.services.incidents import known_of


def add_facts(
    incident: Incident, values: dict[str, Any], *, source: str, at: datetime, received_at: datetime
) -> list[str]:
    """Append what is new; returns the names that changed. Repeats are not stored again."""
    changed = news_of(incident, values)
    Fact.objects.bulk_create(
        Fact(
            incident=incident,
            name=name,
            value=values[name],
            source=source,
            at=at,
            received_at=received_at,
        )
        for name in changed
    )
    return changed


def news_of(incident: Incident, values: Mapping[str, Any]) -> list[str]:
    """The names whose value differs from what is known; no query where nothing is said."""
    if not values:
        return []
    current = current_facts(incident)
    return [
        name
        for name, value in values.items()
        if value is not None and (name not in current or current[name].value != value)
    ]


def current_facts(incident: Incident) -> dict[str, Input]:
    """Name -> newest value with its source and time. One query."""
    wanted = ("at", "received_at", "id", "name", "value", "source")
    rows = sorted(tuples(Fact, wanted, [incident.pk], among="incident"), key=itemgetter(0, 1, 2))
    return {name: Input(value, source, at) for at, _, _, name, value, source in rows}


def judge_again(incident: Incident) -> Verdict:
    """Decide an open incident anew, by its pinned policy, on everything known now."""
    first = incident.signals.order_by("pk").first()
    anchors: dict[str, Input] = {}
    hint = ""
    declared: Severity | None = None
    for signal in incident.signals.order_by("pk"):
        said = known_of(signal)
        anchors.update(said.anchors or {})
        hint = said.severity_hint or hint
        if said.declared is not None:
            declared = min(declared or said.declared, said.declared)
    known = Known(
        kind=incident.kind,
        source=first.source if first else incident.source,
        at=incident.received_at,
        account=incident.account,
        product_area=incident.product_area,
        category=incident.category,
        kpi_code=incident.kpi.code if incident.kpi else "",
        segment=incident.segment,
        severity_hint=hint,
        declared=declared,
        facts=current_facts(incident),
        anchors=anchors,
    )
    return decide(incident.policy_version, known)
