"""One database's life under fire: started by run.py, in an environment that names its database.

The whole of `serve` runs (web, job cluster with its workers and monitor, clock), and beside it
two clocks, two senders and a person who writes: forks of this process, so that one that was
killed is back in milliseconds and dies in the middle of its work rather than while starting.
"""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from django.db import connections

from config.lib import lifeline

PACE = 4.0  # incidents a second, in each of two crowds; each says five things
QUIET_S = 120.0
ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    seconds, port, is_broken = float(sys.argv[1]), sys.argv[2], "broken" in sys.argv[3:]
    faulthandler.register(signal.SIGUSR1)
    lifeline.hold()
    lifeline.adopt_orphans()
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from config.lib.clock import now
    from tests.killing import work
    from tests.killing.reckoning import reckon

    began = work.plan(int(seconds * PACE), PACE)
    fire = Fire(random.Random(int(os.environ.get("BELAY_SEED") or time.time())))
    for name, act in work.JOBS.items():
        fire.start(name, lambda act=act: act(began, is_broken))
    if not is_broken:
        fire.serve(port)
    database = connection.vendor
    fire.until(time.monotonic() + seconds, server=os.environ.get("BELAY_KILLED_PGDATA", ""))
    fire.stop()
    work.answers(within_s=30)
    work.expire_leases()
    calm = Fire(fire.draw)
    for name in ("clock 1", "sender 1"):
        calm.start(name, lambda act=work.JOBS[name]: act(began, is_broken))
    deadline = time.monotonic() + QUIET_S + seconds
    while (quiet := work.quiet_at()) is None and time.monotonic() < deadline:
        calm.mend()
        time.sleep(0.2)
    calm.stop()
    at = quiet or now()
    count = reckon(began, at, Path(settings.MAIL_DIR))
    for line in count.wrong[:10]:
        print(f"! {line}", file=sys.stderr)
    if quiet is None:
        print(f"! not quiet after {QUIET_S:g} s", file=sys.stderr)
    crashes = f" ({fire.crashes} crashes of the server among the kills)" if fire.crashes else ""
    print(f"{database}: {fire.kills + fire.crashes} kills, {count}{crashes}", flush=True)
    return 0 if count.is_right and quiet is not None and count.escalations and fire.kills else 1


class Fire:
    """Starts processes, kills them at random, starts them again."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.kills = self.crashes = 0
        self._acts: dict[str, Callable[[], None]] = {}
        self._pids: dict[str, int] = {}
        self._serve: subprocess.Popen[bytes] | None = None

    def start(self, name: str, act: Callable[[], None]) -> None:
        # Two processes on one connection would read each other's answers, or wait for ever.
        connections.close_all()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                lifeline.die_with(parent, signal.SIGKILL)
                act()
            finally:
                os._exit(1)
        self._acts[name], self._pids[name] = act, pid

    def serve(self, port: str) -> None:
        environment = {**os.environ, **lifeline.child_environment(), "PORT": port}
        environment["BELAY_STOP_WITH"] = str(os.getpid())
        self._serve = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def until(self, end: float, server: str) -> None:
        length = end - time.monotonic()
        crash_at = [end - length * part for part in (0.65, 0.3)] if server else []
        strike_at = time.monotonic() + 3
        while time.monotonic() < end:
            time.sleep(self.draw.uniform(0.010, 0.120))
            self._kill(self.draw.choice(list(self._pids)))
            if time.monotonic() > strike_at and self._serve is not None:
                self._strike()
                strike_at = time.monotonic() + self.draw.uniform(1, 4)
            if crash_at and time.monotonic() > crash_at[0]:
                crash_at.pop(0)
                self._crash(Path(server))

    def _kill(self, name: str) -> None:
        os.kill(self._pids[name], signal.SIGKILL)
        os.waitpid(self._pids[name], 0)
        self.kills += 1
        self.start(name, self._acts[name])

    def _strike(self) -> None:
        """One process of `serve`: web, cluster, worker, monitor or clock. It mends itself."""
        assert self._serve is not None
        try:
            victim = self.draw.choice(psutil.Process(self._serve.pid).children(recursive=True))
            victim.kill()
            self.kills += 1
        except (psutil.NoSuchProcess, IndexError):
            pass

    def _crash(self, folder: Path) -> None:
        """The server dies without a word to anybody and comes back from its log."""
        from tests.killing import server

        server.crash(folder, is_hard=self.crashes % 2 == 1)
        self.crashes += 1

    def mend(self) -> None:
        for name, pid in list(self._pids.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self.start(name, self._acts[name])

    def stop(self) -> None:
        for pid in self._pids.values():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        self._pids = {}
        if self._serve is not None:
            tree = psutil.Process(self._serve.pid).children(recursive=True)
            self._serve.kill()
            self._serve.wait()
            for process in tree:
                try:
                    process.kill()
                except psutil.NoSuchProcess:
                    pass
            psutil.wait_procs(tree, timeout=5)
            self._serve = None


if __name__ == "__main__":
    sys.exit(main())
