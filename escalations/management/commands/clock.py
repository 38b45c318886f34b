<<<<<<< HEAD
"""The clock process: settles warnings, breaches, ladder steps and KPI checks when they are due."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from escalations.tasks.schedule import run_clock


class Command(BaseCommand):
    help = "Run the clock process in the foreground. `serve` starts it for you."

    def handle(self, *args: Any, **options: Any) -> None:
        run_clock()
=======
"""The clock process: beats, and asks the job cluster to beat."""

from __future__ import annotations

import socket
import time

from django.core.management.base import BaseCommand

from config.lib.clock import now
from config.lib.queue import enqueue
from escalations.models import Heartbeat

CLUSTER_EVERY_S = 5


class Command(BaseCommand):
    help = "Runs the clock in the foreground."

    def handle(self, *args, **options) -> None:
        name = f"clock:{socket.gethostname()}"[:80]
        ask_at = 0.0
        while True:
            Heartbeat.objects.update_or_create(
                name=name, defaults={"kind": "clock", "beat_at": now()}
            )
            if time.monotonic() >= ask_at:
                ask_at = time.monotonic() + CLUSTER_EVERY_S
                enqueue("escalations.tasks.heartbeat.beat_cluster")
            time.sleep(1)
>>>>>>> w-b
