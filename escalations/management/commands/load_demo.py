"""Loads the demo company; a second run changes nothing."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from accounts.services.roles import sync_roles
from config.lib.clock import now
from escalations.demo.company import tell
from escalations.services.seals import seal_all


class Command(BaseCommand):
    help = "Load the demo company. Safe to run again; refused in production."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.IS_PRODUCTION:
            raise CommandError("The demo has well-known passwords: it never runs in production.")
        sync_roles()
        with tqdm(desc="demo", unit=" step", disable=None, leave=False) as bar:
            tell(now(), lambda done, planned: _show(bar, done, planned))
        seal_all(now())
        self.stdout.write("demo company is loaded")


def _show(bar: Any, done: int, planned: int) -> None:
    bar.total, bar.n = planned, done
    bar.refresh() if done % 10 == 0 else None
