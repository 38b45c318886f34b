"""Two machines on one PostgreSQL, one of them cut off for a while and back.

    python tests/killing/hosts.py [--seconds 40]     (root, Linux: it makes network namespaces)

Namespaces of this machine stand for three machines: one holds PostgreSQL, two run the whole of
`serve`. A cable between them is a veth pair. Prints what fell due, what was lost or doubled, and
what the other machine did while one was away; exits with 1 if anything was lost or doubled.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from config.lib import lifeline  # noqa: E402
from tests.killing.server import QUIET_USER, prepared  # noqa: E402

DATABASE, HOSTS = "belay-db", {"belay-a": "10.77.1", "belay-b": "10.77.2"}
CUT = "belay-b"
PACE = 4.0
CUT_FROM, CUT_TO = 0.25, 0.65  # of the time
QUIET_S = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=40)
    asked = parser.parse_args()
    if os.geteuid() != 0 or not shutil.which("ip"):
        print("This needs root and iproute2: it makes network namespaces.", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="belay-hosts-") as name, cables():
        folder = Path(name)
        folder.chmod(0o755)
        with postgresql(folder) as socket:
            return run(folder, socket, asked.seconds)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextlib.contextmanager
def cables() -> Iterator[None]:
    for namespace in (DATABASE, *HOSTS):
        subprocess.run(["ip", "netns", "del", namespace], stderr=subprocess.DEVNULL, check=False)
    try:
        for namespace in (DATABASE, *HOSTS):
            ip("netns", "add", namespace)
            ip("-n", namespace, "link", "set", "lo", "up")
        for host, net in HOSTS.items():
            here, there = f"to-{host[-1]}", "to-db"
            ip("-n", DATABASE, "link", "add", here, "type", "veth", "peer", there, "netns", host)
            for namespace, link, end in ((DATABASE, here, "1"), (host, there, "2")):
                ip("-n", namespace, "addr", "add", f"{net}.{end}/24", "dev", link)
                ip("-n", namespace, "link", "set", link, "up")
        yield
    finally:
        for namespace in (DATABASE, *HOSTS):
            ip("netns", "del", namespace)


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[str]:
    """Listens in its own namespace, and on a socket that this process reaches. The address there."""
    data, sockets = folder / "pg", folder / "sockets"
    binaries = prepared(data)
    sockets.mkdir()
    sockets.chmod(0o777)
    with (data / "pg_hba.conf").open("a") as rules:
        rules.write("host all all 10.77.0.0/16 trust\n")
    addresses = ",".join(f"{net}.1" for net in HOSTS.values())
    command = ["ip", "netns", "exec", DATABASE, "setpriv", f"--reuid={QUIET_USER}"]
    command += ["--clear-groups", str(binaries / "postgres"), "-D", str(data)]
    command += ["-h", addresses, "-p", "5432", "-k", str(sockets)]
    with (folder / "pg.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_for(sockets / ".s.PGSQL.5432")
        time.sleep(1)  # it accepts a moment after its socket is there
        yield f"postgres://postgres@{str(sockets).replace('/', '%2F')}/postgres"
    finally:
        server.send_signal(3)
        server.wait(timeout=20)


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{path} did not come")
        time.sleep(0.1)


def run(folder: Path, url: str, seconds: float) -> int:
    os.environ |= {"DATABASE_URL": url, "BELAY_DATA_DIR": str(folder / "data")}
    os.environ |= {"DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONPATH": str(ROOT)}
    for name in ("BELAY_TEST_DB", "EMAIL_HOST", "BELAY_ENV"):
        os.environ.pop(name, None)
    subprocess.run([sys.executable, "-m", "tests.killing.database"], cwd=ROOT, check=True)
    import django

    django.setup()
    from django.conf import settings
    from django.db import connection

    from config.lib.clock import now
    from escalations.models import ClockMark
    from escalations.services.notices import deliver_due
    from tests.killing import work
    from tests.killing.reckoning import reckon

    began = work.plan(int(seconds * PACE), PACE)
    machines = {host: start(host, net, folder) for host, net in HOSTS.items()}
    try:
        cut = [0.0, 0.0]
        first = now()
        time.sleep(seconds * CUT_FROM)
        ip("-n", DATABASE, "link", "set", f"to-{CUT[-1]}", "down")
        away = now()
        cut[0] = (away - first).total_seconds()
        time.sleep(seconds * (CUT_TO - CUT_FROM))
        ip("-n", DATABASE, "link", "set", f"to-{CUT[-1]}", "up")
        back = now()
        cut[1] = (back - first).total_seconds()
        time.sleep(seconds * (1 - CUT_TO))
        deadline = time.monotonic() + QUIET_S + seconds
        while (quiet := work.quiet_at()) is None and time.monotonic() < deadline:
            time.sleep(0.2)
        at = quiet or now()
    finally:
        for machine in machines.values():
            machine.terminate()
        for machine in machines.values():
            machine.wait(timeout=30)
    # What fell due while they stopped was written, and leaves from here.
    work.expire_leases()
    deliver_due(now())
    count = reckon(began, at, Path(settings.MAIL_DIR))
    meanwhile = ClockMark.objects.filter(recorded_at__range=(away, back)).count()
    connection.close()
    for line in count.wrong[:10]:
        print(f"! {line}", file=sys.stderr)
    if quiet is None:
        print("! not quiet in time", file=sys.stderr)
    print(
        f"two hosts: {count}; one host cut off for "
        f"{cut[1] - cut[0]:.0f} s, the other settled {meanwhile} clocks meanwhile"
    )
    return 0 if count.is_right and quiet and count.escalations and meanwhile else 1


def start(host: str, net: str, folder: Path) -> subprocess.Popen[bytes]:
    """The whole of `serve` on this host, with its own log."""
    environment = {**os.environ, **lifeline.child_environment(), "PORT": "8000"}
    environment |= {"DATABASE_URL": f"postgres://postgres@{net}.1/postgres"}
    with (folder / f"{host}.log").open("wb") as log:
        return subprocess.Popen(
            ["ip", "netns", "exec", host, sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )


if __name__ == "__main__":
    sys.exit(main())
