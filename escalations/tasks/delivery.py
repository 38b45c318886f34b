"""Sends what the outbox holds: the sender process at once, a job of the cluster where that is slow.

Running both, twice or late is harmless: each takes rows that nobody else has.
"""

from __future__ import annotations

import logging
import signal
import threading

from django.db import Error, close_old_connections, connection

from config.lib.clock import now, running
from config.lib.databases import prepared
from escalations.services.notices import deliver_due

log = logging.getLogger("belay.sender")
LOOK_EVERY_S = 0.02  # one look at an index that holds what is unsent
AFTER_TROUBLE_S = 1.0


def deliver() -> str:
    sent, failed = deliver_due(now())
    return f"{sent} sent, {failed} failed"


def run_sender(*, stop: threading.Event | None = None) -> None:
    """The sender process: what a commit left in the outbox leaves within some hundredths of a
    second. Killed at any point it loses nothing; the clock asks the cluster to send what is
    unsent for a second."""
    stop, clock = stop or threading.Event(), running()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    while not stop.is_set():
        try:
            with prepared():
                deliver_due(clock(), clock)
            stop.wait(LOOK_EVERY_S)
        except Error:
            log.exception("the database does not answer; trying again")
            connection.close()
            close_old_connections()
            stop.wait(AFTER_TROUBLE_S)
