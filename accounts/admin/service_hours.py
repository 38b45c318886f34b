from __future__ import annotations

from accounts.models import ServiceHours, ServiceHoursVersion
from config.lib.admin import Governed, GovernedInline, register


class VersionInline(GovernedInline):
    """A calendar is never edited: it gets a new version."""

    model = ServiceHoursVersion
    fields = ("number", "zone", "is_always_open", "weekly", "dates", "places", "effective_from")

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@register(ServiceHours)
class ServiceHoursAdmin(Governed):
    list_display = ("name", "code", "updated_at")
    search_fields = ("name", "code")
    inlines = (VersionInline,)
