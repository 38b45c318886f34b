"""What the limits of a KPI would have done in the last 90 days, and others to think about."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from escalations.models import Kpi, KpiState, Threshold
from escalations.rules.baselines import Baseline, place_in_day
from escalations.rules.charts import number
from escalations.rules.limit_suggestions import (
    Outcome,
    Suggestion,
    in_spreads,
    outcome,
    spreads_rule,
    suggestions,
)
from escalations.rules.thresholds import Mode
from escalations.selectors.annotations import is_masked, masks_of
from escalations.selectors.baselines import learned_days
from escalations.selectors.kpi_list import RANKS
from escalations.selectors.kpis import version_at, versions_of
from escalations.selectors.readings import Point, points_of

BACK = timedelta(days=90)
MOST_POINTS = 50_000
LEAST_POINTS = 30


@dataclass(frozen=True, slots=True)
class Choice:
    """One line of the table: limits in words and what they would have done."""

    label: str
    warn: str
    breach: str
    breaches: int
    warnings: int
    share_off: str
    is_present: bool = False


@dataclass(frozen=True, slots=True)
class SideView:
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class LimitsPage:
    kpi: Kpi
    segment: str
    segments: tuple[str, ...]
    version: Threshold | None
    readings: int
    days: int
    is_cut: bool
    is_enough: bool
    left_out: int
    sides: tuple[SideView, ...]


def limits_page(kpi: Kpi, asked: str | None, at: datetime) -> LimitsPage:
    """Readings of known events are left out, as they are from learning. Seven queries."""
    states = list(KpiState.objects.filter(kpi=kpi).order_by("segment"))
    names = tuple(state.segment for state in states)
    worst = min(states, key=lambda state: RANKS[state.state], default=None)  # type: ignore[index]
    segment = asked if asked is not None and asked in names else (worst.segment if worst else "")
    versions = versions_of([kpi.pk]).get(kpi.pk, [])
    version = version_at(versions, at) if versions else None
    newest = points_of(kpi.pk, segment, start=at - BACK, before=at, most=MOST_POINTS)
    masks = masks_of([kpi.pk])[kpi.pk]
    points = [point for point in reversed(newest) if not is_masked(masks, point.at)]
    is_enough = version is not None and len(points) >= LEAST_POINTS
    sides: tuple[SideView, ...] = ()
    if version is not None and is_enough:
        is_learned = version.mode == Mode.BASELINE
        sides = (
            _learned(kpi, segment, version, points) if is_learned else _static(kpi, version, points)
        )
    return LimitsPage(
        kpi=kpi,
        segment=segment,
        segments=names if len(names) > 1 else (),
        version=version,
        readings=len(points),
        days=(at - points[0].at).days + 1 if points else 0,
        is_cut=len(newest) == MOST_POINTS,
        is_enough=is_enough,
        left_out=len(newest) - len(points),
        sides=sides,
    )


def _static(kpi: Kpi, version: Threshold, points: list[Point]) -> tuple[SideView, ...]:
    """Each side of a range is looked at alone, with the other as it is."""
    unit, rule = kpi.unit, version.rule
    pairs = [(point.at, point.value) for point in points]
    rule = replace(rule, mode=Mode.STATIC)
    now = outcome(rule, pairs)
    found = []
    for side in rule.bands.sides:
        warn, breach = getattr(rule.bands, f"warn_{side}"), getattr(rule.bands, f"breach_{side}")
        if warn is None or breach is None:
            continue
        title = "Lower limits" if side == "lo" else "Upper limits"
        rows = suggestions(rule, side, pairs)
        found.append(
            SideView(
                title if len(rule.bands.sides) > 1 else "Limits",
                (
                    _choice("Now", number(warn, unit), number(breach, unit), now, is_present=True),
                    *(_suggested(row, unit) for row in rows),
                ),
            )
        )
    return tuple(found)


def _learned(
    kpi: Kpi, segment: str, version: Threshold, points: list[Point]
) -> tuple[SideView, ...]:
    zone = ZoneInfo(kpi.time_zone)
    walls = [point.at.astimezone(zone) for point in points]
    rows = learned_days([(kpi.pk, segment)], {wall.date() for wall in walls})[kpi.pk, segment]
    days = {row.day: row for row in rows if row.time_zone == kpi.time_zone}

    def band_at(wall: datetime) -> Baseline | None:
        row = days.get(wall.date())
        band = row and row.bands.get(str(place_in_day(wall, row.buckets)))
        return Baseline(*band) if band else None

    seen = ((p.at, p.value, band_at(wall)) for p, wall in zip(points, walls, strict=True))
    pairs = in_spreads(seen, version.direction)
    rule = spreads_rule(version.rule)
    now = _choice(
        "Now",
        number(version.warn_k, "spreads"),
        number(version.breach_k, "spreads"),
        outcome(rule, pairs),
        is_present=True,
    )
    rows_of = (_suggested(row, "spreads") for row in suggestions(rule, "hi", pairs))
    return (SideView("Learned limits", (now, *rows_of)),)


def _suggested(row: Suggestion, unit: str) -> Choice:
    label = "No breach" if row.wanted == 0 else f"At most {row.wanted}"
    return _choice(label, number(row.warn, unit), number(row.breach, unit), row.outcome)


def _choice(
    label: str, warn: str, breach: str, result: Outcome, *, is_present: bool = False
) -> Choice:
    return Choice(
        label,
        warn,
        breach,
        result.breaches,
        result.warnings,
        f"{result.share_off:.1%}",
        is_present,
    )
