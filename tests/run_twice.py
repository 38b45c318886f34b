"""Runs the suite on SQLite, then on PostgreSQL, and prints the line each run ends on.

SQLite: everything but what is marked `postgres`. PostgreSQL: everything but pure rules, real
processes, browsers, and the sweeps over every address and sign-in, which would only do the same
again; the run on SQLite kills processes on both databases, on a PostgreSQL of its own. Arguments go
to pytest. With BELAY_NO_SKIPS=1 a skipped test is a failure.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Three workers on two cores: browsers and processes spend much of their time waiting.
PYTEST = [sys.executable, "-m", "pytest", "-n", "3", "--dist", "loadfile"]
# A database made from the models costs each worker a fifth; tests/upgrades holds both equal.
PYTEST += ["--no-loadscope-reorder", "--no-migrations"]
ON_SQLITE = ["-m", "not postgres"]
ON_POSTGRESQL = [
    *("-m", "not processes"),
    *("--ignore-glob=tests/*/rules", "--ignore-glob=tests/browser"),
    *("--ignore=tests/test_doors.py", "--ignore=tests/governance"),
]


def run(database: str, options: list[str], changes: dict[str, str | None]) -> tuple[bool, str]:
    """Whether the run passed, and its last line. A change to None takes the variable away."""
    environment = {**os.environ, **{k: v for k, v in changes.items() if v is not None}}
    for name in [name for name, value in changes.items() if value is None]:
        environment.pop(name, None)
    print(f"== {database}", flush=True)
    last = ""
    with tempfile.TemporaryDirectory(prefix="belay-test-") as folder:
        environment["BELAY_DATA_DIR"] = folder
        command = [*PYTEST, *options, *sys.argv[1:]]
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
        passed = process.wait() == 0
    if os.environ.get("BELAY_NO_SKIPS") and re.search(r"\d+ (skipped|xfailed)", last):
        print(f"{database}: skipped tests are not allowed here", file=sys.stderr)
        passed = False
    return passed, last


def main() -> int:
    url = os.environ.get("DATABASE_URL", "")
    if url and not url.startswith(("postgres://", "postgresql://")):
        print("DATABASE_URL is not one of PostgreSQL: leave it away to test on an embedded one.")
        return 2
    second = {} if url else {"BELAY_TEST_DB": "postgres"}
    results = {
        "sqlite": run("sqlite", ON_SQLITE, {"DATABASE_URL": None, "BELAY_TEST_DB": None}),
        "postgresql": run("postgresql", ON_POSTGRESQL, second),
    }
    for database, (_, last) in results.items():
        print(f"{database}: {last}")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
