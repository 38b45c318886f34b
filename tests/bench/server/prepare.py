"""Fills a new database: the company, KPIs for readings; prints a token.

python -m tests.bench.server.prepare [calm]     calm: no groups, no storms, no limit of pages
"""

from __future__ import annotations

import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402

from accounts.services.roles import sync_roles  # noqa: E402
from config.lib.clock import now  # noqa: E402
from escalations.demo.company import tell_company  # noqa: E402
from escalations.models import Incident, PolicyVersion  # noqa: E402

MANY = 30_000
CALM = {
    "group_within_s": 1,
    "group_at_most_s": 1,
    "storm_within_s": 1,
    "storm_of_one": MANY,
    "storm_overall": MANY,
    "pages_per_minute": MANY,
    "pages_per_quarter": MANY,
    "pages_per_hour": MANY,
}


def main() -> None:
    call_command("migrate", verbosity=0)
    sync_roles()
    tell_company(now())
    assert not Incident.objects.exists()
    if "calm" in sys.argv[1:]:
        PolicyVersion.objects.filter(state="in_force").update(**CALM)
    call_command("create_token", "integrator")


if __name__ == "__main__":
    main()
