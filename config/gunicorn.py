"""How the web server runs. The address comes from the command line of `manage.py serve`."""

import gc
import os
from typing import Any

from config.lib import lifeline

lifeline.hold()

workers = 2
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 5
keepalive = 5
loglevel = "warning"
# Nobody asks it anything, and its socket would be shared by every Belay on the machine.
control_socket_disable = True
# Files of the workers' heartbeat: memory where there is some, so that a slow disk kills nobody.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108


def post_worker_init(worker: Any) -> None:
    """What is loaded now stays for ever: the collector need not look at it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
