"""Customer accounts and their contacts over HTTP."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.models import Account, Contact, ServiceHours, User, ValueRubricVersion
from accounts.rules.valuation import Tier
from accounts.selectors.customers import rubric_of, valuation_of
from config.lib.api_nouns import (
    ChangingDetail,
    DiscreetSerializer,
    MakingList,
    NounView,
    documented,
    named_by,
)


def _person() -> serializers.SlugRelatedField[Any]:
    active = User.objects.filter(is_active=True)
    return named_by("username", active, required=False, allow_null=True)


class TermOut(serializers.Serializer):
    name = serializers.CharField()
    part = serializers.ChoiceField(["value", "risk"])
    anchor = serializers.IntegerField(min_value=0, max_value=4)
    weight = serializers.IntegerField(help_text="Per cent of its part.")
    points = serializers.FloatField()
    is_assumed = serializers.BooleanField()


class ValuationOut(serializers.Serializer):
    """0 to 100. Tier follows from value alone; priority orders work."""

    value = serializers.FloatField()
    risk = serializers.FloatField()
    priority = serializers.FloatField()
    tier = serializers.ChoiceField([tier.value for tier in Tier])
    version = serializers.IntegerField(
        allow_null=True, help_text="Of the account value that says so; null: the starting values."
    )
    terms = TermOut(many=True)


class AccountSerializer(DiscreetSerializer):
    """`arr` and `lifetime_value` are left out for readers without the right to see revenue."""

    owner = _person()
    backup = _person()
    sponsor = _person()
    service_hours = named_by("code", ServiceHours.objects, required=False, allow_null=True)
    valuation = serializers.SerializerMethodField()

    class Meta:
        model = Account
        fields = (
            "external_id",
            "name",
            "segment",
            "arr",
            "lifetime_value",
            "currency",
            "importance",
            "influence",
            "renewal_on",
            "is_at_risk",
            "is_strategic",
            "usage_change_pct",
            "owner",
            "backup",
            "sponsor",
            "service_hours",
            "valuation",
            "created_at",
            "updated_at",
        )
        read_only_fields = ("created_at", "updated_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """A new one is valued by what is in force."""
        if self.instance is None:
            attrs["valued_by"] = ValueRubricVersion.in_use().in_force
        return attrs

    @extend_schema_field(ValuationOut)
    def get_valuation(self, account: Account) -> dict[str, Any]:
        valued = valuation_of(account, self.context["at"])
        rubric = rubric_of(account)
        return {
            "value": valued.value_bp / 100,
            "risk": valued.risk_bp / 100,
            "priority": valued.priority_bp / 100,
            "tier": valued.tier.value,
            "version": rubric.number if rubric else None,
            "terms": [
                {
                    "name": term.name,
                    "part": term.part,
                    "anchor": term.anchor,
                    "weight": term.weight,
                    "points": term.points_bp / 100,
                    "is_assumed": term.is_assumed,
                }
                for term in valued.terms
            ],
        }


ACCOUNT_RIGHTS = {
    "GET": ("accounts.view_account",),
    "POST": ("accounts.add_account",),
    "PATCH": ("accounts.change_account",),
}


class _Accounts(NounView):
    rights = ACCOUNT_RIGHTS
    serializer = AccountSerializer

    def rows(self) -> QuerySet[Account]:
        seen = Account.objects.visible_to(self.person).valued(self.at.date())
        return seen.select_related("owner", "backup", "sponsor", "service_hours", "valued_by")


@documented("account", "accounts", AccountSerializer)
class AccountList(_Accounts, MakingList):
    """Customer accounts with tier and priority as of now."""

    ordering_fields = ("name", "external_id", "renewal_on", "priority_bp", "updated_at")
    ordering = "name"
    search = ("name", "external_id")
    lookups = {
        "segment": ("free, smb, mid, enterprise or strategic.", "segment"),
        "tier": ("strategic, enterprise, high_potential or standard.", "tier"),
        "at_risk": ("true or false.", "is_at_risk"),
        "owner": ("Username.", "owner__username"),
        "renews_before": ("A date.", "renewal_on__lt"),
    }


@documented("account", "accounts", AccountSerializer)
class AccountDetail(_Accounts, ChangingDetail):
    key = "external_id"


class ContactSerializer(DiscreetSerializer):
    """`email` and `phone` are left out for readers without the right to see contact details."""

    account = named_by("external_id", Account.objects)

    class Meta:
        model = Contact
        fields = (
            "id",
            "account",
            "name",
            "job_title",
            "email",
            "phone",
            "language",
            "time_zone",
            "is_primary",
            "is_active",
            "updated_at",
        )
        read_only_fields = ("id", "updated_at")
        # The database's own sentences answer (full_clean), not the serializer's.
        validators: list[Any] = []


class _Contacts(NounView):
    rights = {
        "GET": ("accounts.view_contact",),
        "POST": ("accounts.add_contact",),
        "PATCH": ("accounts.change_contact",),
    }
    serializer = ContactSerializer

    def rows(self) -> QuerySet[Contact]:
        accounts = Account.objects.visible_to(self.person)
        return Contact.objects.filter(account__in=accounts).select_related("account")


@documented("contact", "contacts", ContactSerializer)
class ContactList(_Contacts, MakingList):
    """People at customers; they are told and asked, and never sign in."""

    ordering_fields = ("name", "updated_at")
    ordering = "name"
    search = ("name", "job_title")
    lookups = {
        "account": ("The account's external id.", "account__external_id"),
        "active": ("true or false.", "is_active"),
        "primary": ("true or false.", "is_primary"),
        "language": ("A language tag.", "language"),
    }


@documented("contact", "contacts", ContactSerializer)
class ContactDetail(_Contacts, ChangingDetail):
    key = "id"
