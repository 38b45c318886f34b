"""Customer accounts, valued by revenue, lifetime, strategy, influence and renewal risk."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.people import validate_zone
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique

_PEOPLE = {"null": True, "blank": True, "related_name": "+"}


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
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **_PEOPLE)
    backup = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **_PEOPLE)
    sponsor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, **_PEOPLE)
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


class Contact(Stamped):
    """A person at the customer. Contacts are told and asked; they never sign in."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="contacts")
    name = models.CharField(max_length=160)
    job_title = models.CharField(max_length=120, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    language = models.CharField(
        max_length=12, default="en", help_text="A language tag such as en or pt-BR."
    )
    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    is_primary = models.BooleanField(
        "first to be told", default=False, help_text="One active contact an account."
    )
    is_active = models.BooleanField(default=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["account", "-is_primary", "name"]
        permissions = [("view_contact_details", "Sees mail addresses and numbers of contacts")]
        constraints = [
            check(
                "contact_language",
                Q(language__regex=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$"),
                "A language is a tag such as en or pt-BR.",
            ),
            check(
                "contact_primary_is_active",
                Q(is_primary=False) | Q(is_active=True),
                "The first to be told is an active contact.",
            ),
            unique(
                "contact_one_primary",
                "account",
                condition=Q(is_primary=True),
                sentence="Another contact is the first to be told already.",
            ),
            unique(
                "contact_email",
                "account",
                "email",
                condition=~Q(email=""),
                sentence="This account has a contact with this address.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
