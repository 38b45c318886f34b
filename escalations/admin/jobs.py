"""Background jobs as the queue kept them: what ran, when, and whether it went well. What they were
given and what they gave back is stored as pickles, and is neither loaded nor shown."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success

from config.lib.admin import ReadOnly, register

for model in (Success, Failure, Schedule, OrmQ):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class _Job(ReadOnly):
    list_display = ("func", "started", "stopped", "success", "attempt_count")
    list_filter = ("func", "started")
    search_fields = ("func", "name")
    ordering = ("-started",)
    fields = ("name", "func", "started", "stopped", "success", "attempt_count")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("args", "kwargs", "result", "hook")


@register(Success)
class DoneJobAdmin(_Job):
    pass


@register(Failure)
class FailedJobAdmin(_Job):
    pass


@register(Schedule)
class ScheduleAdmin(ReadOnly):
    list_display = ("name", "func", "schedule_type", "minutes", "next_run", "repeats")
    list_filter = ("schedule_type",)
    search_fields = ("name", "func")
    ordering = ("next_run",)
    fields = ("name", "func", "schedule_type", "minutes", "cron", "next_run", "repeats", "cluster")
