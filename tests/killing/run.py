"""Kill everything, all the time, and count what was lost or doubled.

    python tests/killing/run.py [--seconds 10] [--database sqlite|postgresql] [--broken]

Prints a line for each database and exits with 1 if an escalation was lost or doubled, or a message
never sent. `--broken` marks timers before it writes, to see that such a mistake is found.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from config.lib import lifeline  # noqa: E402
from tests.killing import server  # noqa: E402

DATABASES = ("sqlite", "postgresql")
AROUND_S = 200.0  # making the company, and becoming quiet
HUNG = 3  # nothing was counted: the life itself did not end


def live(database: str, seconds: float, port: int, is_broken: bool = False) -> int:
    """The exit code of one life."""
    with tempfile.TemporaryDirectory(prefix="belay-killing-") as name:
        folder = Path(name)
        environment = {**os.environ, **lifeline.child_environment(), "BELAY_DATA_DIR": name}
        environment |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
        for variable in ("DATABASE_URL", "BELAY_TEST_DB", "EMAIL_HOST", "BELAY_ENV"):
            environment.pop(variable, None)
        if database == "sqlite":
            return _live(environment, seconds, port, is_broken)
        with server.started(folder / "pg") as url:
            environment |= {"DATABASE_URL": url, "BELAY_KILLED_PGDATA": str(folder / "pg")}
            return _live(environment, seconds, port, is_broken)


def _live(environment: dict[str, str], seconds: float, port: int, is_broken: bool) -> int:
    python = [sys.executable]
    subprocess.run([*python, "-m", "tests.killing.database"], cwd=ROOT, env=environment, check=True)
    log = Path(environment["BELAY_DATA_DIR"]) / "killing.log"
    with log.open("wb") as out:
        life = subprocess.Popen(
            [*python, "-m", "tests.killing.life", str(seconds), str(port), *["broken"] * is_broken],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=out,
            text=True,
        )
        try:
            said, _ = life.communicate(timeout=2 * seconds + AROUND_S)
        except subprocess.TimeoutExpired:
            print(f"the life did not end within {2 * seconds + AROUND_S:g} s", file=sys.stderr)
            print(_where(life, log), file=sys.stderr)
            return HUNG
        finally:
            life.kill()
            life.wait()
    sys.stdout.write(said)
    sys.stdout.flush()
    if life.returncode:
        lines = log.read_text(errors="replace").splitlines()
        told = [line[2:] for line in lines if line.startswith("! ")]
        sys.stdout.write("\n".join(told or lines[-25:]) + "\n")
    return life.returncode


def _where(life: subprocess.Popen[str], log: Path) -> str:
    """What a life that does not end is doing: it writes its stack when it is asked."""
    life.send_signal(signal.SIGUSR1)
    time.sleep(1)
    return "\n".join(log.read_text(errors="replace").splitlines()[-40:])


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--database", choices=DATABASES)
    parser.add_argument("--port", type=int, default=8250)
    parser.add_argument("--broken", action="store_true")
    asked = parser.parse_args()
    ends = [
        live(database, asked.seconds, asked.port, asked.broken)
        for database in DATABASES
        if asked.database in (None, database)
    ]
    return 1 if any(ends) else 0


if __name__ == "__main__":
    sys.exit(main())
