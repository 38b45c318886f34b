"""What flips of a KPI do to its incidents, beyond opening and ending them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.models import Incident, TimelineEvent
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
