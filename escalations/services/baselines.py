"""Learned limits: a day is learned once, when its first reading is judged, and then read.

What is corrected later counts from the next day learned: the limits that paged somebody stand.
Only history that reaches further back than what was known then (a backfill) has a day learned
again, because it was learned from too little.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalations.models import Kpi, LearnedDay, Threshold
from escalations.rules.baselines import (
    Baseline,
    Buckets,
    Learned,
    learn,
    learned_rule,
    look_back,
    place_in_day,
)
from escalations.rules.thresholds import ThresholdRule
from escalations.selectors.annotations import Span, is_masked, masks_of
from escalations.selectors.baselines import first_value_at, learned_days, values_of

DAY = timedelta(days=1)


class LearnedLimits:
    """The learned limits of one KPI's segment, by local day.

    Say by `know` which times will be asked for; what is missing is learned then, in one pass.
    """

    def __init__(self, kpi: Kpi, segment: str, *, at: datetime) -> None:
        self.kpi, self.segment, self.at = kpi, segment, at
        self.zone = ZoneInfo(kpi.time_zone)
        self._rows: dict[date, LearnedDay] = {}
        self._days: dict[date, Learned] = {}
        self._masks: list[Span] | None = None

    @property
    def masks(self) -> list[Span]:
        """Known events: they teach nothing, and limits are wider while they last."""
        if self._masks is None:
            self._masks = masks_of([self.kpi.pk])[self.kpi.pk]
        return self._masks

    def mask(self, spans: list[Span]) -> None:
        """The known events, read by the caller."""
        self._masks = spans

    def days_of(self, times: Iterable[datetime]) -> set[date]:
        return {when.astimezone(self.zone).date() for when in times}

    def remember(self, rows: Iterable[LearnedDay]) -> None:
        """Rows read by the caller; those of another zone are of no use."""
        for row in rows:
            if row.time_zone == self.kpi.time_zone:
                self._rows[row.day] = row
                self._days[row.day] = _learned(row)

    def know(self, times: Iterable[datetime], *, is_late: bool = False) -> None:
        """Have the days of these times at hand. `is_late`: look whether history grew backwards."""
        wanted = self.days_of(times)
        if unread := wanted - self._days.keys():
            self.remember(learned_days([self._key], unread)[self._key])
        missing = wanted - self._days.keys()
        if not missing and not is_late:
            return
        first_at = first_value_at(*self._key)
        first_on = None if first_at is None else first_at.astimezone(self.zone).date()
        if is_late and first_on is not None:
            missing |= {day for day in wanted & self._rows.keys() if self._is_thin(day, first_on)}
        if missing:
            self._learn(missing, first_on)

    def rule_at(self, version: Threshold, when: datetime) -> ThresholdRule | None:
        """The rule that judges the point at `when`; None when too little is known to judge."""
        is_event = is_masked(self.masks, when)
        return learned_rule(version.rule, self.usual_at(when), is_event=is_event)

    def usual_at(self, when: datetime) -> Baseline | None:
        wall = when.astimezone(self.zone)
        learned = self._days.get(wall.date())
        if learned is None:
            return None
        return learned.bands.get(place_in_day(wall, learned.buckets))

    @property
    def _key(self) -> tuple[int, str]:
        return self.kpi.pk, self.segment

    def _is_thin(self, day: date, first_on: date) -> bool:
        known_from = self._rows[day].first_on
        return known_from is None or (
            first_on < known_from and known_from > day - look_back(self.kpi.grain_s)
        )

    def _learn(self, days: Collection[date], first_on: date | None) -> None:
        # A day more at each end than needed: local days begin up to 14 hours from those of UTC.
        start = _midnight(min(days)) - look_back(self.kpi.grain_s) - DAY
        values = values_of(*self._key, start=start, before=_midnight(max(days)) + DAY)
        if masks := self.masks:
            usual = [(when, value) for when, value in values if not is_masked(masks, when)]
        else:
            usual = list(values)
        found = learn(usual, days, zone=self.zone, grain_s=self.kpi.grain_s, first_on=first_on)
        rows = []
        for learned in found:
            self._days[learned.day] = learned
            self._rows[learned.day] = LearnedDay(
                kpi=self.kpi,
                segment=self.segment,
                day=learned.day,
                time_zone=self.kpi.time_zone,
                buckets=learned.buckets,
                first_on=first_on,
                bands={
                    str(place): [band.centre, band.spread, band.count]
                    for place, band in learned.bands.items()
                },
                learned_at=self.at,
            )
            rows.append(self._rows[learned.day])
        LearnedDay.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["kpi", "segment", "day"],
            update_fields=["time_zone", "buckets", "first_on", "bands", "learned_at"],
        )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _learned(row: LearnedDay) -> Learned:
    bands = {int(place): Baseline(*band) for place, band in row.bands.items()}
    return Learned(row.day, Buckets(row.buckets), bands)


def read_learned(wanted: Iterable[tuple[LearnedLimits, Iterable[datetime]]]) -> None:
    """Read what is learned for many KPIs at once; what is missing each learns for itself."""
    asked = [(limits, limits.days_of(times)) for limits, times in wanted]
    if not asked:
        return
    keys = [(limits.kpi.pk, limits.segment) for limits, _ in asked]
    rows = learned_days(keys, set().union(*(days for _, days in asked)))
    masks = masks_of({kpi for kpi, _ in keys})
    for limits, _ in asked:
        limits.mask(masks[limits.kpi.pk])
        limits.remember(rows[limits.kpi.pk, limits.segment])
