"""Everything Belay needs, in the foreground: web server, job cluster, clock and sender."""

from __future__ import annotations

import os
import signal
import sys

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.management.base import BaseCommand
from django.db import close_old_connections

from config.lib import lifeline
from config.lib.clock import now
from config.lib.supervisor import Child, Supervisor, taken_port_sentence
from escalations.selectors.heartbeats import cluster_age_s, heartbeat_age_s

DEMO_MAIL = "@demo.belay.example"


class Command(BaseCommand):
    help = "Runs web server, job cluster, clock and sender until Ctrl-C."

    def handle(self, *args, **options) -> None:
        # `make run` names itself here: when it is killed, we stop in good order.
        if caller := os.environ.pop("BELAY_STOP_WITH", ""):
            lifeline.die_with(int(caller), signal.SIGTERM)
        host = os.environ.get("BELAY_BIND") or "127.0.0.1"
        if sentence := taken_port_sentence(host, settings.PORT):
            self.stderr.write(sentence)
            sys.exit(1)
        self._greet(host)
        os.chdir(settings.BASE_DIR)
        Supervisor(_children(host)).run()

    def _greet(self, host: str) -> None:
        self.stdout.write(f"Belay runs at {settings.BASE_URL}/  (API: /api/schema/, Ctrl-C stops)")
        if host not in ("127.0.0.1", "localhost", "::1"):
            self.stdout.write(f"Other machines reach it on port {settings.PORT} of {host}.")
        if settings.IS_PRODUCTION:
            return
        if names := demo_sign_ins():
            self.stdout.write(f"sign in as: {', '.join(names)}")
            self.stdout.write(f"password: {settings.DEMO_PASSWORD}")


def demo_sign_ins() -> list[str]:
    """User names of the demo people, in the order they were made."""
    people = get_user_model().objects.filter(email__endswith=DEMO_MAIL, is_active=True)
    # The others of the company have no password of their own.
    can_sign_in = people.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX)
    return list(can_sign_in.order_by("pk").values_list("username", flat=True))


def _children(host: str) -> list[Child]:
    python = sys.executable
    address = f"[{host}]:{settings.PORT}" if ":" in host else f"{host}:{settings.PORT}"
    gunicorn = [python, "-m", "gunicorn", "-c", "config/gunicorn.py", "-b", address]
    # `serve` has run the checks; whoever is started again is back a third sooner without.
    clock = [python, "manage.py", "clock", "--skip-checks"]
    sender = [python, "manage.py", "sender", "--skip-checks"]
    return [
        Child("web", [*gunicorn, "config.wsgi"]),
        Child("jobs", [python, "-m", "config.lib.qcluster"], _cluster_age),
        Child("clock", clock, _clock_age),
        Child("sender", sender),
    ]


def _clock_age() -> float:
    close_old_connections()
    return heartbeat_age_s("clock", now())


def _cluster_age() -> float | None:
    close_old_connections()
    return cluster_age_s(now())
