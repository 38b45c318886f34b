from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations.models import KpiFlip, KpiState, Threshold
from escalations.selectors.kpis import states_without_data
from escalations.services.no_data import settle_no_data
from tests.escalations.conftest import NOW, WORKED_VALUES, Sender, make_kpi
from tests.examples import examples
from tests.factories.limits import limits_since

pytestmark = pytest.mark.django_db

WORKED_FLIPS = [
    (4, "ok", "warn"),
    (6, "warn", "breach"),
    (10, "breach", "warn"),
    (13, "warn", "ok"),
]


def test_the_worked_series_flips_as_written(sender):
    sender.send_values(WORKED_VALUES)
    assert sender.check() == 1
    assert sender.flips() == WORKED_FLIPS
    state = sender.state()
    assert (state.state, state.since_at, state.judged_to) == ("ok", sender.at(13), sender.at(14))
    assert state.dirty_from is None
    assert sender.check() == 0


def test_readings_one_by_one_flip_as_in_one_batch(sender):
    for hour, value in enumerate(WORKED_VALUES):
        sender.send(sender.row(hour, value))
        sender.check()
    assert sender.flips() == WORKED_FLIPS
    assert not KpiFlip.objects.filter(is_late=True).exists()


def test_an_in_order_reading_is_judged_without_reading_history(sender, django_assert_num_queries):
    sender.send_values(WORKED_VALUES)
    sender.check()
    sender.send(sender.row(15, 3.1))
    with django_assert_num_queries(8):  # 4 of them savepoints and the transaction
        sender.check()


def test_quiet_readings_let_the_bad_one_before_them_grow_old(sender):
    for hour, value in enumerate([3.1, 2.7, 3.1, 3.1, 3.1, 3.1, 3.1, 2.7, 2.7]):
        sender.send(sender.row(hour, value))
        sender.check()
    assert sender.flips() == [], "three of five, not three of nine"


def test_readings_that_new_limits_cut_in_two_are_judged_by_both(sender):
    limits_since(
        sender.kpi,
        sender.at(4),
        number=2,
        direction="higher",
        warn_lo=3.0,
        breach_lo=2.5,
        clear_warn_lo=3.1,
        clear_breach_lo=2.6,
        n=1,
        m=1,
        c=1,
    )
    sender.send(sender.row(0, 2.9))
    sender.check()
    sender.send(*(sender.row(hour, 2.9) for hour in range(1, 7)))
    sender.check()
    assert sender.flips() == [(4, "ok", "warn")]


def test_a_late_reading_opens_retroactively_and_is_flagged(sender):
    sender.send(sender.row(0, 2.4), sender.row(1, 2.4), sender.row(3, 3.1))
    sender.check()
    assert sender.flips() == []
    sender.send(sender.row(2, 2.4))
    sender.check()
    assert sender.flips() == [(2, "ok", "breach")]
    assert KpiFlip.objects.get().is_late


def test_a_flip_that_late_data_overturns_is_kept_and_marked(sender):
    sender.send(*(sender.row(i, 2.4) for i in range(3)))
    sender.check()
    sender.send(sender.row(1, 3.1, correction=True))
    sender.check()
    assert sender.flips() == []
    assert KpiFlip.objects.get().superseded_at == NOW
    assert sender.state().state == "ok"
    assert sender.state().since_at is None


def test_each_point_is_judged_by_the_version_of_its_time(sender):
    limits_since(
        sender.kpi,
        sender.at(2),
        number=2,
        direction="higher",
        warn_lo=2.0,
        breach_lo=1.5,
        clear_warn_lo=2.1,
        clear_breach_lo=1.6,
    )
    sender.send_values([2.4, 2.4, 2.4, 2.4, 1.8])
    sender.check()
    assert sender.flips() == [(4, "ok", "warn")]
    assert KpiFlip.objects.get().threshold.number == 2


