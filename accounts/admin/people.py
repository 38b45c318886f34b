"""People and their roles. Roles are groups made from accounts.roles, so they are read here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from accounts.models import User
from accounts.selectors.people import duties_left
from accounts.services.contact_methods import follow_account
from accounts.services.people import deactivate, reactivate
from config.lib import clock
from config.lib.admin import (
    AdminPasswordChangeForm,
    Governed,
    ReadOnlyHistory,
    ReasonForm,
    UserChangeForm,
    UserCreationForm,
    register,
)
from config.lib.errors import DomainError
from config.lib.people import person_of

admin.site.unregister(Group)


class PersonForm(ReasonForm, UserChangeForm):
    pass


class NewPersonForm(ReasonForm, UserCreationForm):
    pass


@register(User)
class PersonAdmin(Governed, UserAdmin):
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "time_zone", "is_active")
    list_filter = ("is_active", "is_staff", "groups")
    search_fields = ("username", "first_name", "last_name", "email")
    autocomplete_fields = ("manager",)
    readonly_fields = ("last_login", "date_joined")
    filter_horizontal = ("groups",)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email", "time_zone", "manager")}),
        ("Quiet hours", {"fields": ("quiet_from", "quiet_to")}),
        ("Rights", {"fields": ("is_active", "is_staff", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = (
        (None, {"fields": ("username", "email", "time_zone", "password1", "password2")}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Coming and going is a verb: it also clears teams, rosters, tokens and incidents."""
        is_wanted = obj.is_active
        is_turned = change and "is_active" in form.changed_data
        if is_turned:
            obj.is_active = not is_wanted
        super().save_model(request, obj, form, change)
        if "email" in form.changed_data:
            before = form.initial.get("email") or ""
            follow_account(obj, by=person_of(request), at=clock.now(), before=before)
        if not is_turned:
            return
        turn = reactivate if is_wanted else deactivate
        reason = form.cleaned_data.get("change_reason", "")
        try:
            turn(obj, by=person_of(request), at=clock.now(), reason=reason)
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)
            return
        if not is_wanted:
            still = ", ".join(duties_left(obj)) or "nothing else"
            said = f"{obj} is off every team, roster and page. Still named as: {still}."
            self.message_user(request, said, messages.WARNING)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Else whoever may edit people could take over an account with more rights.
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)


@register(Group)
class RoleAdmin(ReadOnlyHistory):
    """Made from accounts.roles; its history shows when a role gained or lost a permission."""

    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)
