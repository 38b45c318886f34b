"""The timelines of SEMANTICS 2.3, lived in the database: signals, sweeps at travelled times, and
what people do between them. Each page is read from the ladder's own log."""

from __future__ import annotations

from smtplib import SMTPServerDisconnected

import pytest

from accounts.models import Override, Roster, User
from escalations.models import (
    LadderLevel,
    LadderRun,
    LadderTarget,
    Notice,
    TimelineEvent,
)
from escalations.rules.lifecycle import Verb
from escalations.services import ladders, notices
from escalations.services.moves import perform
from escalations.services.recorder import Recorder
from escalations.tasks.schedule import sweep
from tests.factories.incidents import open_incident
from tests.factories.ladders import NIGHT, begin, clock, do, levels, pages, staff, sweep_until


def test_l1_nobody_answers(cast):
    run = begin()
    sweep_until("04:00")
    expected = "02:00 L1, 02:05 L2, 02:10 L3, 02:20 L4, 02:35 L1, 02:40 L2, 02:45 L3, 02:55 L4"
    expected += ", 03:10 L1, 03:15 L2, 03:20 L3, 03:30 L4, 03:45 fallback"
    found = levels(run)
    # At 04:01 the restore clock breaks; until then the fallback is asked every quarter of an hour.
    assert found == [*expected.split(", "), "04:00 fallback"]
    assert pages(run)[:5] == [
        "02:00 L1 ann",
        "02:05 L2 ben",
        "02:10 L3 dora",
        "02:20 L4 max",
        "02:20 L4 sue",
    ]
    run.refresh_from_db()
    assert run.state == "exhausted"


def test_l2_an_answer_that_falls_silent(cast):
    run = begin()
    sweep_until("02:06")
    do(run, "02:07", Verb.ACKNOWLEDGE, cast["ben"])
    run.refresh_from_db()
    assert run.state == "halted"
    sweep_until("02:43")
    assert levels(run) == ["02:00 L1", "02:05 L2", "02:37 L2", "02:42 L3"]


def test_l3_a_gap_on_the_first_roster_costs_no_time(cast):
    staff("primary")
    run = begin()
    sweep_until("02:16")
    assert levels(run) == ["02:00 L2", "02:05 L3", "02:15 L4"]
    empty = run.steps.get(kind="empty", level=1)
    assert (empty.reason, empty.due_at) == ("nobody on level 1 can be reached", NIGHT)


def test_l4_one_person_on_two_levels_is_paged_once(cast):
    staff("secondary", cast["ann"])
    run = begin()
    sweep_until("02:14")
    assert pages(run) == ["02:00 L1 ann", "02:05 L3 dora"]


def test_l5_a_breach_informs_the_third_level_and_takes_no_answer_back(cast):
    run = begin(classified="02:01")  # the restore clock of two hours counts from here
    do(run, "02:03", Verb.ACKNOWLEDGE, cast["ann"])
    for minute in range(10, 60, 10):
        do(run, f"02:{minute}", Verb.NOTE, cast["ann"], text="On it.")
        do(run, f"03:{minute}", Verb.NOTE, cast["ann"], text="On it.")
    sweep_until("04:01")
    assert pages(run) == ["02:01 L1 ann"], "at its very end a promise is still kept"
    sweep_until("04:01:01")
    assert pages(run) == ["02:01 L1 ann", "04:01 L3 dora"]
    run.refresh_from_db()
    assert run.state == "halted"
    run.incident.refresh_from_db()
    assert (run.incident.state, run.incident.commander) == ("acknowledged", cast["ann"])


def test_l6_a_snooze_is_shortened_and_ends_with_who_is_on_call_then(cast):
    run = begin(classified="02:01")
    restore = run.incident.clocks.get(kind="restore")
    assert restore.due_at == clock("04:01")
    do(run, "02:03", Verb.ACKNOWLEDGE, cast["ann"])
    do(run, "02:03", Verb.SNOOZE, cast["ann"], until=clock("06:00"), reason="The vendor calls.")
    run.refresh_from_db()
    assert run.snoozed_until == clock("03:31:30")
    told = TimelineEvent.objects.get(incident=run.incident_id, kind="snoozed")
    assert "03:31:30" in told.sentence and "shortened from 17 Nov 06:00" in told.sentence
    Override.objects.create(
        roster=Roster.objects.get(code="primary"),
        user=cast["bob"],
        start_at=clock("03:00"),
        end_at=clock("05:00"),
        recorded_at=clock("02:30"),
        recorded_by=cast["dora"],
    )
    sweep_until("03:31")
    assert pages(run) == ["02:01 L1 ann"]
    restore.refresh_from_db()
    assert restore.run_state == "running"
    sweep(clock("03:31:30"))
    assert pages(run) == ["02:01 L1 ann", "03:31:30 L1 bob"]