def test_a_row_that_cannot_be_judged_is_parked_and_blocks_nobody(sender):
    broken = Sender(make_kpi("broken"))
    broken.send(broken.row(0, 1))
    Threshold.objects.filter(kpi=broken.kpi).delete()
    sender.send_values(WORKED_VALUES)
    assert sender.check() == 2
    assert sender.flips() == WORKED_FLIPS
    state = broken.state()
    assert state.parked_until == NOW + timedelta(hours=1)
    assert "no thresholds" in state.parked_error
    assert sender.check() == 0
    assert sender.check(NOW + timedelta(hours=1)) == 1


@settings(examples(16), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_late_readings_end_as_readings_in_order(sender, data):
    count = data.draw(st.integers(2, 16))
    values = data.draw(
        st.lists(st.sampled_from([2.3, 2.55, 2.7, 2.85, 3.1]), min_size=count, max_size=count)
    )
    channels = data.draw(st.lists(st.sampled_from(["", "b"]), min_size=count, max_size=count))
    rows = [(i // 2, v, c) for i, (v, c) in enumerate(zip(values, channels, strict=True))]
    rows = list({(hour, channel): (hour, v, channel) for hour, v, channel in rows}.values())
    order = data.draw(st.permutations(rows))
    if data.draw(st.booleans()):
        limits_since(
            sender.kpi,
            sender.at(4),
            number=2,
            direction="higher",
            warn_lo=2.75,
            breach_lo=2.5,
            clear_warn_lo=2.8,
            clear_breach_lo=2.6,
            n=2,
            m=3,
            c=2,
        )
    else:
        KpiFlip.objects.all().delete()
        Threshold.objects.filter(number=2).delete()
    KpiState.objects.update(dirty_from=None)
    one = f"one{KpiState.objects.count()}"
    other = f"other{KpiState.objects.count()}"
    sender.send(*(sender.row(h, v, channel=c, segment=one) for h, v, c in rows))
    sender.check()
    for hour, value, channel in order:
        sender.send(sender.row(hour, value, channel=channel, segment=other))
        sender.check()
    assert sender.flips(other) == sender.flips(one)
    expected, found = sender.state(one), sender.state(other)
    assert (found.state, found.since_at, found.judged_to, found.machine) == (
        expected.state,
        expected.since_at,
        expected.judged_to,
        expected.machine,
    )


# --- no data ---------------------------------------------------------------------------------
def test_a_silent_kpi_has_no_data_from_its_due_time_until_the_next_reading(sender):
    sender.send(*(sender.row(70 + i, 2.4) for i in range(3)))
    sender.check()
    due_at = sender.state().no_data_due_at
    later = due_at + timedelta(minutes=10)
    assert not states_without_data(due_at - timedelta(seconds=1))
    for state in states_without_data(later):
        assert settle_no_data(state, later)
        assert not settle_no_data(state, later)
    assert (sender.state().state, sender.state().held_state) == ("no_data", "breach")
    assert KpiFlip.objects.latest("id").at == due_at

    sender.send(sender.row(80, 2.4), at=sender.at(80))
    sender.check(sender.at(80))
    assert sender.flips() == [
        (72, "ok", "breach"),
        (79, "breach", "no_data"),
        (80, "no_data", "breach"),
    ]


def test_data_that_comes_late_but_fresh_ends_no_data_as_of_now(sender):
    sender.send(sender.row(72, 3.1))
    sender.check()
    later = sender.at(79.5)
    settle_no_data(sender.state(), later)
    sender.send(sender.row(78, 3.1), at=later)
    sender.check(later)
    assert sender.flips() == [(79, "ok", "no_data"), (79.5, "no_data", "ok")]


@pytest.mark.parametrize(("policy", "shown"), [("breaching", "breach"), ("ok", "ok")])
def test_the_missing_policy_says_what_silence_shows(sender, policy, shown):
    Threshold.objects.update(missing=policy)
    sender.send(sender.row(72, 3.1))
    sender.check()
    settle_no_data(sender.state(), sender.at(90))
    assert sender.state().state == shown
