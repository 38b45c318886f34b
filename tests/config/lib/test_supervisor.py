"""Real processes, really killed. Each test polls with a deadline; none sleeps a fixed time."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[3]
MANAGE = [sys.executable, "manage.py"]
RECOVERY_S = 90  # a deadline for busy machines; 5 s are usual
PROCESSES = ("gunicorn", "qcluster", "clock", "sender")
pytestmark = pytest.mark.processes


def wait_for(what: str, look: Callable[[], Any], within_s: float) -> Any:
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"no {what} within {within_s} s"
        time.sleep(0.2)  # looking at every process costs as much as a process
    return seen


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@dataclass(frozen=True, slots=True)
class Serve:
    """A running `manage.py serve` and its processes, seen from outside."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    log: Path

    @property
    def head(self) -> psutil.Process:
        return psutil.Process(self.process.pid)

    def everyone(self) -> list[psutil.Process]:
        return [self.head, *self.head.children(recursive=True)]

    def cast(self) -> dict[str, int]:
        """Pid by part, or empty while a part is missing."""
        try:
            by_word = {}
            for child in self.head.children():
                words = " ".join(child.cmdline())
                by_word |= {w: child for w in PROCESSES if w in words}
            web, jobs = by_word["gunicorn"], by_word["qcluster"]
            (sentinel,) = jobs.children()
            web_workers = [child for child in web.children() if is_alive(child)]
            # The sentinel forks two workers, the monitor, then the pusher.
            parts = sorted(
                (child for child in sentinel.children() if is_alive(child)),
                key=lambda child: (child.create_time(), child.pid),
            )
            worker, _, monitor, pusher = parts
            return {
                "web master": web.pid,
                "web worker": web_workers[0].pid,
                "second web worker": web_workers[1].pid,
                "cluster": jobs.pid,
                "sentinel": sentinel.pid,
                "worker": worker.pid,
                "monitor": monitor.pid,
                "pusher": pusher.pid,
                "clock": by_word["clock"].pid,
                "sender": by_word["sender"].pid,
            }
        except (KeyError, IndexError, ValueError, psutil.NoSuchProcess):
            return {}

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
        return True

    def beat_after(self, kind: str, at: datetime) -> bool:
        with sqlite3.connect(self.folder / "belay.sqlite3", timeout=10) as database:
            row = database.execute(
                "SELECT max(beat_at) FROM escalations_heartbeat WHERE kind = ?", [kind]
            ).fetchone()
        return bool(row[0]) and datetime.fromisoformat(row[0]).replace(tzinfo=UTC) > at

    def wait_until_whole(self, since: datetime) -> dict[str, int]:
        cast = wait_for("full set of processes", self.cast, RECOVERY_S)
        wait_for("HTTP answer", self.answers, RECOVERY_S)
        wait_for("beat of the clock", lambda: self.beat_after("clock", since), RECOVERY_S)
        wait_for("job that ran", lambda: self.beat_after("cluster", since), RECOVERY_S)
        return cast


def environment(folder: Path, port: int) -> dict[str, str]:
    inherited = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "BELAY_TEST_DB")}
    return {**inherited, "BELAY_DATA_DIR": str(folder), "PORT": str(port)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve")
    command = [sys.executable, "-m", "tests.killing.database"]
    changes = {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    subprocess.run(command, cwd=ROOT, env=environment(folder, 0) | changes, check=True)
    return folder


def start(folder: Path) -> Serve:
    port = free_port()
    log = folder / f"serve-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*MANAGE, "serve"],
            cwd=ROOT,
            env=environment(folder, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Serve(process, folder, port, log)


def end(serve: Serve) -> None:
    if serve.process.poll() is None:
        serve.process.terminate()
        try:
            serve.process.wait(15)
        except subprocess.TimeoutExpired:
            serve.process.kill()
            serve.process.wait()


@pytest.fixture(scope="module")
def shared(folder: Path) -> Iterator[Serve]:
    """One Belay for all tests that leave it whole."""
    serve = start(folder)
    yield serve
    end(serve)


@pytest.fixture
def serve(folder: Path) -> Iterator[Serve]:
    """One Belay for a test that ends it."""
    serve = start(folder)
    yield serve
    end(serve)


# Each round kills one of every kind that another round's victims do not depend on.
CLUSTER = ("cluster", "sentinel", "worker", "monitor", "pusher")
ROUNDS = [
    ("web worker", "clock", "worker"),
    ("web master", "sender", "monitor"),
    ("pusher",),
    ("sentinel",),
    ("cluster",),
]


@pytest.mark.parametrize("parts", ROUNDS, ids=" and ".join)
def test_killed_processes_come_back_and_work_goes_on(
    shared: Serve, parts: tuple[str, ...], record_property: Callable[[str, object], None]
):
    before = shared.wait_until_whole(datetime.fromtimestamp(0, UTC))
    killed_at = datetime.now(UTC)
    for part in parts:
        os.kill(before[part], signal.SIGKILL)
    gone = {before[part] for part in parts}
    wait_for(
        f"new {parts}",
        lambda: (now := shared.cast()) and not gone & set(now.values()),
        RECOVERY_S,
    )
    after = shared.wait_until_whole(killed_at)
    record_property("recovery_s", (datetime.now(UTC) - killed_at).total_seconds())
    assert after["second web worker"]
    assert shared.process.poll() is None
    # The death of one worker replaces the whole cluster, and nothing that did not die.
    is_renewed = [before[part] != after[part] for part in CLUSTER]
    assert all(is_renewed)
    if "web master" not in parts:
        assert after["web master"] == before["web master"]
    if "clock" not in parts:
        assert after["clock"] == before["clock"]


def test_a_stopped_clock_counts_as_hung_and_is_replaced(shared: Serve):
    before = shared.wait_until_whole(datetime.fromtimestamp(0, UTC))
    os.kill(before["clock"], signal.SIGSTOP)
    wait_for(
        "new clock",
        lambda: (now := shared.cast()) and now["clock"] != before["clock"],
        RECOVERY_S + 40,
    )
    shared.wait_until_whole(datetime.now(UTC))


def end_by(serve: Serve, signum: signal.Signals) -> None:
    everyone = serve.everyone()
    serve.process.send_signal(signum)
    status = serve.process.wait(25)
    wait_for("end of every process", lambda: not any(is_alive(process) for process in everyone), 5)
    assert status == (-signal.SIGKILL if signum == signal.SIGKILL else 0)


def test_nothing_outlives_a_parent_that_is_told_to_stop(serve: Serve):
    serve.wait_until_whole(datetime.fromtimestamp(0, UTC))
    assert len(serve.everyone()) >= 10
    end_by(serve, signal.SIGTERM)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGHUP], ids=lambda s: s.name)
def test_nothing_is_left_when_it_is_stopped_while_starting(serve: Serve, signum: signal.Signals):
    wait_for("first child", lambda: serve.head.children(), 10)
    end_by(serve, signum)


def test_a_taken_port_is_said_in_a_sentence_before_anything_starts(folder: Path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = subprocess.run(
            [*MANAGE, "serve"],
            cwd=ROOT,
            env=environment(folder, port),
            capture_output=True,
            text=True,
            timeout=20,
        )
    assert result.returncode == 1
    assert f"Port {port} on 127.0.0.1 is taken." in result.stderr
    assert result.stdout == ""


def test_nothing_outlives_a_parent_that_is_killed(shared: Serve):
    """The last test: it ends the Belay that the others share."""
    shared.wait_until_whole(datetime.fromtimestamp(0, UTC))
    assert len(shared.everyone()) >= 10
    end_by(shared, signal.SIGKILL)
