"""What a KPI's trouble asks for: its open incident, and the playbook that fits best."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from accounts.models import Account, User
from escalations.models import Incident, Kpi, KpiState, PlaybookTrigger
from escalations.rules.playbooks import Conditions, Surroundings, best
from escalations.rules.thresholds import KpiStateName
from escalations.selectors.playbooks import conditions


@dataclass(frozen=True, slots=True)
class Remedy:
    code: str
    name: str
    why: str


def open_incidents(user: User, kpis: Collection[int]) -> dict[int, list[Incident]]:
    """KPI id -> its open incidents that this reader may see, the worst first. One query."""
    rows = Incident.objects.visible_to(user).real().open().filter(kpi__in=kpis)
    found: dict[int, list[Incident]] = {}
    for incident in rows.defer("body", "explanation").order_by("severity", "number"):
        found.setdefault(incident.kpi_id or 0, []).append(incident)
    return found


def remedies(
    kpis: Collection[Kpi],
    states: Mapping[int, KpiState],
    incidents: Mapping[int, list[Incident]],
    user: User,
) -> dict[int, Remedy]:
    """KPI id -> the playbook in force that fits what it is in now; none for a KPI that is ok.

    Two queries, whatever the number of KPIs.
    """
    troubled = [
        kpi
        for kpi in kpis
        if kpi.pk in incidents
        or (kpi.pk in states and states[kpi.pk].state != KpiStateName.OK.value)
    ]
    if not troubled or not user.has_perm("playbooks.view_playbook"):
        return {}
    rows = PlaybookTrigger.objects.filter(
        playbook__is_active=True, playbook__versions__state="in_force"
    ).select_related("kpi", "playbook")
    triggers: dict[tuple[str, str], list[Conditions]] = {}
    for row in rows.order_by("playbook_id", "position"):
        triggers.setdefault((row.playbook.name, row.playbook.code), []).append(conditions(row))
    accounts = [kpi.account_id for kpi in troubled if kpi.account_id]
    tiers = dict(
        Account.objects.with_tier().filter(pk__in=accounts).values_list("pk", "tier")  # type: ignore[misc]
    )
    found = {}
    for kpi in troubled:
        incident = next(iter(incidents.get(kpi.pk, ())), None)
        known = Surroundings(
            kind="kpi",
            kpi=kpi.code,
            failure_mode=states[kpi.pk].state if kpi.pk in states else "",
            product_area=kpi.product_area,
            tier=tiers.get(kpi.account_id, ""),
            category=incident.category if incident else "",
            severity=incident.severity if incident else None,
        )
        matches = [
            (-match.score, name, code, match.why)
            for (name, code), given in triggers.items()
            if (match := best(given, known)) is not None
        ]
        if matches:
            _, name, code, why = min(matches)
            found[kpi.pk] = Remedy(code, name, why)
    return found
