"""Settings are read once per process: each case is a process of its own."""

import json
import os
import subprocess
import sys

import pytest

READ = """
import json, logging, sys
import django
from django.conf import settings
django.setup()
logging.getLogger("belay.request").info("a line")
names = sys.argv[1:]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "config.settings",
    "BELAY_ENV": "production",
    "SECRET_KEY": "a key that is long enough for a check, 0123456789",
    "ALLOWED_HOSTS": "belay.example,www.belay.example",
    "BELAY_URL": "https://belay.example",
}


def read(tmp_path, *names, **environ):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    given = kept | ENVIRONMENT | {"BELAY_DATA_DIR": str(tmp_path)} | environ
    return subprocess.run(
        [sys.executable, "-c", READ, *names],
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_production_guards_its_cookies_and_its_transport(tmp_path):
    wanted = {
        "DEBUG": False,
        "ALLOWED_HOSTS": ["belay.example", "www.belay.example"],
        "CSRF_TRUSTED_ORIGINS": ["https://belay.example"],
        "SESSION_COOKIE_SECURE": True,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_SECURE": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_HSTS_PRELOAD": True,
        "SECURE_CONTENT_TYPE_NOSNIFF": True,
        "SECURE_REFERRER_POLICY": "same-origin",
        "X_FRAME_OPTIONS": "DENY",
    }
    done = read(tmp_path, *wanted)
    assert json.loads(done.stdout) == wanted, done.stderr


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS"])
def test_production_does_not_invent_what_must_be_chosen(tmp_path, missing):
    done = read(tmp_path, **{missing: None})
    assert done.returncode != 0
    assert f"Set {missing}" in done.stderr


def test_log_lines_are_plain_text_by_default(tmp_path):
    done = read(tmp_path)
    assert done.stderr.endswith("INFO belay.request [-] a line\n")


def test_log_lines_can_be_json(tmp_path):
    (line,) = read(tmp_path, BELAY_LOG_FORMAT="json").stderr.splitlines()
    row = json.loads(line)
    assert row.pop("time").endswith("+00:00")
    assert row == {
        "level": "INFO",
        "logger": "belay.request",
        "message": "a line",
        "request_id": None,
        "exception": None,
    }


def test_an_unknown_log_format_is_refused(tmp_path):
    done = read(tmp_path, BELAY_LOG_FORMAT="xml")
    assert done.returncode != 0
    assert "BELAY_LOG_FORMAT is 'plain' or 'json'." in done.stderr


PAGELESS = """
import sys
sys.argv = sys.argv[1:]
import django
django.setup()
from django.contrib import admin
from django.urls import reverse
before = len(admin.site._registry)
print(before, reverse("admin:escalations_incident_changelist"), len(admin.site._registry) > 50)
"""


@pytest.mark.parametrize(
    "command", [("manage.py", "clock"), ("/x/qcluster.py",), ("manage.py", "serve")], ids=" ".join
)
def test_who_shows_no_pages_has_no_governance_until_an_address_is_asked_for(tmp_path, command):
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", PAGELESS, *command],
        env=kept | ENVIRONMENT | {"BELAY_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    before, address, is_whole = done.stdout.split()
    assert (int(before) == 0) == (command[-1] != "serve")
    assert (address, is_whole) == ("/admin/escalations/incident/", "True")
