"""Brings roles up to date with their table, and gives a new installation its first policy."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services.roles import sync_roles
from config.lib.clock import now
from escalations.services.reference import ensure_policy, ensure_schedules


class Command(BaseCommand):
    help = "Sync roles, rights and schedules; put the default policy in force where there is none."

    def handle(self, *args: Any, **options: Any) -> None:
        if changed := sync_roles():
            self.stdout.write(f"Roles: {', '.join(changed)}.")
        if (version := ensure_policy(now())) is not None:
            self.stdout.write(f"Policy {version.policy} {version} is in force.")
        ensure_schedules()
