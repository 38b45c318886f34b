from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from config.lib.migrations import near_states


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with near_states():
            super().handle(*args, **options)
