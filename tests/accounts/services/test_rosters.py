"""Stand-ins, absences and swaps: who was on call, and who was thought to be."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from accounts.models import Absence, Override, Roster, Swap
from accounts.selectors.rosters import on_call, people_on_call, plan_of
from accounts.services import rosters, swaps
from accounts.services.people import deactivate, reactivate
from accounts.services.roster_versions import NewLayer, edit_roster, withdraw_version
from config.lib.errors import DomainError

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 09:00 in New York, a hand-off


@pytest.fixture
def primary(company):
    return Roster.objects.get(code="primary")  # Ana and Sam by turns, from Mondays 09:00 New York


def refused(code, do, *args, **kwargs):
    with pytest.raises(DomainError) as error:
        do(*args, **kwargs)
    assert error.value.code == code
    return error.value


def who(roster, when, known_at=None):
    from accounts.models import User

    person = on_call(roster, when, known_at).person
    return None if person is None else User.objects.get(pk=person).username


def rotation(*people, first=None, handoff=time(9), zone="America/New_York", **more):
    return NewLayer(zone, handoff, "week", people, first or people[0], **more)


# --- overrides ------------------------------------------------------------------------------------
def test_who_was_on_call_and_who_was_thought_to_be(company, primary, at):
    regular, duty = who(primary, at + DAY, at), company["duty"]
    made = rosters.record_override(primary, duty, at + DAY, at + 2 * DAY, by=duty, at=at + HOUR)
    when = at + DAY + HOUR
    assert who(primary, when, at) == regular
    assert who(primary, when, at + HOUR) == "duty"
    rosters.withdraw_override(made, by=duty, at=at + 2 * HOUR)
    assert who(primary, when, at + HOUR) == "duty"
    assert who(primary, when, at + 2 * HOUR) == regular


def test_people_of_the_roster_stand_in_themselves_and_planners_name_anybody(company, primary, at):
    period = (at + DAY, at + 2 * DAY)
    agent, agent2, duty = company["agent"], company["agent2"], company["duty"]
    rosters.record_override(primary, agent, *period, by=agent, at=at)
    rosters.record_override(primary, company["senior"], *period, by=duty, at=at)
    refused("not_your_roster", rosters.record_override, primary, agent2, *period, by=agent, at=at)
    sponsor = company["sponsor"]
    refused(
        "not_your_roster", rosters.record_override, primary, sponsor, *period, by=sponsor, at=at
    )
    primary.owner = agent
    primary.save()
    rosters.record_override(primary, agent2, *period, by=agent, at=at)


def test_the_past_stays_as_it_was(company, primary, at):
    duty = company["duty"]
    made = rosters.record_override(primary, duty, at - DAY, at + DAY, by=duty, at=at)
    assert made.start_at == at
    refused("already_over", rosters.record_override, primary, duty, at - DAY, at, by=duty, at=at)
    refused("bad_period", rosters.record_override, primary, duty, at, at, by=duty, at=at)
    refused("already_over", rosters.withdraw_override, made, by=duty, at=at + 2 * DAY)
    rosters.withdraw_override(made, by=duty, at=at + HOUR)
    refused("already_withdrawn", rosters.withdraw_override, made, by=duty, at=at + HOUR)


def test_nobody_stands_in_who_is_away_or_cannot_be_reached(company, primary, at):
    duty, agent = company["duty"], company["agent"]
    period = (at + DAY, at + 2 * DAY)
    rosters.record_absence(agent, *period, by=agent, at=at)
    refused("person_away", rosters.record_override, primary, agent, *period, by=duty, at=at)
    agent.email = ""
    agent.save()
    agent.contact_methods.update(verified_at=None)
    refused("unreachable_person", rosters.record_override, primary, agent, *period, by=duty, at=at)


# --- absences -------------------------------------------------------------------------------------
def test_an_absence_leaves_a_gap_on_every_roster_until_it_is_withdrawn(company, at):
    owner, growth = company["kpi-owner"], Roster.objects.get(code="growth")
    away = rosters.record_absence(owner, at + DAY, at + 3 * DAY, by=owner, at=at, reason="Leave")
    assert on_call(growth, at + DAY, at).source.startswith("gap (away")
    assert who(growth, at + DAY, at - HOUR) == "kpi-owner"
    later = at + 2 * DAY
    rosters.withdraw_absence(away, by=owner, at=later)
    assert who(growth, later, later) == "kpi-owner"
    assert on_call(growth, later - HOUR, later).person is None  # what has passed stays
    assert Absence.objects.filter(withdrawn_at=None).get().end_at == later


def test_an_absence_is_told_by_oneself_a_manager_or_who_plans(company, at):
    agent, period = company["agent"], (at + DAY, at + 2 * DAY)
    refused("not_yours", rosters.record_absence, agent, *period, by=company["senior"], at=at)
    rosters.record_absence(agent, *period, by=agent.manager, at=at)
    rosters.record_absence(agent, *period, by=company["governor"], at=at)


def test_who_left_and_came_back_was_away_meanwhile(company, at):
    owner, growth, by = company["kpi-owner"], Roster.objects.get(code="growth"), company["governor"]
    deactivate(owner, by=by, at=at, reason="Left")
    assert on_call(growth, at).person is None
    reactivate(owner, by=by, at=at + DAY, reason="Back")
    later = at + 2 * DAY
    assert [who(growth, when, later) for when in (at - HOUR, at + HOUR, at + DAY)] == [
        "kpi-owner",
        None,
        "kpi-owner",
    ]


# --- a new version --------------------------------------------------------------------------------
def test_a_roster_is_edited_from_the_next_handoff_and_says_who_continues(company, primary, at):
    agent, agent2, senior = company["agent"], company["agent2"], company["senior"]
    layer = rotation(agent, agent2, senior, first=senior)
    version = edit_roster(primary, [layer], by=company["governor"], at=at)
    assert version.effective_from == MONDAY
    weeks = [who(primary, MONDAY + n * 7 * DAY, at) for n in range(-1, 4)]
    assert weeks[1:] == ["senior", "agent", "agent2", "senior"]
    assert who(primary, MONDAY, at - HOUR) != "senior"
    withdraw_version(version, by=company["governor"], at=at + HOUR)
    assert who(primary, MONDAY, at + HOUR) == who(primary, MONDAY, at - HOUR)


@pytest.mark.parametrize(
    ("hour", "zone"), [(8, "America/New_York"), (10, "America/New_York"), (9, "Pacific/Auckland")]
)
def test_a_moved_handoff_leaves_no_gap_and_shifts_keep_their_numbers(
    company, primary, at, hour, zone
):
    agent, agent2 = company["agent"], company["agent2"]
    before = plan_of(primary, at, at + 30 * DAY, at)
    number = before.on_call(MONDAY).key
    first = agent if who(primary, MONDAY, at) == "agent" else agent2
    edit_roster(
        primary,
        [rotation(agent, agent2, first=first, handoff=time(hour), zone=zone)],
        by=company["governor"],
        at=at,
    )
    plan = plan_of(primary, at, at + 30 * DAY, at)
    assert not any(shift.duty.is_gap for shift in plan.shifts(at, at + 30 * DAY))
    duty = plan.on_call(MONDAY + DAY + HOUR)
    assert (duty.person, duty.key) == (first.pk, number)


def test_a_version_with_gaps_needs_a_fallback_or_a_yes(company, primary, at):
    office = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    layers = [rotation(company["agent"], restrict=office)]
    by = company["governor"]
    error = refused("roster_gaps", edit_roster, primary, layers, by=by, at=at)
    assert error.status == 409
    assert error.extra["gaps"][0]["start_at"].startswith("2026-11-23T22:00")
    assert primary.versions.count() == 1
    edit_roster(primary, layers, by=by, at=at, fallback=company["senior"])
    night = MONDAY + 12 * HOUR
    assert (who(primary, night, at), on_call(primary, night, at).source) == ("senior", "fallback")
    edit_roster(primary, layers, by=by, at=at, accept_gaps=True)
    assert who(primary, night, at) is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"zone": "Mars/Olympus"}, "unknown_zone"),
        ({"every": 0}, "bad_every"),
        ({"restrict": {"mon": [["9", "17:00"]]}}, "bad_window"),
    ],
)
def test_a_layer_that_cannot_be_is_refused_with_its_code(company, primary, at, change, code):
    layer = rotation(company["agent"], **change)
    refused(code, edit_roster, primary, [layer], by=company["governor"], at=at)
    refused("not_your_roster", edit_roster, primary, [layer], by=company["agent"], at=at)


# --- swaps ----------------------------------------------------------------------------------------
@pytest.fixture
def swap(company, primary, at):
    ahead = list(swaps.shifts_ahead(primary, at).values())
    by = company["agent"] if ahead[0].person == company["agent"].pk else company["agent2"]
    return swaps.ask_swap(primary, ahead[0].key, ahead[1].key, by=by, at=at, reason="A wedding")


def test_a_swap_counts_once_the_other_accepts(company, primary, at, swap):
    weeks = [MONDAY + DAY, MONDAY + 8 * DAY]
    before = [who(primary, week, at) for week in weeks]
    refused("not_asked", swaps.accept_swap, swap, by=swap.asked_by, at=at)
    swaps.accept_swap(swap, by=swap.partner, at=at + HOUR)
    assert [who(primary, week, at) for week in weeks] == before
    assert [who(primary, week, at + HOUR) for week in weeks] == before[::-1]
    refused("not_open", swaps.accept_swap, swap, by=swap.partner, at=at)
    refused(
        "part_of_swap", rosters.withdraw_override, swap.overrides.first(), by=swap.partner, at=at
    )
    swaps.withdraw_swap(swap, by=swap.asked_by, at=at + 2 * HOUR)
    assert [who(primary, week, at + 2 * HOUR) for week in weeks] == before


def test_a_swap_moves_with_its_shifts_when_the_handoff_moves_oncall_4182(
    company, primary, at, swap
):
    swaps.accept_swap(swap, by=swap.partner, at=at)
    first = company[who(primary, MONDAY, at - HOUR)]
    other = {swap.asked_by, swap.partner} - {first}
    edit_roster(
        primary,
        [rotation(first, *other, handoff=time(11), first=first)],
        by=company["governor"],
        at=at + HOUR,
    )
    live = Override.objects.filter(swap=swap, withdrawn_at=None).order_by("start_at")
    assert [half.end_at for half in live] == [
        MONDAY + 7 * DAY + 2 * HOUR,
        MONDAY + 14 * DAY + 2 * HOUR,
    ]
    edge = MONDAY + 7 * DAY + HOUR  # before the new hand-off, after the old one
    assert who(primary, edge, at + HOUR) == swap.partner.username
    assert who(primary, edge + 2 * HOUR, at + HOUR) == swap.asked_by.username


def test_a_swap_lapses_when_a_shift_goes_to_somebody_else(company, primary, at, swap):
    swaps.accept_swap(swap, by=swap.partner, at=at)
    layer = rotation(company["senior"], company["agent"], company["agent2"])
    edit_roster(primary, [layer], by=company["governor"], at=at + HOUR)
    assert Swap.objects.get().state == "lapsed"
    assert not Override.objects.filter(withdrawn_at=None).exists()
    assert who(primary, MONDAY + DAY, at + HOUR) == "senior"


def test_a_swap_of_shifts_that_began_is_refused(company, primary, at, swap):
    refused("swap_lapsed", swaps.accept_swap, swap, by=swap.partner, at=MONDAY + HOUR)
    swaps.accept_swap(swap, by=swap.partner, at=at)
    refused("shift_began", swaps.withdraw_swap, swap, by=swap.partner, at=MONDAY + HOUR)
    stranger = company["sponsor"]
    refused("not_your_roster", swaps.withdraw_swap, swap, by=stranger, at=at)


def test_one_gives_only_what_is_theirs(company, primary, at, swap):
    give, take = (f"{swap.give_layer}.{n}" for n in (swap.give_number, swap.take_number))
    ask, by = swaps.ask_swap, swap.asked_by
    refused("not_your_shift", ask, primary, take, give, by=by, at=at)
    refused("own_shift", ask, primary, give, give, by=by, at=at)
    refused("unknown_shift", ask, primary, give, "1.99999", by=by, at=at)
    swaps.decline_swap(swap, by=swap.partner, at=at)
    refused("not_open", swaps.decline_swap, swap, by=swap.partner, at=at)


# --- what went wrong elsewhere --------------------------------------------------------------------
@pytest.mark.parametrize("monday", ["2026-03-02", "2026-10-26"])
def test_no_hour_is_lost_or_doubled_where_clocks_change_oncall_5455(company, primary, monday):
    start = datetime.fromisoformat(monday).replace(tzinfo=UTC)
    found = plan_of(primary, start, start + 21 * DAY, start).shifts(start, start + 21 * DAY)
    assert all(one.end == after.start for one, after in zip(found, found[1:], strict=False))
    assert not any(shift.duty.is_gap for shift in found)
    lengths = {(shift.end - shift.start) / HOUR for shift in found[1:-1]}
    assert lengths <= {167, 168, 169}
    assert lengths != {168}


def test_a_handoff_stays_on_its_local_day_and_hour_all_year_oncall_3261(company, primary, at):
    found = plan_of(primary, at, at + 365 * DAY, at).shifts(at, at + 365 * DAY)
    local = [shift.start.astimezone(ZoneInfo("America/New_York")) for shift in found[1:]]
    assert {(each.weekday(), each.hour, each.minute) for each in local} == {(0, 9, 0)}


def test_paging_and_the_plan_of_a_period_are_one_answer_oneuptime_2086_3411(company, primary, at):
    duty, agent = company["duty"], company["agent"]
    rosters.record_override(primary, duty, at + DAY, at + 2 * DAY, by=duty, at=at)
    rosters.record_absence(agent, at + HOUR, at + 3 * DAY, by=agent, at=at)
    found = plan_of(primary, at, at + 5 * DAY, at).shifts(at, at + 5 * DAY)
    for shift in found:
        for when in (shift.start, shift.end - timedelta(seconds=1)):
            assert on_call(primary, when, at).person == shift.person
            names = people_on_call([primary], when) if shift.person and when == at else None
            assert names is None or list(names) == [shift.person]
