from __future__ import annotations

from accounts.models import Account
from config.lib.admin import Governed, register


@register(Account)
class AccountAdmin(Governed):
    list_display = ("name", "segment", "arr", "renewal_on", "is_at_risk", "owner")
    list_filter = ("segment", "is_at_risk", "is_strategic")
    list_select_related = ("owner",)
    search_fields = ("name", "external_id")
    autocomplete_fields = ("owner", "backup", "sponsor")
    fieldsets = (
        (None, {"fields": ("name", "external_id", "segment", "renewal_on")}),
        ("Value", {"fields": ("arr", "lifetime_value", "currency", "importance", "influence")}),
        ("Health", {"fields": ("is_at_risk", "is_strategic", "usage_change_pct")}),
        ("People and hours", {"fields": ("owner", "backup", "sponsor", "service_hours")}),
    )
