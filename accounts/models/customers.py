"""Customer accounts, valued by revenue, lifetime, strategy, influence and renewal risk."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Case, ExpressionWrapper, F, Q, Value, When
from django.db.models.expressions import Combinable

from accounts.models.people import User, validate_zone
from accounts.rules import valuation as rules
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique


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


class TierChoice(models.TextChoices):
    """The tiers that follow from an account's value (accounts.rules.valuation)."""

    STRATEGIC = rules.Tier.STRATEGIC.value, "Strategic"
    ENTERPRISE = rules.Tier.ENTERPRISE.value, "Enterprise"
    HIGH_POTENTIAL = rules.Tier.HIGH_POTENTIAL.value, "High potential"
    STANDARD = rules.Tier.STANDARD.value, "Standard"


class AccountQuerySet(models.QuerySet["Account"]):
    def visible_to(self, user: User | AnonymousUser) -> AccountQuerySet:
        """Every page, list and API answer about customers starts here."""
        if not user.is_authenticated or not user.is_active:
            return self.none()
        return self if user.has_perm("accounts.view_account") else self.none()

    def with_tier(self) -> AccountQuerySet:
        """With `value_bp` and `tier`: value alone decides, whatever the day."""
        value = _weighed(
            lifetime_value=_steps("lifetime_value", (0.01, *rules.LIFETIME_LIMITS)),
            importance=F("importance"),
            influence=F("influence"),
        )
        tiers = (
            When(value_bp__gte=least, then=Value(tier.value)) for least, tier in rules.TIER_LEAST
        )
        return self.annotate(value_bp=value).annotate(
            tier=Case(
                When(is_strategic=True, then=Value(rules.Tier.STRATEGIC.value)),
                *tiers,
                default=Value(rules.Tier.STANDARD.value),
                output_field=models.CharField(),
            )
        )

    def valued(self, on: date) -> AccountQuerySet:
        """With `value_bp`, `risk_bp`, `priority_bp` and `tier` as of a day, to filter and to sort
        by in the database. The same sums as `rules.valuation.valuation`; a test holds them equal.
        """
        shares = F("value_bp") * rules.VALUE_SHARE + F("risk_bp") * rules.RISK_SHARE
        risk = _weighed(renewal=_renewal(on), momentum=_momentum())
        return self.with_tier().annotate(risk_bp=risk).annotate(priority_bp=shares / 100)


def _weighed(**anchors: Any) -> Any:
    weights = rules.VALUE_WEIGHTS | rules.RISK_WEIGHTS
    total: Any = Value(0)
    for name, anchor in anchors.items():
        total = total + anchor * (weights[name] * rules.POINTS_PER_ANCHOR)
    return ExpressionWrapper(total, output_field=models.IntegerField())


def _steps(field: str, limits: tuple[float, ...]) -> Case:
    """How many of the rising limits the value reaches."""
    rows = [(count, limit) for count, limit in enumerate(limits, 1)]
    return Case(
        *(When(**{f"{field}__gte": limit}, then=Value(count)) for count, limit in reversed(rows)),
        default=Value(0),
        output_field=models.IntegerField(),
    )


def _renewal(on: date) -> Case:
    days = enumerate(reversed(rules.RENEWAL_DAYS))  # the shortest first: 30 days are 4
    return Case(
        When(is_at_risk=True, then=Value(rules.TOP_ANCHOR)),
        When(renewal_on=None, then=Value(rules.DEFAULT_ANCHOR)),
        *(
            When(renewal_on__lte=on + timedelta(days=limit), then=Value(rules.TOP_ANCHOR - place))
            for place, limit in days
        ),
        default=Value(0),
        output_field=models.IntegerField(),
    )


def _momentum() -> Case:
    falls = [(count, limit) for count, limit in enumerate(rules.MOMENTUM_LIMITS_BP, 2)]
    return Case(
        When(usage_change_pct=None, then=Value(rules.DEFAULT_ANCHOR)),
        When(usage_change_pct__gte=rules.GROWING_BP / 100, then=Value(0)),
        *(
            When(usage_change_pct__lte=limit / 100, then=Value(count))
            for count, limit in reversed(falls)
        ),
        default=Value(1),
        output_field=models.IntegerField(),
    )


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

    objects = AccountQuerySet.as_manager()

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
