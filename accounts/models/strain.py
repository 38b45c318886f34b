"""What counts as too much duty, of each roster. SEMANTICS' figures are the defaults."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import F, Q

from accounts.rules.fairness import Limits
from config.lib.models import check


class StrainLimits(models.Model):
    """Fields of a roster: its history tells who moved a limit, when and why."""

    most_share = models.PositiveSmallIntegerField(
        "most time on call", default=25, help_text="Per cent of the time of one person."
    )
    most_incidents = models.PositiveSmallIntegerField(
        "most incidents", default=2, help_text="In 12 hours on call."
    )
    most_night_pages = models.PositiveSmallIntegerField(
        "night pages", default=3, help_text="In any seven days; as many are too much."
    )
    least_rest_hours = models.PositiveSmallIntegerField(
        "least rest", default=11, help_text="Hours after a night page."
    )
    most_broken_rests = models.PositiveSmallIntegerField(
        "broken rests", default=2, help_text="As many weigh in full."
    )
    most_days_in_row = models.PositiveSmallIntegerField("most days in a row", default=7)
    most_weekends_in_row = models.PositiveSmallIntegerField(
        "weekends in a row", default=2, help_text="As many are too much."
    )
    over_mean_percent = models.PositiveSmallIntegerField(
        "over the mean", default=125, help_text="Per cent of the mean hours that is named."
    )
    amber_score = models.PositiveSmallIntegerField("raised from", default=60)
    red_score = models.PositiveSmallIntegerField("high from", default=80)

    class Meta:
        abstract = True

    @property
    def strain_limits(self) -> Limits:
        return Limits(
            share=self.most_share / 100,
            incidents_per_shift=self.most_incidents,
            night_pages=self.most_night_pages,
            rest=timedelta(hours=self.least_rest_hours),
            broken_rests=self.most_broken_rests,
            days_in_row=self.most_days_in_row,
            weekends_in_row=self.most_weekends_in_row,
            over_mean=self.over_mean_percent / 100,
            amber=self.amber_score,
            red=self.red_score,
        )


STRAIN_FIELDS = tuple(field.name for field in StrainLimits._meta.local_fields)
STRAIN_CHECKS: list[models.BaseConstraint] = [
    check(
        "roster_strain_limits",
        Q(
            most_share__range=(1, 100),
            most_incidents__gte=1,
            most_night_pages__gte=1,
            least_rest_hours__range=(2, 48),
            most_broken_rests__gte=1,
            most_days_in_row__gte=1,
            most_weekends_in_row__gte=1,
            over_mean_percent__gte=100,
        ),
        "A limit is 1 or more, a share at most 100 per cent, rest 2 to 48 hours, over the mean "
        "100 per cent or more.",
    ),
    check(
        "roster_strain_levels",
        Q(amber_score__gte=1, amber_score__lt=F("red_score"), red_score__lte=100),
        "Raised comes before high, both from 1 to 100.",
    ),
]
