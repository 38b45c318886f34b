"""Loads the demo company; a second run changes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.services.roles import sync_roles
from config.lib.clock import now
from escalations.demo.company import tell


class Command(BaseCommand):
    help = "Load the demo company. Safe to run again; refused in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The demo has well-known passwords: it never runs in production.")
        sync_roles()
        tell(now())
        self.stdout.write("demo company is loaded")
