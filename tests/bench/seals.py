"""Sealing and looking back, per row, beside writing the rows in sets. CPU of our process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

from tests.bench.figures import Figure
from tests.bench.stage import DATABASES, ROOT, stage

REACH_US, QUIET_MS = 100.0, 250.0


def figures() -> Iterator[Figure]:
    for database in DATABASES:
        with stage(database, "calm") as on:
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.server.sealing"],
                cwd=ROOT,
                env=on.environment,
                stdout=subprocess.PIPE,
                check=True,
            )
        cost = json.loads(done.stdout.decode().splitlines()[-1])
        for name, what in (("sealed", "seal a row"), ("looked", "look back at a row")):
            yield Figure(
                what=f"{what} ({database})",
                unit="us",
                ours=cost[name],
                theirs=cost["written"],
                beside="writing it in sets",
                ratio=cost["written"] / cost[name],
                reach=f"<= {REACH_US:g} us",
                is_reached=cost[name] <= REACH_US,
            )
        yield Figure(
            what=f"a minute without anything to seal ({database})",
            unit="ms",
            ours=cost["quiet_ms"],
            theirs=None,
            beside="",
            ratio=None,
            reach=f"<= {QUIET_MS:g} ms",
            is_reached=cost["quiet_ms"] <= QUIET_MS,
        )
