"""Versions of a KPI's limits: static ones, learned ones, or both (SEMANTICS 5.1, 5.2)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.functional import cached_property

from config.lib.models import STAMPS, check, one_of, recorded, unique
from config.lib.versions import Version, approved_is_hashed, version_constraints
from escalations.models.kpis import SEVERITIES, Kpi
from escalations.rules import facts
from escalations.rules.baselines import BREACH_K, WARN_K
from escalations.rules.policy import Severity
from escalations.rules.threshold_problems import problems
from escalations.rules.thresholds import (
    LEVELS,
    Bands,
    Direction,
    KpiStateName,
    MissingPolicy,
    Mode,
    ThresholdRule,
)
from escalations.rules.units import is_never_negative

MODES = [
    (Mode.STATIC.value, "Static limits"),
    (Mode.BASELINE.value, "Learned limits"),
    (Mode.BOTH.value, "Both, the worse counts"),
]
DIRECTIONS = [
    (Direction.HIGHER.value, "Higher is better"),
    (Direction.LOWER.value, "Lower is better"),
    (Direction.RANGE.value, "Inside a range"),
]


class Threshold(Version):
    """One version of a KPI's bands. "Higher" fills the `_lo` columns, "lower" the `_hi` ones.

    Readings are judged by what is, or was, in force: by `effective_from`."""

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="thresholds")
    direction = models.CharField(max_length=8, choices=DIRECTIONS)
    mode = models.CharField(max_length=8, choices=MODES, default=Mode.STATIC)
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
    warn_k = models.FloatField(
        "warn outside, spreads", default=WARN_K, help_text="Learned limits: from the median."
    )
    breach_k = models.FloatField("breach outside, spreads", default=BREACH_K)
    resolution = models.FloatField(
        default=0.0, help_text="The smallest step that matters; no spread is taken as less."
    )
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
    warn_facts = models.JSONField(default=dict, blank=True)
    breach_facts = models.JSONField(default=dict, blank=True)
    revenue_exposed = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["kpi", "number"]
        constraints = [
            *version_constraints("threshold", "kpi"),
            approved_is_hashed("threshold"),
            unique(
                "threshold_effective",
                "kpi",
                "effective_from",
                sentence="Another version takes effect at the same instant.",
            ),
            one_of("threshold_direction", "direction", Direction),
            one_of("threshold_mode", "mode", Mode),
            check(
                "threshold_k",
                Q(warn_k__gt=0, breach_k__gt=F("warn_k"), breach_k__lte=1000),
                "Learned limits: warn lies above 0 spreads and breach further out, up to 1000.",
            ),
            check(
                "threshold_resolution",
                Q(resolution__gte=0, resolution__lte=1e300),
                "The resolution is 0 or more.",
            ),
            one_of("threshold_missing", "missing", MissingPolicy),
            check("threshold_n_of_m", Q(n__gte=1, m__gte=F("n")), "N is at least 1 and at most M."),
            check("threshold_m", Q(m__lte=100), "M is at most 100."),
            check("threshold_c", Q(c__gte=1, c__lte=100), "C is 1 to 100."),
            check(
                "threshold_sides",
                Q(mode="baseline")
                | Q(
                    direction="higher", warn_lo__isnull=False, breach_lo__isnull=False, warn_hi=None
                )
                | Q(direction="lower", warn_hi__isnull=False, breach_hi__isnull=False, warn_lo=None)
                | Q(
                    direction="range",
                    warn_lo__isnull=False,
                    warn_hi__isnull=False,
                    breach_lo__isnull=False,
                    breach_hi__isnull=False,
                ),
                "A KPI that should be high has lower limits, one that should be low upper ones, "
                "a range both; only learned limits alone need none.",
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

    @cached_property  # what judges never changes
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
            mode=Mode(self.mode),
            warn_k=self.warn_k,
            breach_k=self.breach_k,
            resolution=self.resolution,
        )

    def facts_of(self, state: KpiStateName | str) -> dict[str, Any]:
        """The facts declared for warn or for breach, exposed revenue among them; else none."""
        declared = {"warn": self.warn_facts, "breach": self.breach_facts}.get(str(state))
        if declared is None:
            return {}
        said = {name: value for name, value in declared.items() if value is not None}
        if self.revenue_exposed is not None:
            exposed = {facts.ARR_AT_RISK: str(self.revenue_exposed)}
            said |= facts.worse(said, exposed)
        return said

    def clean(self) -> None:
        for name in ("warn_facts", "breach_facts"):
            if getattr(self, name) is None:  # an empty box of a form
                setattr(self, name, {})
        is_learned = self.mode == Mode.BASELINE
        found = problems(self.rule.bands, self.n, self.m, self.c, needs_limits=not is_learned)
        found += facts.problems("warn_facts", self.warn_facts)
        found += facts.problems("breach_facts", self.breach_facts)
        has_kpi = self.kpi_id is not None or Threshold.kpi.is_cached(self)
        if has_kpi and is_never_negative(self.kpi.unit):
            found += [
                (name, "negative", f"{self.kpi.unit} is never below 0.")
                for name in ("target_lo", "target_hi")
                if (target := getattr(self, name)) is not None and target < 0
            ]
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
