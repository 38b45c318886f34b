"""While automation is paused ladders and KPIs keep what they would do; afterwards all of it happens
once, in its order, as late as it is. Every sweep here is a real one."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import (
    AutomationPause,
    ClockMark,
    Incident,
    Kpi,
    LadderRun,
    LadderStep,
    Notice,
    Signal,
    TimelineEvent,
)
from escalations.rules.lifecycle import Verb
from escalations.selectors.audit_checks import findings
from escalations.services.automation import end_pause, pause_automation
from escalations.services.kpi_signals import record_kpi_flips
from escalations.tasks.schedule import TIMERS, next_due, sweep, tick
from tests.factories.incidents import open_incident
from tests.factories.ladders import NIGHT, begin, clock, do, levels, pages, sweep_until
from tests.stories.test_maintenance import flip

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
URL = "/api/v1/automation-pauses/"


def pause(by: User, start: str, end: str, **more) -> AutomationPause:
    given = {"scope": "all", "reason": "The pager provider repeats everything", **more}
    return pause_automation(given | {"ends_at": clock(end)}, by=by, at=clock(start))


def story(run: LadderRun, kind: str) -> list[str]:
    rows = TimelineEvent.objects.filter(incident=run.incident_id, kind=kind)
    return list(rows.order_by("seq").values_list("sentence", flat=True))


def test_a_ladder_waits_for_the_end_of_a_pause_and_then_climbs_once_and_late(cast, company):
    run = begin()
    pause(company["duty"], "02:01", "03:00", approver="governor")
    idle = next_due
    sweep_until("02:59")
    assert pages(run) == ["02:00 L1 ann"], "nothing climbs"
    run.refresh_from_db()
    assert (run.kept_due_at, run.next_step_at) == (clock("02:05"), clock("03:00"))
    assert story(run, "ladder_paused") == [
        "Automation is paused: the ladder waits until 17 Nov 03:00 UTC at the latest."
    ]
    assert ClockMark.objects.filter(clock__incident=run.incident_id, kind="breach").exists(), (
        "the response clock runs on, breaks and says so"
    )
    assert not [each for each in findings(clock("02:50")) if "ladder" in each.thing], "not lost"
    assert idle() == clock("03:00")
    for _ in range(3):
        sweep(clock("03:00"))
    # Late by the rule for downtime: each level passed is paged once, the wait starts anew.
    assert levels(run)[:4] == ["02:00 L1", "02:05 L2", "02:10 L3", "02:20 L4"]
    late = LadderStep.objects.filter(run=run, level=2).first()
    assert late is not None and late.late_by_s == 55 * 60
    once = pages(run)
    assert len(once) == len(set(once))
    run.refresh_from_db()
    assert (run.kept_by, run.kept_due_at, run.state) == (None, None, "active")
    ended = AutomationPause.objects.get()
    assert (ended.ended_at, ended.ended_by, ended.settle_at) == (clock("03:00"), None, None)


def test_a_run_wakes_by_itself_when_nobody_settles_its_pause(cast, company):
    run = begin()
    pause(company["duty"], "02:01", "02:30", approver="governor")
    sweep_until("02:29")
    reader = Client()
    reader.force_login(company["governor"])
    assert "Not lost but kept" in reader.get("/audit/").content.decode()
    ladders = [timer for timer in TIMERS if timer.name == "ladders"]
    for _ in range(2):
        sweep(clock("02:30"), kinds=ladders)
    assert levels(run) == ["02:00 L1", "02:05 L2", "02:10 L3", "02:20 L4"]
    assert AutomationPause.objects.lasting().exists(), "its row was never touched"
    assert AutomationPause.objects.get().settle_at == clock("02:30")


def test_what_people_do_by_hand_works_while_it_lasts(cast, company):
    run = begin()
    lasting = pause(company["duty"], "02:01", "04:30", approver="governor")
    sweep_until("02:06")
    do(run, "02:07", Verb.ESCALATE, cast["ann"], reason="I need help.")
    assert pages(run) == ["02:00 L1 ann", "02:07 L2 ben"]
    do(run, "02:08", Verb.ACKNOWLEDGE, cast["ben"])
    run.refresh_from_db()
    assert (run.state, run.kept_by, run.kept_due_at) == ("halted", None, None)
    for minute in range(10, 60, 10):
        do(run, f"02:{minute}", Verb.NOTE, cast["ben"], text="On it.")
        do(run, f"03:{minute}", Verb.NOTE, cast["ben"], text="On it.")
    sweep_until("04:10")  # at 04:00 the restore promise breaks: a jump that the pause keeps
    assert len(pages(run)) == 2
    run.refresh_from_db()
    assert run.kept_jump and run.state == "halted"
    end_pause(lasting.pk, by=company["governor"], at=clock("04:11"))
    sweep(clock("04:11"))
    sweep(clock("04:11"))
    assert pages(run)[2:] == ["04:11 L3 dora"], "informed once, beside the answer"
    run.refresh_from_db()
    assert (run.state, run.kept_jump) == ("halted", False)


def test_without_anybody_who_agrees_an_s1_is_never_silenced(cast, company):
    standard = {"policy": "standard", "reason": "r"}
    pause(company["duty"], "01:50", "03:00", scope="policy", **standard)
    quiet = open_incident(NIGHT, "quiet", facts={"core_down_no_workaround": True})
    assert quiet.severity == 2
    kept = LadderRun.objects.get(incident=quiet)
    assert (pages(kept), kept.kept_due_at) == ([], NIGHT), "the first page waits as well"
    run = begin()
    assert pages(run) == ["02:00 L1 ann"], "an S1 pages as ever"
    raised = {"severity": "S1", "reason": "All of them"}
    do(kept, "02:00", Verb.SET_SEVERITY, company["duty"], **raised)
    assert "02:00 L1 ann" in pages(kept), "and so does what is raised to S1"
    given = {"scope": "ladder", "ladder": run.ladder, **standard}
    for name in (None, "duty", "agent", "nobody"):
        with pytest.raises(DomainError) as refused:
            pause(company["duty"], "02:01", "03:00", **given, approver=name)
        assert refused.value.code == "approver_missing"
    with pytest.raises(DomainError) as refused:
        pause(company["duty"], "02:01", "03:00", **given | {"ladder": "none"})
    assert refused.value.code == "unknown_ladder"
    pause(company["duty"], "02:01", "02:30", **given, approver="governor")
    named = Notice.objects.get(incident=None, recipient=company["governor"])
    assert "Paused in your name" in named.subject


def test_a_kpi_opens_after_the_pause_when_it_is_still_not_ok(company, travel, at):
    kpis = list(Kpi.objects.order_by("pk")[:3])
    start = at
    given = {"reason": "The feed repeats old figures", "ends_at": at + HOUR}
    for kpi in kpis[:2]:
        pause_automation({"scope": "kpi", "kpi": kpi.code, **given}, by=company["duty"], at=at)
    for kpi in kpis:
        assert bool(record_kpi_flips([flip(kpi, at + MINUTE, "breach")], at=at + MINUTE)) == (
            kpi == kpis[2]
        ), "only what is not paused opens"
    assert list(Signal.objects.filter(incident=None).values_list("kpi", flat=True)) == [
        kpi.pk for kpi in kpis[:2]
    ]
    record_kpi_flips([flip(kpis[1], at + 5 * MINUTE, "ok", "breach")], at=at + 5 * MINUTE)
    travel.to(at + HOUR)
    while tick():
        pass
    found = Incident.objects.filter(kpi__in=kpis[:2])
    assert [incident.kpi_id for incident in found] == [kpis[0].pk], "the other recovered meanwhile"
    assert found[0].received_at == start + MINUTE, "promises count from when it was received"
    events = TimelineEvent.objects.filter(incident=found[0], kind="kept")
    assert events.get().sentence == "A pause of automation kept it until now."
    sweep(at + 2 * HOUR)
    assert Incident.objects.filter(kpi=kpis[0]).count() == 1


def test_an_idle_tick_and_an_opening_ask_nothing_more_without_a_pause(company, at, monkeypatch):
    open_incident(at, "warm")
    with CaptureQueriesContext(connection) as opening:
        open_incident(at, "cold")
    said = " ".join(query["sql"] for query in opening)
    assert "automationpause" not in said and "policyexception" not in said
    far = at - timedelta(days=30)
    with CaptureQueriesContext(connection) as idle:
        assert next_due() is not None
    assert len(idle) == 1 and len(TIMERS) > 10
    with CaptureQueriesContext(connection) as asleep:
        sweep(far, kinds=[])
    assert len(asleep) == 0


def test_it_is_said_on_every_page_and_ended_by_those_who_may(company, travel, at):
    api, browser = APIClient(), Client()
    api.force_authenticate(company["duty"])
    browser.force_login(company["governor"])
    with CaptureQueriesContext(connection) as before:
        assert "Automation is paused" not in browser.get("/help/").content.decode()
    body = {"scope": "all", "reason": "Mass <b>paging</b>", "ends_at": (at + 2 * HOUR).isoformat()}
    too_long = body | {"ends_at": (at + 25 * HOUR).isoformat()}
    assert api.post(URL, too_long).json()["code"] == "too_long"
    assert api.post(URL, body | {"scope": "kpi", "kpi": "none"}).json()["code"] == "unknown_kpi"
    made = api.post(URL, body)
    assert made.status_code == 201, made.json()
    for path in ("/help/", "/kpis/", "/admin/", "/admin/escalations/kpi/"):
        page = browser.get(path).content.decode()
        assert "Automation is paused: Everything" in page, path
        assert "Mass &lt;b&gt;paging" in page and "End it now" in page
    agent, outsider = Client(), Client()
    agent.force_login(company["agent"])
    page = agent.get("/help/").content.decode()
    assert "Automation is paused" in page and "End it now" not in page
    outsider.force_login(company["outsider"])
    assert "Automation is paused" not in outsider.get("/help/").content.decode()
    assert [row["id"] for row in api.get(URL, {"has_ended": "false"}).json()["results"]] == [
        made.json()["id"]
    ]
    assert agent.post(f"/automation/{made.json()['id']}/end/").status_code == 403
    assert browser.post(f"/automation/{made.json()['id']}/end/").status_code == 302
    again = api.post(f"{URL}{made.json()['id']}/end/")
    assert (again.status_code, again.json()["code"]) == (409, "over_already")
    said = StringIO()
    given = {"reason": "By hand", "length": "2h", "by": "duty"}
    call_command("automation", "pause", "--for", "2h", **given, stdout=said)
    call_command("automation", "status", stdout=said)
    with pytest.raises(CommandError):
        call_command("automation", "resume", "1", "--by", "outsider")
    last = AutomationPause.objects.latest("pk")
    call_command("automation", "resume", str(last.pk), "--by", "governor", stdout=said)
    assert "Everything until" in said.getvalue() and "By hand" in said.getvalue()
    last.refresh_from_db()
    assert last.ended_by == company["governor"]
    with CaptureQueriesContext(connection) as after:
        assert "Automation is paused" not in browser.get("/help/").content.decode()
    assert len(after) == len(before), "a page costs what it cost"
