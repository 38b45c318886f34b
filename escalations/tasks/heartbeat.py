"""The clock enqueues this job every few seconds: its row proves that jobs really run."""

from __future__ import annotations

import socket

from config.lib.clock import now
from escalations.models import Heartbeat


def beat_cluster() -> None:
    name = f"cluster:{socket.gethostname()}"[:80]
    Heartbeat.objects.update_or_create(name=name, defaults={"kind": "cluster", "beat_at": now()})
