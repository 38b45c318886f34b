"""The letter to the board is drawn from the record, for each reader what that reader may see."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from escalations.models import Clock, ClockEvent, Incident, KpiFlip, KpiState
from escalations.rules.board import Month
from escalations.rules.lifecycle import Verb
from escalations.selectors.board import board_figures
from escalations.services.approval_numbers import ask_number
from escalations.services.changes import approve
from escalations.services.moves import perform
from escalations.services.value_versions import ask_value
from escalations.tasks.schedule import sweep
from tests.factories.incidents import MAJOR, open_incident

NOVEMBER = Month(2026, 11)


def tell(people, at, count=1):
    """So many S1 or S2 of Northwind, acknowledged after two minutes."""
    for number in range(count):
        incident = open_incident(at, f"board-{at:%M}-{number}", facts=MAJOR)
        later = at + timedelta(minutes=2)
        perform(incident.number, Verb.ACKNOWLEDGE, {}, by=people["agent"], at=later)
    return incident


def test_a_month_is_told_on_the_page_in_the_terminal_and_over_http(company, at, travel, client):
    worst = tell(company, at)
    kept = ClockEvent.objects.get(clock__incident=worst, clock__kind="response", type="stop")
    assert kept.clock.outcome == "met"
    state = KpiState.objects.order_by("pk").first()
    if state is not None:
        for hour, to in ((2, "breach"), (3, "ok")):
            KpiFlip.objects.create(
                kpi=state.kpi, segment=state.segment, at=at - timedelta(hours=4 - hour),
                recorded_at=at, from_state="ok" if to == "breach" else "breach", to_state=to,
                threshold=state.kpi.thresholds.first(),
            )  # fmt: skip
    asked = ask_value(
        {"value_share": 70}, effective_from=None, by=company["governor"], at=at, reason="Guessed."
    )
    for name in ("governor2", "governor3"):
        approve(asked.pk, by=company[name], at=at)
    number = ask_number("limits", 2, {"reason": "Two eyes."}, by=company["governor"], at=at)
    approve(number.pk, by=company["governor2"], at=at)
    sweep(at + timedelta(hours=1))
    travel.to(at + timedelta(hours=2))
    client.force_login(company["sponsor"])
    page = client.get("/board/2026-11/").text
    assert "1 incident was opened and 0 closed; the month before 0 and 0." in page
    assert f'<a href="/incidents/{worst.number}/">{worst.key}</a>, S{worst.severity}' in page
    assert "This month is not over" in page
    assert "1 of 1 promises that ended were kept" in page
    assert "Revenue a year" in page  # the sponsor has the right
    if state is not None:
        assert "in breach for 60 min" in page
    value = (
        '<a href="/versions/account_value/accounts/?to=2">Account value v2</a> since 17 Nov 2026'
    )
    names = f"Approved by {company['governor2']} and {company['governor3']}"
    assert f"{value}: Guessed. {names}, put in force by {company['governor3']}." in page
    assert "Approvals needed: Limits of a KPI v2" in page
    assert "Approvals needed: Limits of a KPI v1" not in page
    assert "November 2026" in client.get("/board/").text
    answer = client.get("/api/v1/board/2026-11/").json()
    assert answer["month"] == "2026-11"
    assert [each["code"] for each in answer["sections"]][:3] == ["incidents", "worst", "customers"]
    out = StringIO()
    call_command("board_letter", "2026-11", stdout=out)
    assert f"{worst.key}, S{worst.severity}, Northwind" in out.getvalue()
    assert "Revenue" not in out.getvalue()
    january = client.get("/board/2026-01/").text
    assert "Nothing is on record for January 2026." in january


def test_a_month_that_is_none_or_has_not_begun_is_not_found(company, at, travel, client):
    travel.to(at)
    client.force_login(company["governor"])
    for word in ("2026-12", "2026-13", "soon", "0001-01"):
        assert client.get(f"/board/{word}/").status_code == 404
        answer = client.get(f"/api/v1/board/{word}/")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_month")
        with pytest.raises(CommandError, match="like 2026-10"):
            call_command("board_letter", word)
    with pytest.raises(CommandError, match="nobody who may read"):
        call_command("board_letter", "2026-11", by="agent")


def test_private_teams_are_left_out_for_a_sponsor_and_the_letter_says_so(company, at):
    incident = tell(company, at)
    later = at + timedelta(hours=1)
    seen = board_figures(company["sponsor"], NOVEMBER, later)
    assert sum(now for now, _ in seen.opened.values()) == 1
    assert not seen.is_narrow
    secret = Team.objects.create(code="secret", name="Secret", is_private=True)
    Incident.objects.filter(pk=incident.pk).update(team=secret)
    seen = board_figures(company["sponsor"], NOVEMBER, later)
    assert (seen.is_narrow, seen.is_empty, seen.worst) == (True, True, ())
    whole = board_figures(company["governor"], NOVEMBER, later)
    assert (whole.is_narrow, len(whole.worst)) == (False, 1)


def test_a_broken_promise_counts_when_it_ends_and_as_open_before(company, at):
    incident = tell(company, at)
    clock = Clock.objects.get(incident=incident, kind="restore")
    Clock.objects.filter(pk=clock.pk).update(outcome="missed", breached_at=at)
    now, later = at + timedelta(hours=1), at + timedelta(days=20)

    def restore(month, by):
        found = board_figures(None, month, by).promises
        one = next(each for each in found if each.label == "Restore")
        return one.kept, one.broken, one.open_late

    assert restore(NOVEMBER, now) == ((0, 0), (0, 0), (1, 0))
    ClockEvent.objects.create(
        clock=clock, seq=99, at=later - timedelta(hours=1), recorded_at=later, type="stop"
    )
    Clock.objects.filter(pk=clock.pk).update(run_state="stopped", next_wake_at=None)
    assert restore(NOVEMBER.after, later) == ((0, 0), (1, 0), (0, 1))
    assert restore(NOVEMBER, later) == ((0, 0), (0, 0), (1, 0))


def test_a_letter_costs_the_same_whatever_the_month_holds(company, at):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            board_figures(company["sponsor"], NOVEMBER, at + timedelta(hours=1))
        return len(seen)

    tell(company, at)
    cost()  # the rights of the reader are asked for once
    few = cost()
    tell(company, at + timedelta(minutes=5), count=8)
    assert cost() == few <= 25
