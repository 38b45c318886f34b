from __future__ import annotations

from typing import Any

from accounts.models import Account, Contact
from accounts.rules.valuation import Tier
from accounts.selectors.customers import rubric_of, valuation_of
from accounts.services.value_rubrics import stamp_new
from config.lib import clock
from config.lib.admin import Governed, GovernedInline, display, register


class ContactInline(GovernedInline):
    """A contact who is gone is made inactive: what was said to them stays known."""

    model = Contact
    fields = ("name", "job_title", "email", "phone", "language", "is_primary", "is_active")
    can_delete = False


@register(Account)
class AccountAdmin(Governed):
    list_display = (
        "name",
        "tier",
        "priority",
        "segment",
        "arr",
        "renewal_on",
        "is_at_risk",
        "owner",
    )
    list_filter = ("segment", "is_at_risk", "is_strategic")
    list_select_related = ("owner",)
    search_fields = ("name", "external_id")
    autocomplete_fields = ("owner", "backup", "sponsor")
    readonly_fields = ("worth",)
    inlines = (ContactInline,)
    fieldsets = (
        (None, {"fields": ("name", "external_id", "segment", "renewal_on")}),
        (
            "Value",
            {"fields": ("worth", "arr", "lifetime_value", "currency", "importance", "influence")},
        ),
        ("Health", {"fields": ("is_at_risk", "is_strategic", "usage_change_pct")}),
        ("People and hours", {"fields": ("owner", "backup", "sponsor", "service_hours")}),
    )

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).valued(clock.now().date())

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        if not change:
            stamp_new(obj)
        super().save_model(request, obj, form, change)

    @display(description="Tier", ordering="value_bp")
    def tier(self, obj: Any) -> str:
        return Tier(obj.tier).label

    @display(description="Priority", ordering="priority_bp")
    def priority(self, obj: Any) -> str:
        return f"{obj.priority_bp / 100:.1f}"

    @display(description="Tier and priority")
    def worth(self, obj: Any) -> str:
        """The sum in words (SEMANTICS 4.1)."""
        if obj.pk is None:
            return "Computed when it is saved."
        valued = valuation_of(obj, clock.now())
        terms = " + ".join(
            f"{term.weight} % of {term.name.replace('_', ' ')} {term.anchor}/4"
            for term in valued.terms
        )
        rubric = rubric_of(obj)
        by = f", by account value v{rubric.number}" if rubric else ""
        return (
            f"{valued.tier.label}{by}, priority {valued.priority_bp / 100:.1f}: value "
            f"{valued.value_bp / 100:.1f}, risk {valued.risk_bp / 100:.1f} ({terms})"
        )


@register(Contact)
class ContactAdmin(Governed):
    list_display = ("name", "account", "job_title", "email", "is_primary", "is_active")
    list_filter = ("is_active", "is_primary", "language")
    list_select_related = ("account",)
    search_fields = ("name", "email", "account__name")
    autocomplete_fields = ("account",)
