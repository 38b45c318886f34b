"""Runs a part of the bench in a process of its own on each database, both durable as they come:
SQLite with its log ahead of writing, PostgreSQL with fsync on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter, process_time

from tests.bench.figures import Figure

ROOT = Path(__file__).resolve().parents[2]
DATABASES = ("sqlite", "postgresql")


def on_both(module: str) -> Iterator[Figure]:
    """The figures that `python -m module` prints as JSON, one a line, for each database."""
    from tests.killing import server

    for database in DATABASES:
        with tempfile.TemporaryDirectory(prefix="belay-bench-") as name:
            environment = {**os.environ, "BELAY_DATA_DIR": name, "PYTHONPATH": str(ROOT)}
            environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
            environment.pop("DATABASE_URL", None)
            if database == "sqlite":
                yield from _run(module, environment)
                continue
            with server.started(Path(name) / "pg") as url:
                yield from _run(module, environment | {"DATABASE_URL": url})


def _run(module: str, environment: dict[str, str]) -> Iterator[Figure]:
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=ROOT, env=environment, check=True)
    command = [sys.executable, "-m", module]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                yield Figure(**json.loads(line))
    if process.returncode:
        raise AssertionError(f"{module} ended with {process.returncode}")


def tell(make: Callable[[], Iterable[Figure]]) -> None:
    """In the process of the part: set up, print each figure with its database's name."""
    import django

    django.setup()
    from django.db import connection

    for figure in make():
        row = figure.row
        row["what"] = f"{row['what']} ({connection.vendor})"
        sys.stdout.write(json.dumps(row) + "\n")
        sys.stdout.flush()


class Stopwatch:
    """Seconds of CPU, of this process and of its connection's PostgreSQL process, and of wall
    time since it was made. Other work on the machine disturbs the second far more."""

    def __init__(self) -> None:
        import psutil
        from django.db import connection

        self._server = None
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                self._server = psutil.Process(cursor.fetchone()[0])
        self._began = (self._cpu(), perf_counter())

    def _cpu(self) -> float:
        times = self._server.cpu_times() if self._server else None
        return process_time() + (times.user + times.system if times else 0.0)

    @property
    def cpu(self) -> float:
        return self._cpu() - self._began[0]

    @property
    def wall(self) -> float:
        return perf_counter() - self._began[1]
