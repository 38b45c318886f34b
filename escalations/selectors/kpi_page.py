"""One KPI as its page shows it: the series, its events and incidents, by segment, and its facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.sensitive import hidden_fields
from escalations.models import Incident, Kpi, KpiAnnotation, KpiState, Threshold
from escalations.rules.charts import number
from escalations.rules.kpi_drawing import NARROW, WIDE, Drawing, Event, Limits, draw
from escalations.rules.thresholds import Mode
from escalations.selectors.annotations import annotations_between, may_annotate
from escalations.selectors.kpi_list import RANKS, StateView, exposed_words, target_words
from escalations.selectors.kpi_remedies import Remedy, remedies
from escalations.selectors.kpi_series import Column, KpiSeries, kpi_series
from escalations.selectors.kpis import version_at, versions_of
from escalations.selectors.sparks import Spark, last_values, spark

PERIODS = ((1, "24 h"), (7, "7 d"), (30, "30 d"), (90, "90 d"), (365, "1 y"))
USUAL_DAYS, DAILY_DAYS = 7, 90  # what is shown first: of hourly and of daily KPIs
SHOWN_INCIDENTS = 20
AHEAD = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Period:
    label: str
    url: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class SegmentView:
    name: str
    url: str
    state: StateView
    value: str
    since: datetime | None
    spark: Spark | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class TableRow:
    at: str
    count: int
    lowest: str
    highest: str
    note: str
    is_out: bool


@dataclass(frozen=True, slots=True)
class AnnotationView:
    pk: int
    kind: str
    label: str
    starts_at: datetime
    ends_at: datetime
    by: str
    is_on: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """What an address asks to see of a KPI, with the rows behind the drawings."""

    segment: str
    days: int
    series: KpiSeries
    annotations: list[KpiAnnotation]
    incidents: list[Incident]
    states: list[KpiState]
    version: Threshold | None


@dataclass(frozen=True, slots=True)
class KpiPage:
    kpi: Kpi
    state: StateView
    since: datetime | None
    is_learning: bool
    value: str
    last_at: datetime | None
    target: str
    segment: str
    drawings: tuple[tuple[str, Drawing], ...]
    summary: str
    has_usual: bool
    periods: tuple[Period, ...]
    csv_url: str
    table: tuple[TableRow, ...]
    is_grouped: bool
    suspect: int
    replaced: int
    segments: tuple[SegmentView, ...]
    annotations: tuple[AnnotationView, ...]
    may_annotate: bool
    incidents: tuple[Incident, ...]
    open_incident: Incident | None
    remedy: Remedy | None
    exposed: str
    shows_revenue: bool
    version: Threshold | None
    limits_words: tuple[str, ...]
    sources: tuple[str, ...]
    way_back: str


def visible_kpi(code: str) -> Kpi:
    kpi = (
        Kpi.objects.select_related("owner", "steward", "remediation_leader", "team", "account")
        .filter(code=code)
        .first()
    )
    if kpi is None:
        raise DomainError("not_found", f"There is no KPI {code}.", status=404)
    return kpi


def shown(kpi: Kpi, user: User, given: Mapping[str, str], at: datetime) -> Shown:
    """Eight queries, whatever the number of readings."""
    states = list(KpiState.objects.filter(kpi=kpi).order_by("segment"))
    names = [state.segment for state in states]
    asked = given.get("segment")
    worst = min(states, key=lambda state: RANKS[state.state], default=None)  # type: ignore[index]
    segment = asked if asked in names else (worst.segment if worst else "")
    days = given.get("days", "")
    known = {str(count): count for count, _ in PERIODS}
    length = known.get(days, DAILY_DAYS if kpi.grain_s >= 86_400 else USUAL_DAYS)
    start = at - timedelta(days=length)
    versions = versions_of([kpi.pk]).get(kpi.pk, [])
    annotations = annotations_between(kpi, start, at + AHEAD)
    masks = [(each.starts_at, each.ends_at) for each in annotations]
    until = at + timedelta(seconds=1)  # with what was measured this very moment
    series = kpi_series(kpi, segment or "", versions, masks, start=start, end=until)
    over = Q(resolved_at=None, closed_at=None) | Q(resolved_at__gte=start) | Q(closed_at__gte=start)
    incidents = Incident.objects.visible_to(user).real().filter(over, kpi=kpi, opened_at__lte=at)
    rows = incidents.filter(segment=segment).select_related("commander").defer("explanation")
    return Shown(
        segment=segment or "",
        days=length,
        series=series,
        annotations=annotations,
        incidents=list(rows.order_by("-opened_at")[:SHOWN_INCIDENTS]),
        states=states,
        version=version_at(versions, at) if versions else None,
    )


def kpi_page(kpi: Kpi, user: User, given: Mapping[str, str], at: datetime) -> KpiPage:
    """`kpi` comes from `visible_kpi`."""
    found = shown(kpi, user, given, at)
    state = next((each for each in found.states if each.segment == found.segment), None)
    series, version = found.series, found.version
    open_incident = next((each for each in found.incidents if each.is_open), None)
    shows_revenue = "revenue_exposed" not in hidden_fields(Threshold, user)
    sees_arr = kpi.account is not None and user.has_perm("accounts.view_account")
    zone = ZoneInfo(kpi.time_zone)
    return KpiPage(
        kpi=kpi,
        state=StateView.of(state.state) if state else StateView.unknown(),
        since=state.since_at if state else None,
        is_learning=bool(state and state.is_learning),
        value=number(state.last_value, kpi.unit) if state else "–",
        last_at=state.last_at if state else None,
        target=target_words(version, kpi.unit),
        segment=found.segment,
        drawings=_drawings(kpi, found, at, zone),
        summary=_summary(kpi, found),
        has_usual=any(column.usual for column in series.columns),
        periods=tuple(
            Period(label, _url(kpi, found, days=days), days == found.days)
            for days, label in PERIODS
        ),
        csv_url=_url(kpi, found, name="kpi-csv"),
        table=tuple(_row(kpi, column) for column in reversed(series.columns)),
        is_grouped=series.is_grouped,
        suspect=sum(column.suspect for column in series.columns),
        replaced=sum(column.replaced for column in series.columns),
        segments=_segments(kpi, found),
        annotations=tuple(_annotation(each, at) for each in found.annotations),
        may_annotate=may_annotate(kpi, user),
        incidents=tuple(found.incidents),
        open_incident=open_incident,
        remedy=_remedy(kpi, state, open_incident, user),
        exposed=exposed_words(version, kpi.account if sees_arr else None) if shows_revenue else "",
        shows_revenue=shows_revenue,
        version=version,
        limits_words=limits_words(version, kpi.unit),
        sources=tuple(
            f"{source.system or source.name}{' (primary)' if source.is_primary else ''}"
            for source in kpi.sources.all()
        ),
        way_back=_url(kpi, found),
    )


def _url(kpi: Kpi, found: Shown, *, days: int = 0, name: str = "kpi") -> str:
    asked = {"days": days or found.days}
    if len(found.states) > 1:
        asked["segment"] = found.segment  # type: ignore[assignment]
    return reverse(name, args=[kpi.code]) + f"?{urlencode(asked)}"


def _drawings(
    kpi: Kpi, found: Shown, at: datetime, zone: ZoneInfo
) -> tuple[tuple[str, Drawing], ...]:
    series = found.series
    if not series.columns:
        return ()
    limits = _limits(series)
    incidents = [
        Event(
            incident.period_start or incident.opened_at,
            incident.resolved_at or incident.closed_at or at,
            f"{incident.key}: {incident.title}",
        )
        for incident in found.incidents
    ]
    events = [
        Event(each.starts_at, each.ends_at, f"{each.get_kind_display()}: {each.label}")
        for each in found.annotations
        if each.starts_at < at
    ]
    return tuple(
        (
            name,
            draw(
                series.columns,
                limits,
                incidents,
                events,
                start=series.start,
                end=series.end,
                grain=timedelta(seconds=max(kpi.grain_s, series.width_s)),
                zone=zone,
                frame=frame,
            ),
        )
        for name, frame in (("wide", WIDE), ("narrow", NARROW))
    )


def _limits(series: KpiSeries) -> list[Limits]:
    """The static limits of each version in the period; what is learned is drawn as a band."""
    found = []
    for place, version in enumerate(series.versions):
        start = version.since if place else series.start
        later = series.versions[place + 1 : place + 2]
        end = later[0].since if later else series.end
        start, end = max(start, series.start), min(end, series.end)
        if start < end:
            found.append(Limits(start, end, version.rule.bands))
    return found


def _summary(kpi: Kpi, found: Shown) -> str:
    """The chart in a sentence, for who does not see it."""
    columns = [each for each in found.series.columns if each.lowest is not None]
    if not columns:
        return "No readings in this period."
    low = min(each.lowest for each in columns if each.lowest is not None)
    high = max(each.highest for each in columns if each.highest is not None)
    out = sum(each.is_out for each in columns)
    return (
        f"{kpi.name} over {found.days} days: {found.series.readings:,} readings from "
        f"{number(low)} to {number(high, kpi.unit)}, {_count(out, 'place')} over the breach limit, "
        f"{_count(len(found.incidents), 'incident')}."
    )


def _count(number_of: int, word: str) -> str:
    return f"{number_of or 'no'} {word}{'' if number_of == 1 else 's'}"


def _row(kpi: Kpi, column: Column) -> TableRow:
    notes = []
    if column.is_out:
        notes.append("over the limit")
    if column.suspect:
        notes.append(f"{column.suspect} in doubt")
    if column.replaced:
        notes.append(f"{column.replaced} corrected")
    return TableRow(
        at=f"{column.first_at:%Y-%m-%d %H:%M}",
        count=column.count,
        lowest=number(column.lowest),
        highest=number(column.highest),
        note=", ".join(notes),
        is_out=column.is_out,
    )


def _segments(kpi: Kpi, found: Shown) -> tuple[SegmentView, ...]:
    if len(found.states) < 2:
        return ()
    values = last_values([(kpi.pk, state.segment) for state in found.states[:100]])
    return tuple(
        SegmentView(
            name=state.segment or "All together",
            url=reverse("kpi", args=[kpi.code])
            + f"?{urlencode({'days': found.days, 'segment': state.segment})}",
            state=StateView.of(state.state),
            value=number(state.last_value, kpi.unit),
            since=state.since_at,
            spark=spark(values.get((kpi.pk, state.segment), []), found.version),
            is_active=state.segment == found.segment,
        )
        for state in found.states[:100]
    )


def _annotation(each: KpiAnnotation, at: datetime) -> AnnotationView:
    return AnnotationView(
        each.pk,
        each.get_kind_display(),
        each.label,
        each.starts_at,
        each.ends_at,
        str(each.made_by),
        each.starts_at <= at < each.ends_at,
    )


def _remedy(
    kpi: Kpi, state: KpiState | None, incident: Incident | None, user: User
) -> Remedy | None:
    states = {kpi.pk: state} if state else {}
    open_now = {kpi.pk: [incident]} if incident else {}
    return remedies([kpi], states, open_now, user).get(kpi.pk)


def limits_words(version: Threshold | None, unit: str) -> tuple[str, ...]:
    """The limits in force, one sentence each."""
    if version is None:
        return ()
    found = []
    if version.mode != Mode.BASELINE:
        for side in version.rule.bands.sides:
            word = "below" if side == "lo" else "above"
            for name, label in (("warn", "Warning"), ("breach", "Breach")):
                value = getattr(version, f"{name}_{side}")
                if value is not None:
                    found.append(f"{label} {word} {number(value, unit)}")
    if version.mode != Mode.STATIC:
        found.append(
            f"Learned: warning {version.warn_k:g}, breach {version.breach_k:g} spreads from usual"
        )
    found.append(f"{version.n} of {version.m} readings enter, {version.c} good ones leave")
    return tuple(found)