def test_l7_pages_that_the_provider_refuses_count_as_an_empty_level(cast, monkeypatch, travel):
    run = begin()

    def refuse(*args):
        raise SMTPServerDisconnected("no line")

    monkeypatch.setattr("escalations.channels.email.send", refuse)
    monkeypatch.setattr(notices, "now", lambda: travel.at)
    for moment in ("02:00", "02:00:05", "02:00:20"):
        travel.to(clock(moment))
        assert pages(run) == ["02:00 L1 ann"]
        notices.deliver_due(clock(moment))
        sweep(clock(moment))
    assert pages(run) == ["02:00 L1 ann", "02:00:20 L2 ben"]
    lost = run.steps.get(kind="empty")
    assert lost.reason == "no message to level 1 could be delivered"
    assert Notice.objects.pending().filter(recipient=cast["ann"]).exists(), "it is tried again"


def test_l7_somebody_without_an_address_is_no_one(cast):
    User.objects.filter(username="ann").update(email="")
    run = begin()
    assert pages(run) == ["02:00 L2 ben"]


def test_l8_after_an_outage_every_level_passed_is_paged_once(cast):
    run = begin()
    sweep(clock("02:31"))
    late = {row.level: row.late_by_s // 60 for row in run.steps.filter(level__gt=1)}
    assert late == {2: 26, 3: 21, 4: 11}
    sweep_until("02:46")
    assert levels(run) == ["02:00 L1", "02:05 L2", "02:10 L3", "02:20 L4", "02:46 L1"]


def test_l9_who_comes_on_call_during_the_wait_is_paged_as_well(cast):
    roster = Roster.objects.get(code="primary")
    Override.objects.create(
        roster=roster,
        user=cast["bob"],
        start_at=clock("02:03"),
        end_at=clock("10:00"),
        recorded_at=clock("01:00"),
        recorded_by=cast["dora"],
    )
    run = begin()
    run.refresh_from_db()
    sweep_until("02:05")
    assert pages(run) == ["02:00 L1 ann", "02:03 L1 bob", "02:05 L2 ben"]


def test_l9_a_stand_in_nobody_planned_is_found_within_a_minute(cast):
    run = begin()
    Override.objects.create(
        roster=Roster.objects.get(code="primary"),
        user=cast["bob"],
        start_at=clock("02:00:10"),
        end_at=clock("10:00"),
        recorded_at=clock("02:00:10"),
        recorded_by=cast["dora"],
    )
    sweep_until("02:05")
    assert pages(run) == ["02:00 L1 ann", "02:01 L1 bob", "02:05 L2 ben"]


def test_l10_a_cancelled_run_pages_nobody(cast):
    run = begin()
    recorder = Recorder(clock("02:04"))
    ladders.cancel_run(run.incident, recorder)
    recorder.write()
    sweep_until("02:10")
    assert pages(run) == ["02:00 L1 ann"]


# --- rules 6 to 11 of SEMANTICS 2.2 -----------------------------------------------------------------
def test_rule_6_a_response_breach_makes_no_jump_while_the_ladder_climbs(cast):
    run = begin()
    sweep_until("02:06")
    assert not run.steps.filter(kind="jump").exists()
    assert levels(run) == ["02:00 L1", "02:05 L2"]


def test_rule_7_a_raise_pages_the_new_first_level_but_not_who_answered(cast):
    incident = open_incident(NIGHT, account=None, severity_hint="info")
    perform(incident.number, Verb.CLAIM, {}, by=cast["ann"], at=NIGHT)
    given = {"severity": "S1", "reason": "All of the EU."}
    perform(incident.number, Verb.SET_SEVERITY, given, by=cast["ann"], at=clock("02:10"))
    run = LadderRun.objects.get(incident=incident, state="halted")
    assert (run.ladder, pages(run)) == ("s1", []), "she is level 1 herself"
    assert Notice.objects.get(key__contains="raised:").recipient == cast["ann"]
    assert run.next_step_at == clock("02:40"), "her silence is measured by the new severity"


def test_rule_7_a_raise_pages_others_on_the_new_first_level(cast):
    incident = open_incident(NIGHT, account=None, severity_hint="info")
    perform(incident.number, Verb.CLAIM, {}, by=cast["dora"], at=NIGHT)
    given = {"severity": "S1", "reason": "All of the EU."}
    perform(incident.number, Verb.SET_SEVERITY, given, by=cast["dora"], at=clock("02:10"))
    run = LadderRun.objects.get(incident=incident, state="halted")
    assert pages(run) == ["02:10 L1 ann"]


def test_rule_7_lowered_the_wait_runs_on_and_the_next_step_is_the_new_ladders(cast, company):
    run = begin()
    for who in ("ann", "ben"):
        do(run, "02:02", Verb.SET_SEVERITY, cast[who], severity="S2", reason="One tenant only.")
    run.refresh_from_db()
    assert (run.ladder, run.next_step_at, run.state) == ("s2", clock("02:05"), "active")
    sweep_until("02:34")
    assert pages(run) == ["02:00 L1 ann", "02:05 L2 ben"]
    sweep_until("02:36")
    # Dora sleeps until 07:00, longer than an S2 waits on its third level: the fallback wakes her.
    assert run.steps.get(level=3).kind == "empty"


def test_rule_8_only_the_owner_snoozes(cast):
    run = begin()
    do(run, "02:03", Verb.ACKNOWLEDGE, cast["ann"])
    with pytest.raises(Exception) as refused:
        do(run, "02:04", Verb.SNOOZE, cast["ben"], until=clock("03:00"), reason="Later.")
    assert [each["code"] for each in refused.value.extra["unmet"]] == ["not_commander"]


def test_rule_8_a_hold_ends_by_itself_and_an_s1_names_who_agrees(cast):
    run = begin()
    do(run, "02:01", Verb.ACKNOWLEDGE, cast["ann"])
    sweep_until("02:40")
    given = {"until": clock("03:30"), "reason": "The fire brigade is here."}
    with pytest.raises(Exception) as refused:
        do(run, "02:41", Verb.HOLD_LADDER, cast["ann"], **given)
    assert refused.value.extra["unmet"][0]["code"] == "approver_missing"
    with pytest.raises(Exception) as refused:
        do(run, "02:41", Verb.HOLD_LADDER, cast["ann"], approver="ann", **given)
    assert refused.value.code == "approver_missing"
    before = pages(run)
    do(run, "02:41", Verb.HOLD_LADDER, cast["ann"], approver="dora", **given)
    sweep_until("03:29")
    assert pages(run) == before
    sweep(clock("03:30"))
    assert len(pages(run)) > len(before)


def test_rule_11_who_was_deleted_or_left_is_passed_over(cast):
    run = begin()
    User.objects.filter(username="ben").update(is_active=False)
    sweep_until("02:06")
    assert levels(run) == ["02:00 L1", "02:05 L3"]


def test_a_stranger_answers_only_by_taking_over(cast):
    run = begin()
    with pytest.raises(Exception) as refused:
        do(run, "02:01", Verb.ACKNOWLEDGE, cast["bob"])
    assert refused.value.code == "not_asked"
    do(run, "02:01", Verb.ACKNOWLEDGE, cast["bob"], take_over=True)
    run.refresh_from_db()
    assert (run.state, run.incident.commander) == ("halted", cast["bob"])


def test_a_level_that_asks_for_two_answers_pages_on_until_it_has_them(cast):
    level = LadderLevel.objects.get(ladder__version__state="in_force", ladder__name="s1", number=1)
    LadderTarget.objects.create(level=level, position=9, kind="person", ref="bob")
    LadderLevel.objects.filter(pk=level.pk).update(require_acks=2)
    run = begin()
    do(run, "02:02", Verb.ACKNOWLEDGE, cast["ann"])
    run.refresh_from_db()
    assert (run.state, run.incident.state) == ("active", "acknowledged")
    assert not Notice.objects.pending().filter(kind="page", recipient=cast["ann"]).exists()
    assert Notice.objects.pending().filter(kind="page", recipient=cast["bob"]).exists()
    sweep_until("02:05")
    do(run, "02:06", Verb.ACKNOWLEDGE, cast["bob"])
    run.refresh_from_db()
    assert (run.state, run.incident.commander) == ("halted", cast["ann"])
    assert pages(run) == ["02:00 L1 ann", "02:00 L1 bob", "02:05 L2 ben"]
