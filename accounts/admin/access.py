"""Ways in: tokens of machines and failed sign-ins. A key is never shown, not even its beginning."""

from __future__ import annotations

from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.http import HttpRequest
from knox.models import AuthToken

from config.lib.admin import ReadOnly, register

for model in (AuthToken, AccessAttempt, AccessFailureLog, AccessLog):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


@register(AuthToken)
class TokenAdmin(ReadOnly):
    """A list and no more: a token's own page is named by the digest of its key."""

    list_display = ("user", "created", "expiry")
    list_display_links = None
    list_filter = ("created", "expiry")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-created",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None and super().has_view_permission(request, obj)


@register(AccessAttempt)
class AttemptAdmin(ReadOnly):
    """What was typed is not shown: people type passwords into the wrong box."""

    list_display = ("attempt_time", "username", "ip_address", "failures_since_start")
    list_filter = ("attempt_time",)
    search_fields = ("username", "ip_address")
    ordering = ("-attempt_time",)
    fields = ("attempt_time", "username", "ip_address", "failures_since_start")
