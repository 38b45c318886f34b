"""Two values for one point: the state is frozen, the data steward is asked (SEMANTICS 5.1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from escalations.models import Incident, KpiFlip, Notice, Signal, TimelineEvent
from escalations.services.no_data import settle_no_data
from tests.escalations.conftest import NOW, Sender, make_kpi

pytestmark = pytest.mark.django_db


@pytest.fixture
def sender(db):
    """Every breaching point is a breach at once, one good point ends it."""
    kpi = make_kpi("conversion", n=1, m=1, c=1)
    kpi.owner = User.objects.create_user("olga", email="olga@people.example")
    kpi.steward = User.objects.create_user("stan", email="stan@people.example")
    kpi.save()
    return Sender(kpi)


def put_in_doubt(sender):
    sender.send(sender.row(9, 3.2), sender.row(10, 3.1), sender.row(10, 2.4))
    sender.check()


def told():
    return sorted(Notice.objects.values_list("recipient__username", flat=True).distinct())


def test_a_second_value_makes_the_state_suspect_and_keeps_the_held_one(sender):
    put_in_doubt(sender)
    state = sender.state()
    assert (state.state, state.held_state, state.since_at) == ("suspect", "ok", sender.at(10))
    assert sender.flips() == [(10, "ok", "suspect")]
    assert sender.check() == 0, "it is frozen"


def test_the_steward_is_asked_and_the_owner_is_left_alone(sender):
    put_in_doubt(sender)
    incident = Incident.objects.get()
    assert incident.title == "Conversion: two values for 10:00 UTC: 3.1 and 2.4"
    assert incident.commander == sender.kpi.steward
    assert incident.explanation["owner"]["why"] == "the data steward of this KPI"
    assert "stan because of being the data steward" in incident.explanation["why"]
    assert Signal.objects.get().kpi_state == "suspect"
    assert told() == ["stan"]


def test_an_unreachable_steward_is_not_asked_and_the_owner_still_left_alone(sender):
    User.objects.filter(username="stan").update(email="")
    put_in_doubt(sender)
    assert Incident.objects.get().commander is None
    assert "olga" not in told()


def test_a_breach_asks_the_owner(sender):
    sender.send(sender.row(10, 2.4))
    sender.check()
    assert told() == ["olga", "stan"]
    assert Incident.objects.get().commander is None


def test_silence_asks_the_steward(sender):
    sender.send(sender.row(72, 3.1))
    sender.check()
    assert settle_no_data(sender.state(), NOW + timedelta(days=1))
    assert Incident.objects.get().commander == sender.kpi.steward
    assert told() == ["stan"]


def test_a_frozen_state_takes_in_points_and_shows_no_change(sender):
    put_in_doubt(sender)
    assert sender.send(sender.row(11, 2.0), sender.row(12, 2.0)) == ["stored"] * 2
    assert sender.check() == 0
    assert (sender.state().state, sender.state().last_value) == ("suspect", 2.0)
    assert Incident.objects.count() == 1


def test_a_correction_thaws_and_what_came_meanwhile_is_judged(sender):
    put_in_doubt(sender)
    sender.send(sender.row(11, 3.1), sender.row(12, 2.0))
    sender.send(sender.row(10, 3.1, correction=True))  # the first value was right
    assert sender.state().suspect_at is None
    sender.check()
    assert (sender.state().state, sender.state().since_at) == ("breach", sender.at(12))
    assert sender.flips() == [(10, "ok", "suspect"), (10, "suspect", "ok"), (12, "ok", "breach")]


def test_a_correction_to_a_good_value_ends_the_incident(sender):
    put_in_doubt(sender)
    sender.send(sender.row(10, 3.0, correction=True))
    sender.check()
    assert sender.state().state == "ok"
    assert Incident.objects.get().state == "resolved"


def test_a_correction_to_a_bad_value_tells_the_owner(sender):
    put_in_doubt(sender)
    sender.send(sender.row(10, 2.4, correction=True))
    sender.check()
    assert sender.state().state == "breach"
    assert (Incident.objects.get().severity, told()) == (2, ["olga", "stan"])


def test_another_point_in_doubt_keeps_the_state_frozen(sender):
    put_in_doubt(sender)
    sender.send(sender.row(11, 3.1), sender.row(11, 3.3))
    sender.send(sender.row(10, 3.1, correction=True))
    assert sender.state().suspect_at == sender.at(11)
    assert (sender.check(), sender.state().state) == (0, "suspect")
    sender.send(sender.row(11, 3.1, correction=True))
    sender.check()
    assert sender.state().state == "ok"


def test_a_doubt_about_the_past_freezes_now_and_overturns_nothing(sender):
    sender.send(*(sender.row(hour, value) for hour, value in enumerate([3.1, 3.1, 2.4])))
    sender.check()
    sender.send(sender.row(0, 2.0))
    sender.check()
    assert sender.flips() == [(2, "ok", "breach"), (2, "breach", "suspect")]
    assert not KpiFlip.objects.exclude(superseded_at=None).exists()
    assert TimelineEvent.objects.filter(kind="kpi_state").count() == 1
    sender.send(sender.row(0, 3.1, correction=True))
    sender.check()
    assert (sender.state().state, Incident.objects.count()) == ("breach", 1)


def test_a_doubt_within_one_batch_that_is_corrected_there_freezes_nothing(sender):
    sender.send(sender.row(0, 3.1), sender.row(0, 2.4), sender.row(0, 3.0, correction=True))
    sender.check()
    assert (sender.state().state, sender.state().suspect_at) == ("ok", None)


def test_silence_while_frozen_waits_for_the_correction(sender):
    sender.send(sender.row(72, 3.1), sender.row(72, 2.4))
    sender.check()
    later = NOW + timedelta(days=1)
    assert not settle_no_data(sender.state(), later)
    assert (sender.state().state, sender.state().no_data_due_at > later) == ("suspect", True)
    sender.send(sender.row(72, 3.1, correction=True), at=later)
    sender.check(later)
    assert sender.state().state == "ok"
