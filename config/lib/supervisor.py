"""Run named children in the foreground, restart what dies, leave nothing behind.

Crash-only: a child whose head process ends is killed with all its processes and started anew,
with a back-off. Each child is a process group of its own in our session, so that Ctrl-C reaches
only us, and each holds on to its parent (config.lib.lifeline), so that kill -9 of this process
takes everything along. Knows no app: what "hung" means comes in as a function.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType

from config.lib import lifeline

BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 10.0
HEALTHY_S = 30.0
HUNG_S = 30.0
HUNG_MAX_S = 240.0
STOP_S = 8.0
TICK_S = 0.1
LOOK_S = 2.0


@dataclass(frozen=True, slots=True)
class Child:
    """`heartbeat_age` says how many seconds ago the child last proved that it works: infinity
    if it never did, None if that cannot be known now (then nobody is killed for it)."""

    name: str
    argv: Sequence[str]
    heartbeat_age: Callable[[], float | None] | None = None


def taken_port_sentence(host: str, port: int) -> str | None:
    """None if a server may listen there, else what to tell the user."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            return f"Port {port} needs more rights. Choose one above 1023: make run PORT=8000"
        except OSError:
            return (
                f"Port {port} on {host} is taken. Stop what uses it, "
                f"or choose another: make run PORT={port + 10}"
            )
    return None


class _Running:
    """One child and what we know of it. Times are of the monotonic clock, in seconds."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.start_at = 0.0
        self.backoff = BACKOFF_FIRST_S
        self.age: float | None = None
        self.patience = HUNG_S

    def start(self, environment: dict[str, str], now: float) -> None:
        self.process = subprocess.Popen(
            self.child.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
            env=environment,
        )
        self.started = now
        self.age = None
        threading.Thread(target=_pass_on, args=(self.child.name, self.process), daemon=True).start()

    def hung(self, now: float) -> bool:
        if self.age is None:
            return False
        lived = now - self.started
        if self.age < lived:
            self.patience = HUNG_S
        return min(self.age, lived) > self.patience

    def give_up(self) -> None:
        """It hangs. One that never beat may be slow to start where much else runs: the next one
        has twice the time, else it would be started again for ever."""
        self.patience = min(self.patience * 2, HUNG_MAX_S)

    def ask_to_stop(self) -> None:
        # Only the head: it stops its own processes in order.
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def clear(self) -> None:
        """Kill whatever is left of the group and reap it, the adopted ones too."""
        if self.process is None:
            return
        group = self.process.pid
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
        self.process.wait()
        deadline = time.monotonic() + 2
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                while os.waitid(os.P_PGID, group, os.WEXITED | os.WNOHANG):
                    pass
            try:
                os.killpg(group, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                break
            time.sleep(0.01)
        self.process = None

    def plan_restart(self, now: float) -> None:
        if now - self.started >= HEALTHY_S:
            self.backoff = BACKOFF_FIRST_S
        self.start_at = now + self.backoff
        self.backoff = min(self.backoff * 2, BACKOFF_MAX_S)


class Supervisor:
    def __init__(self, children: Sequence[Child]) -> None:
        self._running = [_Running(child) for child in children]
        self._stop_signals = 0
        self._done = threading.Event()

    def run(self) -> None:
        """Until SIGINT, SIGTERM or SIGHUP; then everything is stopped. Call it from the main
        thread: the kernel ties a child to the thread that started it."""
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._ask_to_stop)
        lifeline.adopt_orphans()
        threading.Thread(target=self._look_at_heartbeats, daemon=True).start()
        environment = {**os.environ, **lifeline.child_environment(), "PYTHONUNBUFFERED": "1"}
        try:
            while not self._stop_signals:
                for running in self._running:
                    self._tend(running, environment)
                time.sleep(TICK_S)
        finally:
            self._stop_all()

    def _tend(self, running: _Running, environment: dict[str, str]) -> None:
        now = time.monotonic()
        if running.process is None:
            if now >= running.start_at and not self._stop_signals:
                running.start(environment, now)
            return
        status = running.process.poll()
        if status is None and not running.hung(now):
            return
        reason = "is hung" if status is None else f"ended ({_ending(status)})"
        if status is None:
            running.give_up()
        running.clear()
        running.plan_restart(now)
        _say("belay", f"{running.child.name} {reason}; starting it again")

    def _look_at_heartbeats(self) -> None:
        # A thread of its own: a slow database must not hold up the watch over the processes.
        while not self._done.wait(LOOK_S):
            for running in self._running:
                if running.child.heartbeat_age is None:
                    continue
                process = running.process
                age = _age(running.child.heartbeat_age)
                if running.process is process:
                    running.age = age

    def _stop_all(self) -> None:
        self._done.set()
        for running in self._running:
            running.ask_to_stop()
        deadline = time.monotonic() + STOP_S
        while time.monotonic() < deadline and self._stop_signals < 2:
            if all(r.process is None or r.process.poll() is not None for r in self._running):
                break
            time.sleep(0.02)
        for running in self._running:
            running.clear()

    def _ask_to_stop(self, signum: int, frame: FrameType | None) -> None:
        self._stop_signals += 1


def _age(heartbeat_age: Callable[[], float | None]) -> float | None:
    try:
        return heartbeat_age()
    except Exception as error:  # whatever the database says: not the child's fault
        _say("belay", f"cannot read heartbeats: {error}")
        return None


def _ending(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit {status}"


def _pass_on(name: str, process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None
    with process.stdout:
        for line in process.stdout:
            _say(name, line.decode(errors="replace").rstrip("\n"))


def _say(name: str, line: str) -> None:
    # A closed terminal is no reason to stop reading what the children print.
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.write(f"{name:<8}| {line}\n")
        sys.stdout.flush()
