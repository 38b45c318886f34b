"""The sender process: hands notices to their channels as soon as they are committed."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from escalations.tasks.delivery import run_sender


class Command(BaseCommand):
    help = "Run the sender process in the foreground. `serve` starts it for you."

    def handle(self, *args: Any, **options: Any) -> None:
        run_sender()
