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

    def save_formset(self, request, form, formset, change):
        """A version written here reaches what runs as a published one does."""
        for each in formset.forms:
            if isinstance(each.instance, ServiceHoursVersion) and each.instance._state.adding:
                each.instance.adopt_at = each.instance.effective_from
        super().save_formset(request, form, formset, change)
