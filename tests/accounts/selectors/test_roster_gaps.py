from __future__ import annotations

from datetime import UTC, datetime, timedelta

from accounts.models import Layer, Override, Roster
from accounts.selectors.roster_gaps import _gaps, roster_gaps


def names(at):
    _gaps.cache_clear()
    return [gap.name for gap in roster_gaps(at)]


def test_rosters_that_somebody_always_answers_have_no_gap(company, at):
    assert names(at) == []


def test_a_roster_for_weekdays_only_has_a_gap_each_night_until_somebody_stands_in(company, at):
    weekdays = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    Layer.objects.filter(version__roster__code="growth").update(restrict=weekdays, zone="UTC")
    (gap,) = roster_gaps(at)  # a Tuesday, 10:00
    assert (gap.name, gap.count) == ("Growth on call", 10)
    assert gap.start == datetime(2026, 11, 17, 17, tzinfo=UTC)
    assert gap.end == datetime(2026, 11, 18, 9, tzinfo=UTC)
    Override.objects.create(
        roster=Roster.objects.get(code="growth"),
        user=company["duty"],
        start_at=at - timedelta(days=1),
        end_at=at + timedelta(days=20),
        recorded_at=at,
        recorded_by=company["duty"],
    )
    assert names(at) == []


def test_who_left_leaves_a_gap(company, at):
    company["kpi-owner"].left_at = at
    company["kpi-owner"].is_active = False
    company["kpi-owner"].save()
    assert names(at) == ["Growth on call"]


def test_looking_through_rosters_costs_the_same_for_few_and_for_many(
    company, at, django_assert_num_queries
):
    for number in range(20):
        Roster.objects.create(
            code=f"r{number}", name=f"Roster {number}", team=Roster.objects.get(code="duty").team
        )
    with django_assert_num_queries(7):
        assert len(roster_gaps(at)) == 20
    with django_assert_num_queries(0):
        roster_gaps(at + timedelta(seconds=20))
