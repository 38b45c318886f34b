"""The whole page of a KPI with 50,000 readings, beside merely reading them all into Python.

Wall time of the server in the calmest of nine rounds, database included; then CPU of its process
alone, which on SQLite holds the database too.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.stage import DATABASES, ROOT, stage

REACH_MS = 300.0


def figures() -> Iterator[Figure]:
    for database in DATABASES:
        with stage(database) as on:
            command = [sys.executable, "-m", "tests.bench.server.draw"]
            done = subprocess.run(
                command, cwd=ROOT, env=on.environment, stdout=subprocess.PIPE, check=True
            )
        found = json.loads(done.stdout.decode().splitlines()[-1])
        ours, theirs = found["page"], found["all"]
        yield Figure(
            what=f"draw 50,000 readings: chart, table, page ({database})",
            unit="ms",
            ours=ours["wall_ms"],
            theirs=theirs["wall_ms"],
            beside="reading all of them",
            ratio=theirs["wall_ms"] / ours["wall_ms"],
            reach=f"<= {REACH_MS:g} ms",
            is_reached=ours["wall_ms"] <= REACH_MS,
        )
        yield Figure(
            what=f"the same, CPU of the process ({database})",
            unit="ms",
            ours=ours["cpu_ms"],
            theirs=theirs["cpu_ms"],
            beside="reading all of them",
            ratio=theirs["cpu_ms"] / ours["cpu_ms"],
            reach=f"<= {REACH_MS:g} ms",
            is_reached=ours["cpu_ms"] <= REACH_MS,
        )
