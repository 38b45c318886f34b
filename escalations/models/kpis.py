"""KPIs: identity, versioned thresholds, readings, and one state row per KPI and segment.

A check costs what changed: ingest marks the state rows it touched as dirty, and the check reads
only those (STACK 4). The state row also keeps the state machine, so that an in-order reading is
judged without looking at history at all.
"""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from accounts.models import Account, Team
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique
from escalations.rules.policy import Severity
from escalations.rules.thresholds import (
    LEVELS,
    Bands,
    Direction,
    KpiStateName,
    MissingPolicy,
    ThresholdRule,
    problems,
)

SEVERITIES = [(s.value, s.label) for s in Severity]
_PEOPLE = {"null": True, "blank": True, "related_name": "+"}


class Kpi(Stamped):
    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=160)
    unit = models.CharField(max_length=24, blank=True)
    description = models.TextField(blank=True)
    product_area = models.CharField(max_length=80, blank=True)
    grain_s = models.PositiveIntegerField(
        "grain, seconds", default=3600, help_text="How far apart two readings are."
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **_PEOPLE)
    steward = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **_PEOPLE)
    remediation_leader = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **_PEOPLE)
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="kpis")
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="kpis")
    is_active = models.BooleanField(default=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["code"]
        constraints = [
            check("kpi_grain", Q(grain_s__gte=1), "The grain is at least one second."),
        ]

    def __str__(self) -> str:
        return self.name


DIRECTIONS = [
    (Direction.HIGHER.value, "Higher is better"),
    (Direction.LOWER.value, "Lower is better"),
    (Direction.RANGE.value, "Inside a range"),
]
STATES = [
    (KpiStateName.OK.value, "OK"),
    (KpiStateName.WARN.value, "Warning"),
    (KpiStateName.BREACH.value, "Breach"),
    (KpiStateName.NO_DATA.value, "No data"),
    (KpiStateName.SUSPECT.value, "Suspect"),
]


class Threshold(Stamped):
    """One version of a KPI's bands. "Higher" fills the `_lo` columns, "lower" the `_hi` ones."""

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="thresholds")
    number = models.PositiveIntegerField()
    effective_from = models.DateTimeField()
    direction = models.CharField(max_length=8, choices=DIRECTIONS)
    target_lo = models.FloatField(null=True, blank=True)
    target_hi = models.FloatField(null=True, blank=True)
    warn_lo = models.FloatField(null=True, blank=True)
    warn_hi = models.FloatField(null=True, blank=True)
    breach_lo = models.FloatField(null=True, blank=True)
    breach_hi = models.FloatField(null=True, blank=True)
    clear_warn_lo = models.FloatField(null=True, blank=True)
    clear_warn_hi = models.FloatField(null=True, blank=True)
    clear_breach_lo = models.FloatField(null=True, blank=True)
    clear_breach_hi = models.FloatField(null=True, blank=True)
    n = models.PositiveSmallIntegerField(default=1, help_text="N of the last M readings.")
    m = models.PositiveSmallIntegerField(default=1)
    c = models.PositiveSmallIntegerField(default=1, help_text="Good readings in a row to clear.")
    missing = models.CharField(
        max_length=12,
        choices=[(p.value, p.value) for p in MissingPolicy],
        default=MissingPolicy.HOLD,
    )
    lateness_s = models.PositiveIntegerField(
        "lateness allowance, seconds", null=True, blank=True, help_text="Empty: two grains."
    )
    warn_severity = models.PositiveSmallIntegerField(choices=SEVERITIES, default=Severity.S3)
    breach_severity = models.PositiveSmallIntegerField(choices=SEVERITIES, default=Severity.S2)
    revenue_exposed = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["kpi", "number"]
        constraints = [
            unique(
                "threshold_number", "kpi", "number", sentence="This version number exists already."
            ),
            unique(
                "threshold_effective",
                "kpi",
                "effective_from",
                sentence="Another version takes effect at the same instant.",
            ),
            one_of("threshold_direction", "direction", Direction),
            one_of("threshold_missing", "missing", MissingPolicy),
            check("threshold_n_of_m", Q(n__gte=1, m__gte=F("n")), "N is at least 1 and at most M."),
            check("threshold_m", Q(m__lte=100), "M is at most 100."),
            check("threshold_c", Q(c__gte=1, c__lte=100), "C is 1 to 100."),
            check(
                "threshold_sides",
                Q(direction="higher", warn_lo__isnull=False, breach_lo__isnull=False, warn_hi=None)
                | Q(direction="lower", warn_hi__isnull=False, breach_hi__isnull=False, warn_lo=None)
                | Q(
                    direction="range",
                    warn_lo__isnull=False,
                    warn_hi__isnull=False,
                    breach_lo__isnull=False,
                    breach_hi__isnull=False,
                ),
                "A KPI that should be high has lower limits, one that should be low upper ones, "
                "a range both.",
            ),
            check(
                "threshold_order_lo",
                Q(warn_lo=None)
                | Q(
                    breach_lo__lt=F("clear_breach_lo"),
                    clear_breach_lo__lte=F("warn_lo"),
                    warn_lo__lt=F("clear_warn_lo"),
                ),
                "Order the lower limits: breach < clear breach <= warn < clear warn.",
            ),
            check(
                "threshold_order_hi",
                Q(warn_hi=None)
                | Q(
                    breach_hi__gt=F("clear_breach_hi"),
                    clear_breach_hi__gte=F("warn_hi"),
                    warn_hi__gt=F("clear_warn_hi"),
                ),
                "Order the upper limits: breach > clear breach >= warn > clear warn.",
            ),
            check(
                "threshold_revenue",
                Q(revenue_exposed=None) | Q(revenue_exposed__gte=0),
                "Revenue exposed is 0 or more.",
                "negative",
            ),
        ]

    def __str__(self) -> str:
        return f"thresholds v{self.number}"

    @cached_property  # a version never changes once it is stored
    def rule(self) -> ThresholdRule:
        sides = {
            f"{level}_{side}": getattr(self, f"{level}_{side}")
            for level in LEVELS
            for side in ("lo", "hi")
        }
        return ThresholdRule(
            Bands(direction=self.direction, **sides),
            n=self.n,
            m=self.m,
            c=self.c,
            missing=MissingPolicy(self.missing),
        )

    def clean(self) -> None:
        found = problems(self.rule.bands, self.n, self.m, self.c)
        if found:
            # Forms know the columns: `warn` of a one-sided KPI is warn_lo or warn_hi.
            side = "hi" if self.direction == Direction.LOWER else "lo"
            columns = {level: f"{level}_{side}" for level in LEVELS}
            errors: dict[str, list[ValidationError]] = {}
            for field, code, sentence in found:
                errors.setdefault(columns.get(field, field), []).append(
                    ValidationError(sentence, code=code)
                )
            raise ValidationError(errors)


