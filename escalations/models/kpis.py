"""KPIs: identity, sources, readings, and one state row per KPI and segment.

A check costs what changed: ingest marks the state rows it touched as dirty, and the check reads
only those (STACK 4). The state row also keeps the state machine, so that an in-order reading is
judged without looking at history at all.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from accounts.models import Account, Team, User
from accounts.models.people import validate_zone
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique
from escalations.rules.policy import Severity
from escalations.rules.thresholds import KpiStateName

SEVERITIES = [(s.value, s.label) for s in Severity]


def _person() -> models.ForeignKey[User | Combinable | None, User | None]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )


class Family(models.TextChoices):
    """The taxonomy of KPIs: what a KPI speaks of."""

    REVENUE = "revenue"
    GROWTH = "growth"
    CUSTOMER = "customer"
    RELIABILITY = "reliability"
    QUALITY = "quality"
    EFFICIENCY = "efficiency"
    RISK = "risk"


class Kpi(Stamped):
    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=160)
    unit = models.CharField(max_length=24, blank=True)
    objective = models.CharField(
        max_length=300, blank=True, help_text="The business objective it serves, in a sentence."
    )
    family = models.CharField(max_length=12, choices=Family, blank=True)
    description = models.TextField(blank=True)
    product_area = models.CharField(max_length=80, blank=True)
    grain_s = models.PositiveIntegerField(
        "grain, seconds", default=3600, help_text="How far apart two readings are."
    )
    time_zone = models.CharField(
        max_length=64,
        default="UTC",
        validators=[validate_zone],
        help_text="Days and hours of learned limits are counted here, such as Europe/Berlin.",
    )
    is_critical = models.BooleanField("critical", default=False)
    review_every_days = models.PositiveSmallIntegerField("review every, days", default=90)
    reviewed_on = models.DateField(null=True, blank=True)
    owner = _person()
    steward = _person()
    remediation_leader = _person()
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="kpis")
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="kpis")
    is_active = models.BooleanField(default=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["code"]
        constraints = [
            check("kpi_grain", Q(grain_s__gte=1), "The grain is at least one second."),
            check(
                "kpi_family",
                Q(family__in=["", *Family.values]),
                f"family is one of {', '.join(Family.values)}, or empty.",
            ),
            check(
                "kpi_review_every",
                Q(review_every_days__gte=1, review_every_days__lte=3660),
                "A KPI is reviewed every 1 to 3660 days.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def review_due_on(self) -> date | None:
        """None for a KPI that was never reviewed: that is due at once."""
        return self.reviewed_on and self.reviewed_on + timedelta(days=self.review_every_days)


class KpiSource(Stamped):
    """Where a KPI is measured. `name` is what readings carry as their source.

    The tolerances say how far two sources may differ over one window before they disagree.
    """

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="sources")
    name = models.CharField(max_length=80, help_text="As readings name it.")
    system = models.CharField(max_length=120, blank=True, help_text="Such as the warehouse.")
    description = models.CharField(max_length=300, blank=True)
    is_primary = models.BooleanField("primary", default=False)
    tolerance_abs = models.FloatField("tolerance, in the unit", null=True, blank=True)
    tolerance_rel = models.FloatField(
        "tolerance, share", null=True, blank=True, help_text="0.02 is two per cent."
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["kpi", "name"]
        constraints = [
            unique("kpi_source_name", "kpi", "name", sentence="This KPI has that source already."),
            unique(
                "kpi_source_primary",
                "kpi",
                sentence="A KPI has one primary source.",
                condition=Q(is_primary=True),
            ),
            check(
                "kpi_source_tolerance_abs",
                Q(tolerance_abs=None) | Q(tolerance_abs__gte=0, tolerance_abs__lte=1e300),
                "A tolerance is a number from 0.",
            ),
            check(
                "kpi_source_tolerance_rel",
                Q(tolerance_rel=None) | Q(tolerance_rel__gte=0, tolerance_rel__lte=1),
                "A tolerance as a share is 0 to 1.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


STATES = [
    (KpiStateName.OK.value, "OK"),
    (KpiStateName.WARN.value, "Warning"),
    (KpiStateName.BREACH.value, "Breach"),
    (KpiStateName.NO_DATA.value, "No data"),
    (KpiStateName.SUSPECT.value, "Suspect"),
]


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
    # The newest point could not be judged: too few earlier values to learn limits from.
    is_learning = models.BooleanField("learning", default=False)
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
    threshold = models.ForeignKey("escalations.Threshold", models.PROTECT, related_name="+")
    is_late = models.BooleanField(default=False)
    superseded_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        indexes = [models.Index(fields=["kpi", "segment", "at"], name="kpi_flip_by_time")]

    def __str__(self) -> str:
        return f"{self.from_state} to {self.to_state}"
