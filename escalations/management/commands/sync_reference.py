"""Brings roles up to date with their table, and gives a new installation its first policy."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.services.roles import sync_roles
from accounts.services.value_rubrics import ensure_value_rubric
from config.lib.clock import now
from escalations.services.reference import ensure_policy, ensure_schedules


class Command(BaseCommand):
    help = "Sync roles, rights and schedules; put the default policy in force where there is none."

    def handle(self, *args: Any, **options: Any) -> None:
        if changed := sync_roles():
            self.stdout.write(f"Roles: {', '.join(changed)}.")
        if (version := ensure_policy(now())) is not None:
            self.stdout.write(f"Policy {version.policy} {version} is in force.")
        with transaction.atomic():
            if (rubric := ensure_value_rubric(now())) is not None:
                self.stdout.write(f"{rubric.rubric} {rubric} is in force.")
        ensure_schedules()
