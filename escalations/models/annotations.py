"""Known events of a KPI: a promotion or a release, from when to when."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, one_of, paired
from escalations.models.kpis import Kpi


class AnnotationKind(models.TextChoices):
    PROMO = "promo", "Promotion"
    RELEASE = "release", "Release"
    OTHER = "other", "Other event"


class AnnotationQuerySet(models.QuerySet["KpiAnnotation"]):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class KpiAnnotation(models.Model):
    """What is measured in [starts_at, ends_at) teaches no limits, and learned limits are wider
    then. Never edited: who erred withdraws it and writes another."""

    kpi = models.ForeignKey(Kpi, models.PROTECT, related_name="annotations", db_index=False)
    kind = models.CharField(max_length=8, choices=AnnotationKind)
    label = models.CharField(max_length=120)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = AnnotationQuerySet.as_manager()

    class Meta:
        ordering = ["starts_at", "id"]
        constraints = [
            check(
                "kpi_annotation_period",
                Q(ends_at__gt=F("starts_at")),
                "An event ends after it starts.",
            ),
            check("kpi_annotation_label", ~Q(label=""), "Say what happens, in a few words."),
            one_of("kpi_annotation_kind", "kind", AnnotationKind),
            paired("kpiannotation", at="withdrawn_at", by="withdrawn_by"),
        ]
        indexes = [models.Index(fields=["kpi", "starts_at"], name="kpi_annotation_by_time")]

    def __str__(self) -> str:
        return self.label
