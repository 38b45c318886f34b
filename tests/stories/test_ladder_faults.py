"""Faults that people report of other paging software (SEMANTICS 2.6), each lived here once."""

from __future__ import annotations

from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest

from accounts.models import User
from accounts.selectors import rosters
from escalations.models import Ladder, LadderLevel, LadderRun, LadderTarget, Notice, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.rules.policy import Severity
from escalations.selectors import policies
from escalations.selectors.ladder_preview import ladder_preview
from escalations.services import notices
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import sweep
from tests.factories.incidents import open_incident
from tests.factories.ladders import NIGHT, begin, clock, do, levels, pages, staff, sweep_until


def first_level(**changes) -> LadderLevel:
    """Of the S1 ladder in force, changed before anything began."""
    level = LadderLevel.objects.get(ladder__version__state="in_force", ladder__name="s1", number=1)
    LadderLevel.objects.filter(pk=level.pk).update(**changes)
    return level


def also_pages(username: str) -> None:
    """One more person on the first level of an S1."""
    LadderTarget.objects.create(
        level=first_level(number=1), position=9, kind="person", ref=username
    )


@pytest.fixture
def post(monkeypatch, travel):
    """The provider: `post.refused` are the people whose mail it does not take."""

    class Post:
        refused: set[str] = set()

        def send(self, letter):
            if letter.recipient in self.refused:
                raise SMTPServerDisconnected("no line")
            self.sent.append(letter.recipient)

        def at(self, moment):
            travel.to(clock(moment))
            notices.deliver_due(travel.at)

    found = Post()
    found.sent = []
    monkeypatch.setattr("escalations.channels.email.send", found.send)
    monkeypatch.setattr(notices, "now", lambda: travel.at)
    return found


def test_goalert_4548_an_empty_level_waits_for_nobody(cast):
    staff("secondary")
    staff("duty")
    run = begin()
    sweep_until("02:05")
    assert pages(run) == ["02:00 L1 ann", "02:05 L4 max", "02:05 L4 sue"]
    assert [(row.level, row.due_at) for row in run.steps.filter(kind="empty")] == [
        (2, clock("02:05")),
        (3, clock("02:05")),
    ]


def test_goalert_912_a_person_named_twice_on_a_level_has_one_step_and_one_page(cast):
    also_pages("ann")
    run = begin()
    assert pages(run) == ["02:00 L1 ann"]
    assert Notice.objects.filter(kind="page", recipient=cast["ann"]).count() == 1


def test_oncall_934_the_next_level_takes_no_page_of_the_one_before_back(cast, post):
    post.refused = {"ann"}
    run = begin()
    post.at("02:04:55")
    sweep_until("02:05")
    assert pages(run) == ["02:00 L1 ann", "02:05 L2 ben"]
    post.refused = set()
    post.at("02:05:01")
    assert post.sent.count("ann") == 1, "hers still comes"


def test_oncall_1931_nobody_is_paged_before_the_wait_of_a_level_is_over(cast):
    run = begin()
    for second in range(0, 300, 15):
        sweep(NIGHT + timedelta(seconds=second))
    assert pages(run) == ["02:00 L1 ann"]
    sweep(clock("02:05"))
    assert pages(run) == ["02:00 L1 ann", "02:05 L2 ben"]


def test_oncall_1206_a_run_goes_on_after_a_level_that_sleeps_and_a_restart(cast):
    incident = open_incident(NIGHT, category="outage", account=None)
    assert incident.severity == 2
    run = LadderRun.objects.get(incident=incident)
    sweep_until("03:00")
    assert run.steps.get(level=3).reason == "everyone on level 3 sleeps longer than the level waits"
    run.refresh_from_db()
    assert (run.state, run.cycle, run.next_step_at) == ("active", 2, clock("03:30"))
    policies.clear_caches()
    rosters.clear_caches()
    sweep_until("03:30")
    assert levels(run) == ["02:00 L1", "02:30 L2", "03:00 L1", "03:30 L2"]


