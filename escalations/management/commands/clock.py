"""The clock process: settles warnings, breaches, ladder steps and KPI checks when they are due."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from escalations.tasks.schedule import run_clock


class Command(BaseCommand):
    help = "Run the clock process in the foreground. `serve` starts it for you."

    def handle(self, *args: Any, **options: Any) -> None:
        run_clock()
