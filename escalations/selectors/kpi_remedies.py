"""What a KPI's trouble asks for: its open incident, and the playbook that fits best."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import Account, User
from escalations.models import Incident, IncidentPlaybook, Kpi, KpiState, PlaybookTrigger
from escalations.rules.playbooks import Conditions, Surroundings, best
from escalations.rules.thresholds import KpiStateName
from escalations.selectors.playbooks import conditions
from playbooks.models.runs import OPEN_RUNS


@dataclass(frozen=True, slots=True)
class Remedy:
    code: str
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is done about a KPI's trouble: a run under way, else the playbook that is proposed.
    `word` says which, `why` what for."""

    word: str
    name: str
    url: str
    why: str = ""


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


def answers(states: Collection[KpiState], user: User) -> dict[int, Answer]:
    """By KPI id, for states that are loaded with their KPI, the worst first. At most four queries,
    whatever their number."""
    worst: dict[int, KpiState] = {}
    for state in states:
        worst.setdefault(state.kpi_id, state)
    kpis = [state.kpi for state in worst.values()]
    incidents = open_incidents(user, list(worst)) if kpis else {}
    found = {
        pk: Answer("Proposed", remedy.name, reverse("playbook", args=[remedy.code]), remedy.why)
        for pk, remedy in remedies(kpis, worst, incidents, user).items()
    }
    return found | _under_way(incidents, user)


def _under_way(incidents: Mapping[int, list[Incident]], user: User) -> dict[int, Answer]:
    """Runs of these incidents that have not ended, the newest of each KPI. One query."""
    keys = [incident.pk for rows in incidents.values() for incident in rows]
    if not keys or not user.has_perm("playbooks.view_playbookrun"):
        return {}
    links = IncidentPlaybook.objects.filter(incident__in=keys, run__state__in=OPEN_RUNS)
    rows = links.select_related("run__version__playbook", "incident").defer(
        "incident__body", "incident__explanation"
    )
    return {
        link.incident.kpi_id or 0: Answer(
            link.run.get_state_display(),
            link.run.version.playbook.name,
            reverse("playbook-run", args=[link.run_id]),
            link.why,
        )
        for link in rows.order_by("started_at", "pk")
    }