def test_oncall_895_a_level_that_asks_for_more_answers_than_it_has_people_is_no_dead_end(cast):
    first_level(require_acks=3)
    run = begin()
    sweep_until("02:05")
    assert pages(run) == ["02:00 L1 ann", "02:05 L2 ben"]
    do(run, "02:06", Verb.ACKNOWLEDGE, cast["ann"])
    run.refresh_from_db()
    assert run.state == "active", "two of the two who were paged must answer"
    do(run, "02:07", Verb.ACKNOWLEDGE, cast["ben"])
    run.refresh_from_db()
    assert run.state == "halted"


def test_oncall_1503_a_channel_that_fails_for_one_is_no_failure_for_the_others(cast, post):
    also_pages("bob")
    post.refused = {"ann"}
    run = begin()
    for moment in ("02:00", "02:00:05", "02:00:20"):
        post.at(moment)
        sweep(clock(moment))
    assert post.sent.count("bob") == 1
    assert pages(run) == ["02:00 L1 ann", "02:00 L1 bob"], "somebody of the level was reached"
    assert Notice.objects.pending().filter(recipient=cast["ann"]).exists(), "hers is tried again"


def test_oncall_1326_a_level_without_an_address_is_told_before_the_night_and_in_it(cast):
    User.objects.filter(username="ben").update(email="")
    second = next(
        step for step in ladder_preview(None, Severity.S1, "", NIGHT).steps if step.level == 2
    )
    assert second.notes == ("Ben cannot be reached: no address, or no longer here",)
    run = begin()
    sweep_until("02:05")
    assert pages(run) == ["02:00 L1 ann", "02:05 L3 dora"]
    told = TimelineEvent.objects.get(incident=run.incident_id, kind="ladder_empty")
    assert (told.sentence, told.reason) == (
        "Nobody to page on level 2.",
        "nobody on level 2 can be reached",
    )


def test_oncall_1326_one_with_an_address_is_enough_to_let_the_next_level_sleep(cast):
    also_pages("bob")
    User.objects.filter(username="ann").update(email="")
    run = begin()
    sweep_until("02:04")
    assert pages(run) == ["02:00 L1 bob"]


def test_shinken_954_however_often_it_is_swept_and_sent_a_page_is_one_mail(cast, post):
    Ladder.objects.filter(name="s1").update(repeat=0)
    run = begin()
    sweep_until("02:35")
    run.refresh_from_db()
    assert run.state == "exhausted"
    for _ in range(3):
        sweep(clock("02:35"))
        post.at("02:35")
        post.at("02:49")
    keys = Notice.objects.filter(kind="page").values_list("key", flat=True)
    assert len(keys) == run.pages_total == run.steps.exclude(person=None).count()
    assert len(post.sent) == Notice.objects.filter(bundle=None, sent_at__isnull=False).count()


def cleared(moment: str) -> SignalMessage:
    return SignalMessage("pager", "capture", False, "Card capture failing", clock(moment))


def test_shinken_954_an_end_ends_the_mails(cast, post):
    run = begin()
    sweep_until("02:10")
    post.at("02:10")
    receive_signal(cleared("02:11"), by=None, at=clock("02:11"))
    post.at("02:12")
    before = len(post.sent)
    for moment in ("04:00", "23:00"):
        sweep(clock(moment))
        post.at(moment)
    assert Notice.objects.filter(kind="page", created_at__gt=clock("02:11")).count() == 0
    assert len(post.sent) == before
    run.refresh_from_db()
    assert (run.state, run.next_step_at) == ("cancelled", None)


def test_oneuptime_1690_what_was_not_sent_when_it_is_resolved_never_leaves(cast, post):
    run = begin()
    sweep_until("02:05")
    post.refused = {"ann", "ben"}
    post.at("02:05")
    receive_signal(cleared("02:06"), by=None, at=clock("02:06"))
    assert not Notice.objects.pending().filter(kind="page").exists()
    post.refused = set()
    sweep(clock("02:30"))
    post.at("02:30")
    assert pages(run) == ["02:00 L1 ann", "02:05 L2 ben"]
    assert not Notice.objects.filter(kind="page", sent_at__isnull=False).exists()
