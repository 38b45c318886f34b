from __future__ import annotations

from datetime import timedelta

import pytest
from django_q.models import OrmQ

from config.lib.errors import DomainError
from escalations.models import KpiState, Reading, Series
from tests.escalations.conftest import NOW, make_kpi

pytestmark = pytest.mark.django_db


def refused(sender, *rows):
    with pytest.raises(DomainError) as caught:
        sender.send(*rows)
    return [(e["row"], e["field"], e["code"]) for e in caught.value.errors]


def test_a_new_reading_is_stored_and_asks_for_one_check(sender):
    assert sender.send(sender.row(0, 3.1), sender.row(1, 3.2, segment="b")) == ["stored"] * 2
    assert Series.objects.count() == KpiState.objects.count() == 2
    assert OrmQ.objects.count() == 1
    state = sender.state()
    assert (state.dirty_from, state.last_at, state.last_value) == (
        sender.at(0),
        sender.at(0),
        3.1,
    )


def test_the_same_value_again_is_dropped(sender):
    sender.send(sender.row(0, 3.1))
    assert sender.send(sender.row(0, 3.1), sender.row(1, 3), sender.row(1, 3.0)) == [
        "duplicate",
        "stored",
        "duplicate",
    ]
    assert Reading.objects.count() == 2


def test_another_value_is_suspect_and_the_first_stays_in_force(sender):
    sender.send(sender.row(0, 3.1))
    sender.check()
    assert sender.send(sender.row(0, 1.0)) == ["suspect"]
    assert (sender.state().dirty_from, sender.state().suspect_at) == (sender.at(0), sender.at(0))
    assert list(Reading.objects.order_by("revision").values_list("value", "quality")) == [
        (3.1, "valid"),
        (1.0, "suspect"),
    ]
    assert sender.send(sender.row(0, 1.0)) == ["duplicate"]


def test_a_correction_is_a_new_revision_and_the_old_one_is_kept(sender):
    sender.send(sender.row(0, 3.1), sender.row(0, 2.0))
    assert sender.send(sender.row(0, 2.2, correction=True)) == ["revised"]
    assert list(
        Reading.objects.order_by("revision").values_list("revision", "value", "quality")
    ) == [(1, 3.1, "replaced"), (2, 2.0, "replaced"), (3, 2.2, "valid")]
    assert sender.state().last_value == 2.2
    assert sender.send(sender.row(0, 3.1)) == ["duplicate"]


def test_a_correction_within_one_batch_replaces_the_row_before_it(sender):
    assert sender.send(sender.row(0, 1), sender.row(0, 2, correction=True)) == ["stored", "revised"]
    assert list(Reading.objects.order_by("revision").values_list("quality", flat=True)) == [
        "replaced",
        "valid",
    ]


def test_every_bad_row_is_named_and_nothing_is_stored(sender):
    good = sender.row(0, 3.1)
    found = refused(
        sender,
        good,
        {**good, "value": True},
        {**good, "value": float("inf")},
        {**good, "value": 10**400},
        {**good, "at": "2026-03-02T10:00:00"},
        {**good, "at": "yesterday"},
        {**good, "at": "1969-12-31T23:00:00Z"},
        {**good, "at": (NOW + timedelta(days=1, seconds=1)).isoformat()},
        {**good, "kpi": "nothing"},
        {**good, "segment": "x" * 121},
        {**good, "channel": "a\x00b"},
        {**good, "source": "\ud800"},
        {**good, "colour": "red"},
        {"kpi": sender.kpi.code},
        [],
        {**good, "period_end": "2026-03-01T00:00:00Z"},
        {**good, "correction": "yes"},
        {**good, "kpi": ["a"]},
        {**good, "at": "0001-01-01T00:00:00+14:00"},
    )
    assert found == [
        (1, "value", "not_a_number"),
        (2, "value", "not_finite"),
        (3, "value", "not_finite"),
        (4, "at", "naive_time"),
        (5, "at", "not_a_time"),
        (6, "at", "out_of_range"),
        (7, "at", "in_future"),
        (8, "kpi", "unknown_kpi"),
        (9, "segment", "too_long"),
        (10, "channel", "nul"),
        (11, "source", "invalid_text"),
        (12, "colour", "unknown_field"),
        (13, "at", "required"),
        (13, "value", "required"),
        (14, "", "not_an_object"),
        (15, "period_end", "order"),
        (16, "correction", "not_a_boolean"),
        (17, "kpi", "not_text"),
        (18, "at", "out_of_range"),
    ]
    assert not Reading.objects.exists() and not KpiState.objects.exists()


def test_only_a_fresh_reading_starts_the_no_data_timer(sender):
    sender.send(sender.row(0, 3.1), at=NOW)  # three days old
    assert sender.state().no_data_due_at is None
    sender.send(sender.row(72, 3.1), at=NOW)
    assert sender.state().no_data_due_at == NOW + timedelta(hours=5 + 2)
    sender.send(sender.row(70, 3.1), at=NOW)  # late: the newest reading still counts
    assert sender.state().no_data_due_at == NOW + timedelta(hours=7)


def test_a_batch_costs_the_same_number_of_queries_whatever_its_size(
    sender, django_assert_num_queries
):
    rows = [sender.row(-i, 3.0 + i / 1000) for i in range(600)]
    with django_assert_num_queries(14):  # the first makes rows and reads the limits once
        sender.send(*rows[:3])
    with django_assert_num_queries(10):
        sender.send(*rows[3:6])
    with django_assert_num_queries(10):
        sender.send(*rows[6:])


def test_channels_and_sources_of_one_segment_share_its_state(sender):
    make_kpi("other")
    sender.send(
        sender.row(0, 3.1, channel="web"),
        sender.row(0, 3.2, channel="app"),
        sender.row(0, 3.2, channel="app", source="csv"),
    )
    assert Series.objects.count() == 3
    assert KpiState.objects.count() == 1
