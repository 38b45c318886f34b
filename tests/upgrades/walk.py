"""Run in a process of its own by test_upgrade, on the migrated database: pages open, verbs work,
timers fire. Prints one line of JSON."""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path


def main() -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings

    plain = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES["staticfiles"]["BACKEND"] = plain
    settings.ALLOWED_HOSTS.append("testserver")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from rest_framework.test import APIClient

    from accounts.models import ContactMethod, User
    from config.lib.clock import now
    from escalations.models import Incident
    from escalations.tasks.schedule import sweep

    call_command("sync_reference", verbosity=0, stdout=sys.stderr)
    people = {user.username: user for user in User.objects.all()}
    kept = ContactMethod.objects.verified().values_list("person__username", "address")
    assert dict(kept) == {name: user.email for name, user in people.items() if user.email}
    incident = Incident.objects.open().filter(severity=1).order_by("number").first()
    assert incident is not None, "the stored company has an open S1"

    pages = {}
    agent, governor = Client(), Client()
    agent.force_login(people["agent"])
    governor.force_login(people["governor"])
    for path in ("/", f"/incidents/{incident.number}/", "/customers/", "/customers/northwind/"):
        pages[path] = agent.get(path).status_code
    for path in ("/admin/", "/admin/escalations/kpi/", "/admin/accounts/user/"):
        pages[path] = governor.get(path).status_code

    api = APIClient()
    api.force_authenticate(people["agent"])
    answered = api.post(f"/api/v1/incidents/{incident.number}/acknowledge/", {}, format="json")
    api.force_authenticate(people["integrator"])
    body = {"source": "walk", "dedup_key": "k", "title": "After the upgrade"}
    opened = api.post("/api/v1/signals/", body, format="json")
    swept = sweep(now() + timedelta(hours=12))
    print(
        json.dumps(
            {
                "pages": pages,
                "state": answered.json().get("state"),
                "opened": opened.status_code,
                "swept": swept,
                "vendor": connection.vendor,
            }
        )
    )


if __name__ == "__main__":
    main()
