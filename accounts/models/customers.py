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
from accounts.models.value_rubrics import ValueRubricVersion
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
        """With `value_bp` and `tier`: value alone decides, whatever the day. Each account is
        valued by its own version of the rubric."""
        used = ValueRubricVersion.in_use()
        return self.annotate(value_bp=used.each(_value)).annotate(
            tier=used.each(_tier, models.CharField())
        )

    def valued(self, on: date) -> AccountQuerySet:
        """With `value_bp`, `risk_bp`, `priority_bp` and `tier` as of a day, to filter and to sort
        by in the database. The same sums as `rules.valuation.valuation`; a test holds them equal.
        """
        used = ValueRubricVersion.in_use()
        return (
            self.with_tier()
            .annotate(risk_bp=used.each(lambda rubric: _risk(rubric, on)))
            .annotate(priority_bp=used.each(_shares) / 100)
        )

    def keyed(self, before: rules.Rubric, after: rules.Rubric) -> AccountQuerySet:
        """With `value_key`, which holds all that both rubrics ask of a value
        (`rules.valuation.tiers_of_key`); without those that are strategic by decision."""
        first, second = (
            _steps("lifetime_value", (0.01, *rubric.lifetime_limits)) for rubric in (before, after)
        )
        key = first * 1000 + second * 100 + F("importance") * 10 + F("influence")
        return self.filter(is_strategic=False).annotate(
            value_key=ExpressionWrapper(key, output_field=models.IntegerField())
        )


def _value(rubric: rules.Rubric) -> Any:
    return _weighed(
        rubric.value_weights,
        lifetime_value=_steps("lifetime_value", (0.01, *rubric.lifetime_limits)),
        importance=F("importance"),
        influence=F("influence"),
    )


def _tier(rubric: rules.Rubric) -> Case:
    """The tier of the annotation `value_bp`."""
    return Case(
        When(is_strategic=True, then=Value(rules.Tier.STRATEGIC.value)),
        *(When(value_bp__gte=least, then=Value(tier.value)) for least, tier in rubric.tiers),
        default=Value(rules.Tier.STANDARD.value),
        output_field=models.CharField(),
    )


def _risk(rubric: rules.Rubric, on: date) -> Any:
    return _weighed(rubric.risk_weights, renewal=_renewal(rubric, on), momentum=_momentum(rubric))


def _shares(rubric: rules.Rubric) -> Any:
    return F("value_bp") * rubric.value_share + F("risk_bp") * rubric.risk_share


def _weighed(weights: dict[str, int], **anchors: Any) -> Any:
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


def _renewal(rubric: rules.Rubric, on: date) -> Case:
    days = enumerate(reversed(rubric.renewal_days))  # the shortest first
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


def _momentum(rubric: rules.Rubric) -> Case:
    falls = [(count, limit) for count, limit in enumerate(rubric.falls_bp, 2)]
    return Case(
        When(usage_change_pct=None, then=Value(rules.DEFAULT_ANCHOR)),
        When(usage_change_pct__gte=rubric.growing_pct, then=Value(0)),
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
    # Empty: as the version in force says, until the next one is.
    valued_by = models.ForeignKey(
        ValueRubricVersion,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="accounts",
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
