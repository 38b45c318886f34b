"""Times when something is expected to be off: signals are kept and counted, nobody is called."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import Account
from accounts.models.people import validate_zone
from config.lib.models import check, paired, recorded
from escalations.models.kpis import Kpi
from escalations.rules.maintenance import Repeat, Scope


class WindowQuerySet(models.QuerySet["MaintenanceWindow"]):
    def lasting(self, at: datetime) -> Self:
        return self.filter(starts_at__lte=at, ends_at__gt=at, ended_at=None)


class MaintenanceWindow(models.Model):
    """`starts_at` and `ends_at` are the present or next time of a repeating window. `settle_at`
    waits for the sweep: then what still stands opens, and a repeating window moves on."""

    reason = models.CharField(max_length=300)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    kpi = models.ForeignKey(Kpi, models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=120, blank=True)
    account = models.ForeignKey(Account, models.PROTECT, null=True, blank=True, related_name="+")
    product_area = models.CharField(max_length=80, blank=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    weekdays = models.CharField(
        max_length=7, blank=True, help_text="Digits, 0 is Monday; empty: once."
    )
    repeat_from = models.TimeField(null=True, blank=True)
    repeat_to = models.TimeField(null=True, blank=True)
    time_zone = models.CharField(max_length=64, blank=True, validators=[validate_zone])
    until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()
    settle_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    parked_error = models.CharField(max_length=300, blank=True)

    objects = WindowQuerySet.as_manager()

    skip_history_when_saving: bool

    history = recorded(excluded=("settle_at", "parked_error"))

    class Meta:
        constraints = [
            check("window_period", Q(ends_at__gt=F("starts_at")), "A window ends after it starts."),
            check(
                "window_scope",
                Q(kpi__isnull=False)
                | ~Q(source="")
                | Q(account__isnull=False)
                | ~Q(product_area=""),
                "Name what it covers: a KPI, a source, a customer or a product area.",
            ),
            check(
                "window_repeat",
                Q(weekdays="", repeat_from=None, repeat_to=None, time_zone="", until=None)
                | (
                    ~Q(weekdays="")
                    & ~Q(time_zone="")
                    & Q(repeat_from__isnull=False, repeat_to__isnull=False)
                ),
                "A repeating window names its weekdays, both times and the time zone.",
            ),
            check(
                "window_ended_sleeps",
                Q(ended_at=None) | Q(settle_at=None),
                "What was ended has nothing left to do.",
            ),
            paired("maintenancewindow", at="ended_at", by="ended_by"),
        ]
        indexes = [
            models.Index(
                fields=["settle_at"],
                name="window_settles",
                condition=Q(settle_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.reason

    @property
    def scope(self) -> Scope:
        return Scope(self.kpi_id, self.source, self.account_id, self.product_area)

    @property
    def repeat(self) -> Repeat | None:
        if not self.weekdays or self.repeat_from is None or self.repeat_to is None:
            return None
        days = frozenset(int(digit) for digit in self.weekdays)
        return Repeat(days, self.repeat_from, self.repeat_to, self.time_zone, self.until)
