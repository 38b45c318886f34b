from __future__ import annotations

from accounts.models import ServiceHours, ServiceHoursVersion
from accounts.services.service_hours import take_effect
from config.lib import clock
from config.lib.admin import Governed, GovernedInline, register


class VersionInline(GovernedInline):
    """A calendar is never edited: it gets a new version, which others approve."""

    model = ServiceHoursVersion
    fields = ("number", "zone", "is_always_open", "weekly", "dates", "places", "effective_from")

    def has_add_permission(self, request, obj=None):
        return obj is None and super().has_add_permission(request, obj)

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
        """The first version comes with the hours; others approve the next ones."""
        super().save_formset(request, form, formset, change)
        for version in form.instance.versions.filter(state="draft"):
            if not change:
                began = version.effective_from or clock.now()
                take_effect(version, by=request.user, at=began, reason="The first hours.")
