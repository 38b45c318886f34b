"""Runs the suites that are named and prints the line each ends on.

    python tests/run_suites.py sqlite postgresql [arguments of pytest]

sqlite: everything but browsers, upgrades, what is marked `postgres`, and the walks through every
address as everybody, which are sqlite-doors. postgresql: all that asks a database, without real
processes, pages and the API; the run on SQLite kills processes on both databases, on a PostgreSQL of
its own. postgresql-skins: pages, those of governance and the API on PostgreSQL too. sqlite-upgrade, postgresql-upgrade: the database of the first
release comes to the present one. browser: every page in a real Chromium, on SQLite. With
BELAY_NO_SKIPS=1 a skipped test is a failure.
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
SKINS = [
    *(
        f"tests/{app}/{folder}"
        for app in ("accounts", "escalations")
        for folder in ("api", "views")
    ),
    *("tests/playbooks/api", "tests/governance"),
]
DOORS = ["tests/test_doors.py", "tests/test_governance_doors.py"]
UPGRADE = ["-n", "1", "tests/upgrades"]
IN_BROWSER = ["tests/browser"]
ON_SQLITE = [
    *("-m", "not postgres and not walk"),
    *("--ignore-glob=tests/browser", "--ignore=tests/upgrades"),
]
ON_POSTGRESQL = [
    *("-m", "not processes and not walk"),
    *("--ignore-glob=tests/*/rules", "--ignore-glob=tests/browser"),
    *("--ignore=tests/upgrades", *(f"--ignore={name}" for name in (*DOORS, *SKINS))),
]


def run(name: str, options: list[str], changes: dict[str, str | None]) -> tuple[bool, str]:
    """Whether the run passed, and its last line. A change to None takes the variable away."""
    environment = {**os.environ, **{k: v for k, v in changes.items() if v is not None}}
    # Each of some hundred processes would compile the whole house anew: a sixth of the time.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    for variable in [variable for variable, value in changes.items() if value is None]:
        environment.pop(variable, None)
    print(f"== {name}", flush=True)
    last = ""
    with tempfile.TemporaryDirectory(prefix="belay-test-") as folder:
        environment["BELAY_DATA_DIR"] = folder
        process = subprocess.Popen(
            [*PYTEST, *options], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            last = line.strip() or last
        passed = process.wait() == 0
    if os.environ.get("BELAY_NO_SKIPS") and re.search(r"\d+ (skipped|xfailed)", last):
        print(f"{name}: skipped tests are not allowed here", file=sys.stderr)
        passed = False
    return passed, last


def compile_house() -> None:
    """Once, on all cores: else three workers each compile the same on a fresh machine."""
    apps = ("accounts", "playbooks", "escalations", "config")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "compileall", "-q", "-j", "0", *apps]
    subprocess.run(command, cwd=ROOT, env=environment, check=False)


def main() -> int:
    url = os.environ.get("DATABASE_URL", "")
    if url and not url.startswith(("postgres://", "postgresql://")):
        print("DATABASE_URL is not one of PostgreSQL: leave it away to test on an embedded one.")
        return 2
    plain: dict[str, str | None] = {"DATABASE_URL": None, "BELAY_TEST_DB": None}
    on_postgresql: dict[str, str | None] = {} if url else {"BELAY_TEST_DB": "postgres"}
    suites = {
        "sqlite": (ON_SQLITE, plain),
        "postgresql": (ON_POSTGRESQL, on_postgresql),
        "sqlite-doors": (["-m", "walk", *DOORS], plain),
        "postgresql-skins": (SKINS, on_postgresql),
        "sqlite-upgrade": (UPGRADE, plain),
        "postgresql-upgrade": (UPGRADE, on_postgresql),
        "browser": (IN_BROWSER, plain),
    }
    compile_house()
    asked = [name for name in suites if name in sys.argv[1:]]
    more = [word for word in sys.argv[1:] if word not in suites]
    results = {}
    for name in asked:
        options, changes = suites[name]
        results[name] = run(name, [*options, *more], changes)
    for name, (_, last) in results.items():
        print(f"{name}: {last}")
    return 0 if results and all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
