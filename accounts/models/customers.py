"""Customer accounts, valued by revenue, lifetime, strategy, influence and renewal risk."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.expressions import Combinable

from accounts.models.people import User
from config.lib.models import STAMPS, Stamped, check, one_of, recorded


def _person() -> models.ForeignKey[User | Combinable | None, User | None]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )


class Segment(models.TextChoices):
    FREE = "free", "Free"
    SMB = "smb", "SMB"
    MID = "mid", "Mid-market"
    ENTERPRISE = "enterprise", "Enterprise"
    STRATEGIC = "strategic", "Strategic"


class Account(Stamped):
    external_id = models.CharField(max_length=80, unique=True)
    name = models.CharField(max_length=160)
    segment = models.CharField(max_length=12, choices=Segment, default=Segment.SMB)
    arr = models.DecimalField("annual revenue", max_digits=14, decimal_places=2, default=0)
    lifetime_value = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(max_length=3, default="USD")
    importance = models.PositiveSmallIntegerField("strategic importance", default=0)
    influence = models.PositiveSmallIntegerField(default=0)
    renewal_on = models.DateField(null=True, blank=True)
    is_at_risk = models.BooleanField(default=False)
    is_strategic = models.BooleanField("strategic by decision", default=False)
    usage_change_pct = models.DecimalField(
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Change of usage over 28 days, per cent.",
    )
    owner = _person()
    backup = _person()
    sponsor = _person()
    service_hours = models.ForeignKey(
        "accounts.ServiceHours", models.PROTECT, null=True, blank=True, related_name="+"
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name"]
        permissions = [("view_revenue", "Sees revenue, lifetime value and what is exposed")]
        constraints = [
            one_of("account_segment", "segment", Segment),
            check("account_arr", Q(arr__gte=0), "Annual revenue is 0 or more.", "negative"),
            check(
                "account_ltv", Q(lifetime_value__gte=0), "Lifetime value is 0 or more.", "negative"
            ),
            check(
                "account_currency",
                Q(currency__regex=r"^[A-Z]{3}$"),
                "A currency is three capital letters, like EUR.",
            ),
            check("account_importance", Q(importance__lte=4), "Importance is 0 to 4."),
            check("account_influence", Q(influence__lte=4), "Influence is 0 to 4."),
        ]

    def __str__(self) -> str:
        return self.name
