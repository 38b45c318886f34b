"""What flips of a KPI do to its incidents, beyond opening and ending them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from escalations.models import Fact, Incident, TimelineEvent
from escalations.services.facts import add_facts, current_facts
from tests.escalations.conftest import NOW, START, Sender, make_kpi

pytestmark = pytest.mark.django_db
BAD, GOOD = 2.4, 3.1


@pytest.fixture
def sender(db):
    return Sender(make_kpi("conversion", n=1, m=1, c=1))


def live(sender, values, *, every=2):
    """One reading each `every` hours, judged at once: too far apart to reopen by itself."""
    for place, value in enumerate(values):
        hour = place * every
        at = START + timedelta(hours=hour)
        sender.send(sender.row(hour, value), at=at)
        sender.check(at)


def test_the_fourth_time_in_a_day_joins_the_last_incident_as_flapping(sender):
    live(sender, [BAD, GOOD] * 3)
    assert Incident.objects.count() == 3
    live(sender, [BAD, GOOD] * 5)
    assert Incident.objects.count() == 3
    last = Incident.objects.order_by("number").last()
    assert last.title.startswith("Flapping: Conversion is 2.4")
    assert last.title.count("Flapping") == 1
    assert TimelineEvent.objects.filter(kind="flapping").count() == 1
    assert (last.state, last.reopen_count) == ("resolved", 2)


def test_four_times_in_more_than_a_day_do_not_flap(sender):
    live(sender, [BAD, GOOD] * 5, every=4)
    assert Incident.objects.count() == 5
    assert not Incident.objects.filter(title__startswith="Flapping").exists()


def test_a_file_of_the_past_flaps_by_its_own_time(sender):
    sender.send(*(sender.row(hour, value) for hour, value in enumerate([BAD, GOOD] * 6)))
    sender.check()
    assert Incident.objects.filter(title__startswith="Flapping").count() == 1
    assert Incident.objects.count() == 3
    later = [sender.row(60 + hour, value) for hour, value in enumerate([BAD, GOOD])]
    sender.send(*later)
    sender.check()
    assert Incident.objects.count() == 4


def test_an_incident_that_late_readings_overturn_says_so_and_stays(sender):
    sender.send(sender.row(0, GOOD), sender.row(1, BAD))
    sender.check()
    sender.send(sender.row(1, GOOD, correction=True))
    sender.check(NOW)
    told = TimelineEvent.objects.get(kind="overturned")
    assert told.sentence == (
        "Late readings overturn ok to breach at 02 Mar 01:00 UTC; the page stands."
    )
    assert told.incident.state not in ("resolved", "closed")


# --- declared facts ----------------------------------------------------------------------------
def declare(**limits):
    """A KPI that says S3 of both levels, so that only facts can make it worse."""
    said = {"n": 1, "m": 1, "c": 1, "warn_severity": 3, "breach_severity": 3, **limits}
    return Sender(make_kpi("declared", **said))


def facts_of(incident):
    rows = Fact.objects.filter(incident=incident).order_by("received_at", "id")
    return [(fact.name, fact.value, fact.source) for fact in rows]


def test_an_incident_opened_by_a_kpi_knows_what_its_level_declares(db):
    sender = declare(warn_facts={"users_pct": 5}, breach_facts={"users_pct": 30})
    live(sender, [2.7])
    incident = Incident.objects.get()
    assert facts_of(incident) == [("users_pct", 5, "kpi")]
    assert incident.severity == 3


def test_a_deeper_level_appends_its_facts_and_the_floor_counts(db):
    sender = declare(warn_facts={"users_pct": 5}, breach_facts={"users_pct": 30})
    live(sender, [2.7, BAD])
    incident = Incident.objects.get()
    assert facts_of(incident) == [("users_pct", 5, "kpi"), ("users_pct", 30, "kpi")]
    assert incident.severity == 2  # more than ten per cent of users: T2
    assert TimelineEvent.objects.filter(kind="facts").get().sentence == (
        "Declared declares for breach: users_pct."
    )


def test_declared_facts_never_lower_what_is_known(db):
    sender = declare(
        warn_facts={"users_pct": 5, "core_down_no_workaround": False},
        breach_facts={"users_pct": 8, "core_down_no_workaround": False},
    )
    live(sender, [2.7])
    incident = Incident.objects.get()
    add_facts(
        incident,
        {"users_pct": 60, "core_down_no_workaround": True},
        source="person",
        at=START + timedelta(hours=1),
        received_at=START + timedelta(hours=1),
    )
    live(sender, [2.7, BAD])
    known = {name: given.value for name, given in current_facts(incident).items()}
    assert known == {"users_pct": 60, "core_down_no_workaround": True}


def test_exposed_revenue_and_declared_revenue_count_by_the_larger(db):
    sender = declare(revenue_exposed="40000.00", breach_facts={"arr_at_risk": 60000})
    live(sender, [2.7])
    incident = Incident.objects.get()
    assert (facts_of(incident), incident.severity) == ([("arr_at_risk", "40000.00", "kpi")], 3)
    live(sender, [2.7, BAD])
    incident.refresh_from_db()
    assert facts_of(incident)[-1] == ("arr_at_risk", 60000, "kpi")
    assert incident.severity == 2  # more than 50,000 at risk: T1


def test_going_back_to_warn_adds_nothing(db):
    sender = declare(warn_facts={"users_pct": 5}, breach_facts={"users_pct": 30})
    live(sender, [BAD, 2.7])
    assert facts_of(Incident.objects.get()) == [("users_pct", 30, "kpi")]


def test_an_excursion_that_joins_an_open_incident_brings_its_facts(db):
    sender = declare(warn_facts={"users_pct": 5}, breach_facts={"users_pct": 30})
    live(sender, [2.7])
    Incident.objects.update(accepted_at=START, commander=User.objects.create_user("c"))
    live(sender, [2.7, GOOD, BAD])
    incident = Incident.objects.get()
    assert facts_of(incident)[-1] == ("users_pct", 30, "kpi")
    assert incident.severity == 2
