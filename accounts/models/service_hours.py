"""Business calendars. A calendar is never edited: it gets a new version with an effective time."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.models.people import validate_zone
from accounts.rules.service_hours import Calendar, CalendarError
from config.lib.models import STAMPS, Stamped, check, recorded, unique
from config.lib.versions import Version, approved_is_hashed, version_constraints


class ServiceHours(Stamped):
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "service hours"

    def __str__(self) -> str:
        return self.name


class ServiceHoursVersion(Version):
    """`weekly`: {"mon": [["09:00", "17:00"]], ...}; `dates`: {"2026-12-25": []} closes a date.

    `places`: further places whose hours count too (follow the sun), each {tz, weekly, dates}.
    """

    service_hours = models.ForeignKey(ServiceHours, models.PROTECT, related_name="versions")
    zone = models.CharField(max_length=64, validators=[validate_zone])
    is_always_open = models.BooleanField(default=False)
    weekly = models.JSONField(default=dict, blank=True)
    dates = models.JSONField(default=dict, blank=True)
    places = models.JSONField(
        default=list, blank=True, help_text="Further places whose hours count too."
    )
    adopt_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="Clocks that run take these hours over then; empty once they did.",
    )

    history = recorded(excluded=(*STAMPS, "adopt_at"))

    class Meta:
        ordering = ["service_hours", "number"]
        indexes = [
            models.Index(
                fields=["adopt_at"],
                name="service_hours_adopt",
                condition=Q(adopt_at__isnull=False),
            )
        ]
        constraints = [
            *version_constraints("service_hours_version", "service_hours"),
            approved_is_hashed("service_hours_version"),
            unique(
                "service_hours_version_effective",
                "service_hours",
                "effective_from",
                sentence="Another version takes effect at the same instant.",
            ),
            check("service_hours_version_positive", Q(number__gte=1), "Versions count from 1."),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def spec(self) -> dict[str, object]:
        """The calendar as data, in the form `Calendar.of` reads."""
        own: dict[str, object] = {"tz": self.zone, "weekly": self.weekly, "dates": self.dates}
        if self.is_always_open:
            own = {"24x7": True, "tz": self.zone, "dates": self.dates}
        return {"union": [own, *self.places]} if self.places else own

    def clean(self) -> None:
        try:
            Calendar.of(self.spec)
        except CalendarError as error:
            raise ValidationError(error.sentence, code=error.code) from error