class Series(models.Model):
    """Where readings of a KPI come from: one row per segment, channel and source."""

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="series")
    segment = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=80, blank=True)
    source = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name_plural = "series"
        constraints = [
            unique(
                "series_identity",
                "kpi",
                "segment",
                "channel",
                "source",
                sentence="This series exists already.",
            )
        ]

    def __str__(self) -> str:
        return " / ".join(part for part in (self.segment, self.channel, self.source) if part)


class Quality(models.TextChoices):
    VALID = "valid"
    SUSPECT = "suspect"
    REPLACED = "replaced"  # an older revision, kept


class Reading(models.Model):
    """One measured value. A correction is a new revision; the old one stays, marked replaced."""

    series = models.ForeignKey(Series, models.PROTECT, related_name="readings", db_index=False)
    at = models.DateTimeField()
    revision = models.PositiveSmallIntegerField(default=1)
    value = models.FloatField()
    quality = models.CharField(max_length=8, choices=Quality, default=Quality.VALID)
    period_end = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            # Also the index that reads a series by time.
            unique(
                "reading_identity", "series", "at", "revision", sentence="This reading is stored."
            ),
            one_of("reading_quality", "quality", Quality),
            check(
                "reading_period",
                Q(period_end=None) | Q(period_end__gte=F("at")),
                "A period ends after it begins.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} at {self.at}"


class KpiState(models.Model):
    """What a KPI's segment is in now. `dirty_from` is the earliest point not yet judged.

    `held_state` is the state that data gave; `state` may cover it with no_data or suspect.
    """

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="states")
    segment = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=8, choices=STATES, default=KpiStateName.OK)
    held_state = models.CharField(max_length=8, choices=STATES, default=KpiStateName.OK)
    since_at = models.DateTimeField(null=True, blank=True)
    judged_to = models.DateTimeField(null=True, blank=True)
    # The state machine after `judged_to` (Machine.as_json); empty before the first reading.
    machine = models.JSONField(default=list, blank=True)
    last_at = models.DateTimeField(null=True, blank=True)
    last_value = models.FloatField(null=True, blank=True)
    dirty_from = models.DateTimeField(null=True, blank=True)
    # The earliest point with two values that nobody corrected yet: until then `state` is frozen.
    suspect_at = models.DateTimeField(null=True, blank=True)
    no_data_due_at = models.DateTimeField(null=True, blank=True)
    parked_until = models.DateTimeField(null=True, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            unique("kpi_state_identity", "kpi", "segment", sentence="This state row exists."),
            one_of("kpi_state_name", "state", KpiStateName),
        ]
        indexes = [
            # The threshold check reads these and nothing else.
            models.Index(
                fields=["dirty_from"], name="kpi_state_dirty", condition=Q(dirty_from__isnull=False)
            ),
            models.Index(
                fields=["no_data_due_at"],
                name="kpi_state_no_data",
                condition=Q(no_data_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.state


class KpiFlip(models.Model):
    """A change of state, dated when the data changed, not when we noticed.

    A late reading may re-judge the past: the flips it overturns stay, marked superseded.
    """

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="flips", db_index=False)
    segment = models.CharField(max_length=120, blank=True)
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    from_state = models.CharField(max_length=8, choices=STATES)
    to_state = models.CharField(max_length=8, choices=STATES)
    value = models.FloatField(null=True, blank=True)
    threshold = models.ForeignKey(Threshold, models.PROTECT, related_name="+")
    is_late = models.BooleanField(default=False)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["kpi", "segment", "at"], name="kpi_flip_by_time")]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
