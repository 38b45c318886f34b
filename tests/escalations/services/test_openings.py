"""A burst costs as many statements as one signal."""

from __future__ import annotations

import uuid
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from escalations.models import LadderRun, PolicyVersion
from escalations.selectors import policies
from escalations.services.incidents import open_incidents
from escalations.services.recorder import Recorder
from escalations.services.signals import SignalMessage, signal_of
from tests.factories.incidents import MAJOR, open_incident

MANY = 30_000


@pytest.fixture
def no_storms(company):
    PolicyVersion.objects.filter(state="in_force").update(storm_of_one=MANY, storm_overall=MANY)
    policies.clear_caches()


def burst(count, at):
    """Of one customer, each received at an instant of its own."""
    account = Account.objects.get(external_id="northwind")
    return [
        signal_of(
            SignalMessage(
                source="pager",
                dedup_key=uuid.uuid4().hex,
                is_firing=True,
                title="Trouble",
                received_at=at - timedelta(seconds=i % 60),
                account=account,
                product_area=f"area {i % 3}",
                category="outage",
                facts=MAJOR,
                anchors={"business": 3},
            )
        )
        for i in range(count)
    ]


def statements(count, at):
    """How often each kind of statement on each table; inserts once a table, because SQLite cuts
    long ones into pieces."""
    rows = burst(count, at)
    with CaptureQueriesContext(connection) as seen:
        opened = open_incidents(rows, at=at)
    assert len(opened) == count
    assert LadderRun.objects.filter(incident__in=opened).count() == count
    found = Counter()
    for query in seen:
        words = query["sql"].partition(" times: ")[2] or query["sql"]
        words = words.split('"')
        verb = words[0].split(" ")[0]
        if verb == "INSERT" and connection.vendor == "sqlite":
            found[verb, words[1]] = 1
        else:
            found[verb, words[1] if len(words) > 1 else ""] += 1
    return found


def test_one_ten_and_a_hundred_incidents_cost_the_same_statements(no_storms, at):
    open_incident(at, facts=MAJOR)  # the first of the group they come under
    statements(3, at)  # fills the caches of documents and calendars
    assert statements(1, at) == statements(10, at) == statements(100, at)


def test_a_burst_opens_what_single_signals_would(no_storms, at):
    def told(incident):
        run = incident.ladder_runs.get()
        return {
            "severity": incident.severity,
            "team": incident.team_id,
            "due": (incident.next_due_at, incident.next_late_at, incident.next_warn_at),
            "run": (run.number, run.state, run.level, run.paged, run.look_at, run.next_step_at),
            "steps": list(run.steps.values_list("seq", "person", "level", "reason")),
            "timeline": list(incident.timeline.values_list("seq", "kind")),
            "pages": list(incident.notices.filter(kind="page").values_list("recipient", "text")),
            "clocks": list(incident.clocks.order_by("kind").values_list("kind", "due_at")),
            "facts": sorted(incident.facts_log.values_list("name", flat=True)),
        }

    open_incident(at, facts=MAJOR)
    together = open_incidents(burst(2, at), at=at)[1]
    alone = [open_incidents([each], at=at)[0] for each in burst(2, at)][1]
    one, other = told(together), told(alone)
    for page in (one, other):  # the texts name the incident
        page["pages"] = [(who, text.count("\n")) for who, text in page["pages"]]
    assert one == other


def test_a_new_incident_is_not_asked_for_what_it_cannot_have(company, at):
    incident = open_incident(at)
    recorder = Recorder(at)
    recorder.begins([incident])
    assert recorder.is_new(incident)
    recorder.write()
    assert not recorder.is_new(incident), "from now on its rows are counted"
