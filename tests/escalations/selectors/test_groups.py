"""What came together lately is looked for among what opened lately, and nowhere else."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection

from escalations.rules.storms import OVERALL
from escalations.selectors import groups
from tests.factories.incidents import open_incident


def test_others_are_found_by_when_they_opened(company, at, monkeypatch):
    incident = open_incident(at)
    plans = []

    def explained(text, values):
        sqlite = connection.vendor == "sqlite"
        with connection.cursor() as cursor:
            if not sqlite:  # it reads so few rows one by one
                cursor.execute("SET LOCAL enable_seqscan = off")
            shown = [str(v) if sqlite and hasattr(v, "tzinfo") else v for v in values]
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if sqlite else ''}{text}", shown)
            plans.append(str(cursor.fetchall()))
        return ask(text, values)

    ask = groups.ask
    monkeypatch.setattr(groups, "ask", explained)
    since = at - timedelta(minutes=5)
    (root,) = groups.roots_of(None, [incident], since, at)
    assert root.incident == incident
    assert groups.counts_of(None, since, at, 30)[OVERALL] == 1
    assert len(plans) == 2
    assert all("incident_opened" in plan for plan in plans), plans
