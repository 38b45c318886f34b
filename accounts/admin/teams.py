from __future__ import annotations

from accounts.models import Membership, Team
from config.lib.admin import Governed, GovernedInline, register


class MembershipInline(GovernedInline):
    """A membership ends by its last date; it is not deleted."""

    model = Membership
    fields = ("user", "capacity", "skills", "valid_from", "valid_to")
    autocomplete_fields = ("user",)
    can_delete = False


@register(Team)
class TeamAdmin(Governed):
    list_display = ("name", "code", "lead", "service_hours", "is_private")
    list_filter = ("is_private",)
    list_select_related = ("lead", "service_hours")
    search_fields = ("name", "code")
    autocomplete_fields = ("lead",)
    inlines = (MembershipInline,)
