"""The rubric by which accounts are valued. It is never edited: it gets a new version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Case, F, Q, When

from accounts.rules.valuation import STARTING, Rubric
from accounts.rules.value_checks import problems
from config.lib.models import STAMPS, Stamped, check, recorded
from config.lib.stamps import kept
from config.lib.versions import Version, approved_is_hashed, version_constraints

CONTENT = tuple(field.name for field in fields(Rubric))


class ValueRubric(Stamped):
    """There is one, `accounts`."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


def _share(name: str, label: str) -> models.PositiveSmallIntegerField[Any, Any]:
    return models.PositiveSmallIntegerField(label, default=getattr(STARTING, name))


def _amount(name: str, label: str) -> models.PositiveBigIntegerField[Any, Any]:
    return models.PositiveBigIntegerField(label, default=getattr(STARTING, name))


def importance_texts() -> list[str]:
    return list(STARTING.importance_anchors)


def influence_texts() -> list[str]:
    return list(STARTING.influence_anchors)


class ValueRubricVersion(Version):
    """What `accounts.rules.valuation.Rubric` says, column by column."""

    rubric = models.ForeignKey(ValueRubric, models.PROTECT, related_name="versions")
    lifetime_value_weight = _share("lifetime_value_weight", "weight of lifetime value")
    importance_weight = _share("importance_weight", "weight of strategic importance")
    influence_weight = _share("influence_weight", "weight of influence")
    renewal_weight = _share("renewal_weight", "weight of renewal risk")
    momentum_weight = _share("momentum_weight", "weight of usage momentum")
    value_share = _share("value_share", "share of value in the priority")
    strategic_from = _share("strategic_from", "strategic from")
    enterprise_from = _share("enterprise_from", "enterprise from")
    high_potential_from = _share("high_potential_from", "high potential from")
    lifetime_2_from = _amount("lifetime_2_from", "lifetime value 2 from")
    lifetime_3_from = _amount("lifetime_3_from", "lifetime value 3 from")
    lifetime_4_from = _amount("lifetime_4_from", "lifetime value 4 from")
    renewal_1_days = _share("renewal_1_days", "renewal risk 1 up to")
    renewal_2_days = _share("renewal_2_days", "renewal risk 2 up to")
    renewal_3_days = _share("renewal_3_days", "renewal risk 3 up to")
    renewal_4_days = _share("renewal_4_days", "renewal risk 4 up to")
    growing_pct = _share("growing_pct", "usage grows from")
    fall_2_pct = _share("fall_2_pct", "usage momentum 2 from a fall of")
    fall_3_pct = _share("fall_3_pct", "usage momentum 3 from a fall of")
    fall_4_pct = _share("fall_4_pct", "usage momentum 4 from a fall of")
    importance_anchors = models.JSONField(default=importance_texts)
    influence_anchors = models.JSONField(default=influence_texts)
    revalue_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="The next accounts take this version over then; empty once all did.",
    )

    history = recorded(excluded=(*STAMPS, "revalue_at"))

    class Meta:
        ordering = ["rubric", "number"]
        indexes = [
            models.Index(
                fields=["revalue_at"],
                name="value_rubric_revalue",
                condition=Q(revalue_at__isnull=False),
            )
        ]
        constraints = [
            *version_constraints("value_rubric_version", "rubric"),
            approved_is_hashed("value_rubric_version"),
            check(
                "value_rubric_value_weights",
                Q(lifetime_value_weight=100 - F("importance_weight") - F("influence_weight")),
                "The weights of value sum to 100.",
                "weights",
            ),
            check(
                "value_rubric_risk_weights",
                Q(renewal_weight=100 - F("momentum_weight")),
                "The weights of risk sum to 100.",
                "weights",
            ),
            check("value_rubric_share", Q(value_share__lte=100), "A share is 0 to 100 per cent."),
            check(
                "value_rubric_tiers",
                Q(high_potential_from__gte=1, enterprise_from__gt=F("high_potential_from"))
                & Q(strategic_from__gt=F("enterprise_from"), strategic_from__lte=100),
                "Tiers rise from 1 to 100 points.",
                "not_rising",
            ),
            check(
                "value_rubric_lifetime",
                Q(lifetime_2_from__gte=1, lifetime_3_from__gt=F("lifetime_2_from"))
                & Q(lifetime_4_from__gt=F("lifetime_3_from")),
                "The limits of lifetime value rise.",
                "not_rising",
            ),
            check(
                "value_rubric_renewal",
                Q(renewal_3_days__gt=F("renewal_4_days"), renewal_2_days__gt=F("renewal_3_days"))
                & Q(renewal_1_days__gt=F("renewal_2_days")),
                "The days to renewal fall from anchor 1 to anchor 4.",
                "not_rising",
            ),
            check(
                "value_rubric_momentum",
                Q(growing_pct__gte=1, fall_2_pct__gte=1, fall_3_pct__gt=F("fall_2_pct"))
                & Q(fall_4_pct__gt=F("fall_3_pct"), fall_4_pct__lte=100),
                "The falls of usage rise to 100 per cent.",
                "not_rising",
            ),
        ]

    @property
    def said(self) -> Rubric:
        values = {name: getattr(self, name) for name in CONTENT}
        texts = {name: tuple(values[name]) for name in CONTENT if name.endswith("_anchors")}
        return Rubric(**{**values, **texts})

    def clean(self) -> None:
        found = problems(self.said)
        if found:
            raise ValidationError(
                {each.field: ValidationError(each.sentence, code=each.code) for each in found}
            )

    @classmethod
    def in_use(cls) -> InUse:
        """What values accounts at present, kept by each process while nothing changes it."""
        return kept().one("value rubrics", cls._read_in_use)

    @classmethod
    def _read_in_use(cls) -> InUse:
        now = cls._default_manager.filter(state="in_force").select_related("rubric").first()
        if now is None or now.revalue_at is None:
            return InUse(now, {})
        before = cls._default_manager.filter(state="retired")
        return InUse(now, {version.pk: version.said for version in before})


@dataclass(frozen=True, slots=True)
class InUse:
    """`before`: as long as accounts are valued anew, what the others are still valued by."""

    in_force: ValueRubricVersion | None
    before: dict[int, Rubric]

    @property
    def said(self) -> Rubric:
        return self.in_force.said if self.in_force else STARTING

    def each(
        self, build: Callable[[Rubric], Any], field: models.Field[Any, Any] | None = None
    ) -> Any:
        """What `build` makes of the rubric of each account, in SQL."""
        if not self.before:
            return build(self.said)
        return Case(
            *(When(valued_by=pk, then=build(rubric)) for pk, rubric in self.before.items()),
            default=build(self.said),
            output_field=field or models.IntegerField(),
        )
