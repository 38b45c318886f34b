"""The overview of KPIs. Twenty queries with the reader's session and rights, whatever the number
of KPIs and readings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, F, IntegerField, Min, Q, QuerySet, Value, When
from django.urls import reverse

from accounts.models import Account, Team, User
from config.lib.browse import Browse, Choice, Page
from config.lib.sensitive import hidden_fields
from escalations.models import Incident, Kpi, KpiSource, KpiState, Threshold
from escalations.rules import facts
from escalations.rules.charts import number
from escalations.rules.thresholds import KpiStateName
from escalations.selectors.kpi_remedies import Remedy, open_incidents, remedies
from escalations.selectors.kpis import version_at, versions_of
from escalations.selectors.sparks import Spark, last_values, spark

MOST_OPTIONS = 200
# From what needs somebody first to what does not.
RANKS = {
    KpiStateName.BREACH: 0,
    KpiStateName.NO_DATA: 1,
    KpiStateName.SUSPECT: 2,
    KpiStateName.WARN: 3,
    KpiStateName.OK: 4,
}
STATE_LABELS: dict[str, str] = {
    KpiStateName.BREACH: "Breach",
    KpiStateName.NO_DATA: "No data",
    KpiStateName.SUSPECT: "Suspect",
    KpiStateName.WARN: "Warning",
    KpiStateName.OK: "OK",
    "none": "No readings yet",
}
STATE_LOOKS = {
    KpiStateName.BREACH: ("pill-late", "octagon-alert"),
    KpiStateName.NO_DATA: ("pill-warn", "circle-dashed"),
    KpiStateName.SUSPECT: ("pill-warn", "circle-help"),
    KpiStateName.WARN: ("pill-warn", "triangle-alert"),
    KpiStateName.OK: ("pill-ok", "circle-check"),
}
STATES = Choice("state", "State", (("", "Any state"), *STATE_LABELS.items()))
OWNERS = Choice("owner", "Owner", (("", "Any owner"), ("me", "Me"), ("none", "No owner")))


@dataclass(frozen=True, slots=True)
class StateView:
    """A KPI's state as a pill shows it: word, class and icon."""

    label: str
    look: str
    icon: str

    @classmethod
    def of(cls, state: str) -> StateView:
        look, icon = STATE_LOOKS.get(KpiStateName(state), ("", "circle"))
        return cls(STATE_LABELS[state], look, icon)

    @classmethod
    def unknown(cls) -> StateView:
        return cls(STATE_LABELS["none"], "", "circle-dashed")


@dataclass(frozen=True, slots=True)
class KpiRow:
    """`segment` is the one in the worst state; `more` counts the others."""

    name: str
    code: str
    url: str
    objective: str
    is_critical: bool
    state: StateView
    segment: str
    more: int
    since: datetime | None
    value: str
    target: str
    spark: Spark | None
    owner: str
    team: str
    exposed: str
    incident: Incident | None
    remedy: Remedy | None
    needs_verdict: bool


@dataclass(frozen=True, slots=True)
class KpisPage:
    browse: Browse
    page: Page
    rows: tuple[KpiRow, ...]
    shows_revenue: bool


def kpis_page(user: User, given: Mapping[str, str], at: datetime) -> KpisPage:
    browse = Browse(given, url=reverse("kpis"), choices=_choices())
    rank = Min(
        Case(
            *(When(states__state=state.value, then=Value(rank)) for state, rank in RANKS.items()),
            output_field=IntegerField(),
        )
    )
    kpis = Kpi.objects.filter(is_active=True).select_related("owner", "team").annotate(rank=rank)
    kpis = _wanted(kpis, browse, user)
    page = browse.page_of(
        kpis.order_by(F("rank").asc(nulls_last=True), "-is_critical", "code", "pk")
    )
    shows_revenue = "revenue_exposed" not in hidden_fields(Threshold, user)
    return KpisPage(browse, page, _rows(page.rows, user, shows_revenue, at), shows_revenue)


def _choices() -> tuple[Choice, ...]:
    """Filters choose among what there is. Three queries."""
    active = Kpi.objects.filter(is_active=True)
    objectives = active.exclude(objective="").order_by("objective").values_list("objective")
    teams = Team.objects.filter(kpis__is_active=True).order_by("name").values_list("code", "name")
    sources = KpiSource.objects.filter(kpi__is_active=True).order_by("name").values_list("name")
    return (
        Choice(
            "objective",
            "Objective",
            (
                ("", "Any objective"),
                *((text, text) for (text,) in objectives.distinct()[:MOST_OPTIONS]),
            ),
        ),
        Choice("team", "Team", (("", "Any team"), *teams.distinct()[:MOST_OPTIONS])),
        Choice(
            "source",
            "Source",
            (("", "Any source"), *((name, name) for (name,) in sources.distinct()[:MOST_OPTIONS])),
        ),
        STATES,
        OWNERS,
    )


