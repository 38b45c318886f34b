"""django-q2's cluster in crash-only form: `python -m config.lib.qcluster`.

A worker that is killed while it holds the lock of the job queue, or a killed monitor, leaves a
cluster that looks alive and does nothing, or does everything again. So the sentinel replaces
only a worker that ended as planned (recycled, or over its time). After any other death it ends
itself; the rest of the cluster dies with it (config.lib.lifeline) and the supervisor starts a
new one. Jobs under way are in the database and run again.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from config.lib import lifeline


def main() -> None:
    lifeline.hold()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import logging

    import django

    django.setup()
    from django.core.management import call_command
    from django_q import cluster

    class CrashOnlySentinel(cluster.Sentinel):
        def reincarnate(self, process: Any) -> None:
            if not _ended_as_planned(self, process):
                print("a process of the job cluster died", file=sys.stderr, flush=True)  # noqa: T201
                os._exit(1)
            super().reincarnate(process)

    cluster.Sentinel = CrashOnlySentinel
    logger = logging.getLogger("django-q")
    logger.setLevel(logging.WARNING)
    logger.handlers.clear()  # the root logger prints already
    call_command("qcluster")


def _ended_as_planned(sentinel: Any, process: Any) -> bool:
    """Timer values of django-q2: 0 is over its time, -2 is recycled."""
    return process in sentinel.pool and int(process.timer.value) in (0, -2)


if __name__ == "__main__":
    main()
