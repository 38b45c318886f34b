"""Gaps ahead are told to who plans the roster, once a stage; swaps to the two who swap."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from accounts.models import Roster
from accounts.rules.gaps import stage_of
from accounts.services import rosters as verbs
from accounts.services import swaps
from accounts.services.roster_versions import NewLayer, edit_roster
from escalations.models import Notice
from escalations.services.rosters import look_ahead, tell_of_swap

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def growth():
    return Roster.objects.filter(code="growth").select_related("team")


def told():
    return list(Notice.objects.order_by("pk").values_list("recipient__username", "subject"))


@pytest.mark.parametrize(
    ("days", "stage"),
    [(15, None), (14, 14), (4, 14), (3, 3), (1.01, 3), (1, 1), (0.1, 1), (0, None), (-1, None)],
)
def test_a_gap_is_told_14_3_and_1_days_before_and_never_once_it_began(at, days, stage):
    assert stage_of(at + days * DAY, at) == stage


def test_each_stage_is_told_once_to_who_plans_the_roster_oncall_1108(company, at):
    away = company["kpi-owner"]  # the only one in it, who also leads the team
    verbs.record_absence(away, at + 10 * DAY, at + 11 * DAY, by=away, at=at)
    Roster.objects.filter(code="growth").update(owner=company["remediation"])
    for _ in range(2):
        look_ahead(growth(), at)
    assert told() == [("remediation", "Nobody is on call within 14 days: Growth on call")]
    look_ahead(growth(), at + 7 * DAY)
    look_ahead(growth(), at + 9.5 * DAY)
    look_ahead(growth(), at + 10.5 * DAY)  # it has begun
    said = [subject.split(":")[0].removeprefix("Nobody is on call ") for _, subject in told()]
    assert said == ["within 14 days", "within 3 days", "within a day"]


def test_a_gap_that_opens_again_is_told_again(company, at):
    away, duty = company["kpi-owner"], company["duty"]
    verbs.record_absence(away, at + 10 * DAY, at + 11 * DAY, by=away, at=at)
    look_ahead(growth(), at)
    cover = verbs.record_override(growth().get(), duty, at + 9 * DAY, at + 12 * DAY, by=duty, at=at)
    look_ahead(growth(), at + HOUR)
    assert len(told()) == 1
    verbs.withdraw_override(cover, by=duty, at=at + 2 * HOUR)
    look_ahead(growth(), at + 2 * HOUR)
    assert len(told()) == 2


def test_gaps_that_are_meant_are_no_news_but_somebody_away_is(company, at):
    office = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    owner = company["kpi-owner"]
    layer = NewLayer("America/New_York", time(9), "week", [owner], owner, restrict=office)
    edit_roster(growth().get(), [layer], by=company["governor"], at=at, accept_gaps=True)
    look_ahead(growth(), at + 7 * DAY)
    assert told() == []
    # Tuesday 1 December, a working day
    verbs.record_absence(owner, at + 14 * DAY, at + 15 * DAY, by=owner, at=at + 7 * DAY)
    look_ahead(growth(), at + 7 * DAY)
    assert len(told()) == 1


def test_a_roster_nobody_plans_tells_the_duty_managers(company, at):
    away = company["kpi-owner"]
    verbs.record_absence(away, at + 2 * DAY, at + 3 * DAY, by=away, at=at)
    team = growth().get().team
    team.lead = None
    team.save()
    look_ahead(growth(), at)
    assert [name for name, _ in told()] == ["duty"]


def test_both_hear_of_a_swap(company, at):
    primary = Roster.objects.get(code="primary")
    ahead = list(swaps.shifts_ahead(primary, at).values())
    by = next(p for p in company.values() if p.pk == ahead[0].person)
    swap = swaps.ask_swap(primary, ahead[0].key, ahead[1].key, by=by, at=at)
    for _ in range(2):
        tell_of_swap(swap, at)
    swap = swaps.accept_swap(swap, by=swap.partner, at=at)
    tell_of_swap(swap, at)
    assert [name for name, _ in told()] == [swap.partner.username, swap.asked_by.username]