def _wanted(kpis: QuerySet, browse: Browse, user: User) -> QuerySet:
    if browse.q:
        said = Q(name__icontains=browse.q) | Q(code__icontains=browse.q)
        kpis = kpis.filter(said | Q(objective__icontains=browse.q))
    if objective := browse.value("objective"):
        kpis = kpis.filter(objective=objective)
    if team := browse.value("team"):
        kpis = kpis.filter(team__code=team)
    if source := browse.value("source"):
        named = KpiSource.objects.filter(name=source).values("kpi")
        kpis = kpis.filter(pk__in=named)
    if state := browse.value("state"):
        kpis = kpis.filter(rank=None if state == "none" else RANKS[KpiStateName(state)])
    match browse.value("owner"):
        case "me":
            kpis = kpis.filter(owner=user)
        case "none":
            kpis = kpis.filter(owner=None)
    return kpis


def _rows(
    kpis: tuple[Any, ...], user: User, shows_revenue: bool, at: datetime
) -> tuple[KpiRow, ...]:
    ids = [kpi.pk for kpi in kpis]
    states: dict[int, list[KpiState]] = {}
    for each in KpiState.objects.filter(kpi__in=ids).order_by("segment"):
        states.setdefault(each.kpi_id, []).append(each)
    worst = {
        pk: min(given, key=lambda state: RANKS[KpiStateName(state.state)])
        for pk, given in states.items()
    }
    versions = versions_of(ids)
    values = last_values([(pk, state.segment) for pk, state in worst.items()])
    incidents = open_incidents(user, ids)
    proposed = remedies(kpis, worst, incidents, user)
    accounts = _accounts(kpis, user) if shows_revenue else {}
    found = []
    for kpi in kpis:
        state, known = worst.get(kpi.pk), versions.get(kpi.pk)
        version = version_at(known, at) if known else None
        incident = next(iter(incidents.get(kpi.pk, ())), None)
        found.append(
            KpiRow(
                name=kpi.name,
                code=kpi.code,
                url=reverse("kpi", args=[kpi.code]),
                objective=kpi.objective,
                is_critical=kpi.is_critical,
                state=StateView.of(state.state) if state else StateView.unknown(),
                segment=state.segment if state else "",
                more=max(len(states.get(kpi.pk, ())) - 1, 0),
                since=state.since_at if state else None,
                value=number(state.last_value, kpi.unit) if state else "–",
                target=target_words(version, kpi.unit),
                spark=spark(values.get((kpi.pk, state.segment), []), version) if state else None,
                owner=str(kpi.owner) if kpi.owner else "",
                team=kpi.team.name if kpi.team else "",
                exposed=exposed_words(version, accounts.get(kpi.account_id))
                if shows_revenue
                else "",
                incident=incident,
                remedy=proposed.get(kpi.pk),
                needs_verdict=incident is not None and not incident.verification,
            )
        )
    return tuple(found)


def _accounts(kpis: tuple[Any, ...], user: User) -> dict[int | None, Account]:
    """The customers these KPIs speak of, for who may see their revenue. One query."""
    if "arr" in hidden_fields(Account, user):
        return {}
    named = {kpi.account_id for kpi in kpis if kpi.account_id}
    return {
        account.pk: account for account in Account.objects.visible_to(user).filter(pk__in=named)
    }


def target_words(version: Threshold | None, unit: str) -> str:
    """`from 3 %`, `up to 10 min`, `3 to 3.6 %`; empty without a target."""
    if version is None:
        return ""
    low, high = version.target_lo, version.target_hi
    if low is not None and high is not None:
        return f"{number(low)} to {number(high, unit)}"
    if low is not None:
        return f"from {number(low, unit)}"
    return f"up to {number(high, unit)}" if high is not None else ""


def exposed_words(version: Threshold | None, account: Account | None) -> str:
    """Revenue in danger while the KPI is off: what its limits declare, else what the customer it
    speaks of pays a year. Only for who may see revenue."""
    declared = version.facts_of(KpiStateName.BREACH).get(facts.ARR_AT_RISK) if version else None
    currency = account.currency if account else ""
    if declared:
        return f"{float(declared):,.0f} {currency}".strip()
    if account is not None:
        return f"{account.arr:,.0f} {currency}, all of {account.name}"
    return ""
