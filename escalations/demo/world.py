"""Ninety days of the demo company, played in the order of time: readings each morning, incidents
and what people did about them, policies as they followed each other, and the present moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from escalations.demo import incidents as told
from escalations.demo import kpis
from escalations.demo.channels import tell_losses
from escalations.demo.exceptions import plan_exceptions
from escalations.demo.incidents import TROUBLES, Incidents, Trouble
from escalations.demo.ladders import plan_ladders
from escalations.demo.moves import plan_moves
from escalations.demo.remedies import remedy, under_way
from escalations.demo.reviews import Learning
from escalations.demo.sorting import plan_sorting
from escalations.demo.stage import Stage, minutes
from escalations.demo.waits import plan_waits
from escalations.models import Incident, Notice
from escalations.models.notices import PENDING
from escalations.rules.lifecycle import Verb
from escalations.services.readings import store_readings
from escalations.services.thresholds import check_thresholds

SEED = 20
PAST = 44
ALL_KPIS = kpis.KPIS + kpis.MORE_KPIS
FEED_HOUR = 6
SENT_BEFORE = timedelta(minutes=5)


def tell_world(
    people: dict[str, User],
    at: datetime,
    *,
    customers: list[str],
    policies: Callable[[Stage], None],
    progress: Callable[[int, int], Any] | None = None,
) -> None:
    """Everything up to `at`. The caller is inside one transaction: all of it or nothing."""
    stage = Stage(progress)
    policies(stage)
    crowd = Incidents(stage, people, SEED)
    _plan_feeds(stage, crowd, Learning(stage, people, at), at)
    _plan_past(crowd, at, customers)
    _plan_present(crowd, at)
    plan_moves(crowd, at)
    plan_ladders(crowd, at)
    plan_waits(crowd, at)
    plan_exceptions(crowd, at)
    plan_sorting(crowd, at)
    stage.play(at)
    tell_losses(people, at)
    # What the past had to say was read in the past: nobody gets ninety days of mail today.
    for notice in Notice.objects.filter(PENDING, not_before__lt=at - SENT_BEFORE).iterator():
        notice.sent_at, notice.attempts = notice.not_before + timedelta(seconds=1), 1
        notice.save(update_fields=["sent_at", "attempts"])


# --- readings -----------------------------------------------------------------------------------
def _plan_feeds(stage: Stage, crowd: Incidents, learning: Learning, at: datetime) -> None:
    """Each morning the figures of the day before; the last feed reaches up to now."""
    start = (at - timedelta(days=kpis.DAYS)).replace(hour=0, minute=0, second=0, microsecond=0)
    feeds = [start + timedelta(days=day, hours=FEED_HOUR) for day in range(1, kpis.DAYS + 1)]
    last = start
    for feed in [*(feed for feed in feeds if feed < at), at]:
        _plan_feed(stage, crowd, last, feed, at)
        stage.plan(feed + minutes(1), learning.look)
        last = feed


def _plan_feed(
    stage: Stage, crowd: Incidents, start: datetime, end: datetime, now: datetime
) -> None:
    def step(at: datetime) -> None:
        rows = kpis.readings_between(ALL_KPIS, start, end, now)
        if rows:
            store_readings(rows, by=crowd.people["integrator"], at=at)
        while check_thresholds(at):
            pass
        fresh = Incident.objects.open().filter(kpi__isnull=False, accepted_at=None, opened_at=at)
        for incident in fresh.select_related("kpi"):
            if at < now:
                remedy(crowd, incident, at)

    stage.plan(end, step)


# --- incidents ----------------------------------------------------------------------------------
def _plan_past(crowd: Incidents, at: datetime, customers: list[str]) -> None:
    chance = crowd.chance
    for place in range(PAST):
        trouble = TROUBLES[place % len(TROUBLES)]
        days = 88 - place * (84 / PAST) - chance.uniform(0, 1.5)
        opened = at - timedelta(days=days, minutes=chance.randrange(1440))
        opened = opened.replace(second=chance.randrange(60), microsecond=0)
        script: Any = crowd.solved(trouble, late=place % 9 == 4)
        if place % 11 == 6:
            script = crowd.false_alarm
        elif place % 10 == 3 and trouble.hint == "warning":
            script = crowd.waited_for(trouble, hours=chance.uniform(5, 40))
        elif place % 13 == 5:
            script = crowd.came_back(trouble)
        account = customers[(place * 7) % len(customers)]
        crowd.open(opened, trouble, account, script)


def _plan_present(crowd: Incidents, at: datetime) -> None:
    """What is open now: one of each state."""
    do = crowd.do

    def opened(back: float, trouble: Trouble, account: str, script: Any = None) -> None:
        crowd.open(at - minutes(back), trouble, account, script)

    def worked(incident: Incident, began: datetime) -> None:
        do(incident.number, began + minutes(10), Verb.CLAIM, "agent2")
        text = "We found the slow job and are moving it."
        do(incident.number, began + minutes(20), Verb.UPDATE, "agent2", text=text)

    def resent(incident: Incident, began: datetime) -> None:
        do(incident.number, began + minutes(5), Verb.ACKNOWLEDGE, "agent")
        plan = "Resend the file by hand, then fix the export job."
        do(incident.number, began + minutes(15), Verb.MITIGATE, "agent", plan=plan)
        under_way(crowd, "third-party-outage", incident, began + minutes(16))

    def waiting(incident: Incident, began: datetime) -> None:
        do(incident.number, began + minutes(10), Verb.ACKNOWLEDGE, "agent")
        awaited = "Halden IT: the metadata of their identity provider"
        do(
            incident.number,
            began + minutes(70),
            Verb.PAUSE,
            "agent",
            reason="customer_wait",
            awaiting=awaited,
        )

    def triaged(incident: Incident, began: datetime) -> None:
        do(
            incident.number,
            began + minutes(8),
            Verb.TRIAGE,
            "duty",
            category="billing",
            team="frontline",
            reason="One customer, no money lost",
        )

    def contained(incident: Incident, began: datetime) -> None:
        number = incident.number
        do(number, began + minutes(3), Verb.ACKNOWLEDGE, "senior")
        do(number, began + minutes(9), Verb.MITIGATE, "senior", plan="Switch to the second route.")
        for told_after in (20, 45, 70):
            text = "We have switched to the second route and are watching it."
            do(number, began + minutes(told_after), Verb.UPDATE, "senior", text=text)
        proof = "No error for ten minutes."
        do(number, began + minutes(60), Verb.PROPOSE_CONTAIN, "senior", evidence=proof)
        do(number, began + minutes(66), Verb.CONFIRM_CONTAIN, "duty")

    def watched(incident: Incident, began: datetime) -> None:
        contained(incident, began)
        do(incident.number, began + minutes(68), Verb.MONITOR, "senior", recovery_kpi="error rate")

    def back_again(incident: Incident, began: datetime) -> None:
        crowd.solved(TROUBLES[9], who="agent2")(incident, began)
        do(incident.number, at - minutes(35), Verb.REOPEN, "agent", reason="Two more phones.")

    def solved_yesterday(incident: Incident, began: datetime) -> None:
        crowd.solved(TROUBLES[0], who="senior")(incident, began)

    lag = Trouble(
        "Totals of the dashboard lag", "reporting", "degradation", "warning", {"users_pct": 2}
    )
    opened(300, lag, "oki", worked)
    opened(45, replace(TROUBLES[6], facts={"arr_at_risk": 95000, "users_pct": 1}), "fjord", resent)
    opened(130, TROUBLES[4], "halden", waiting)
    opened(55, TROUBLES[2], "marlow", triaged)
    opened(88, TROUBLES[15], "kestrel", contained)
    opened(100, TROUBLES[1], "tessera", watched)
    opened(60 * 50, TROUBLES[9], "rook", back_again)
    opened(60 * 26, TROUBLES[0], "brightwater", solved_yesterday)
    opened(20, TROUBLES[7], "acme")
    opened(11, TROUBLES[17], "solano")
    capture = Trouble(
        "Card capture failing in EU",
        "cards",
        "outage",
        "critical",
        told.CORE_DOWN | {"arr_at_risk": 420000},
    )
    opened(2, capture, "northwind")
