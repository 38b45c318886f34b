"""What goes elsewhere in the demo: a hand-off that waits, one to and fro, a merge and links."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from accounts.models import ServiceHours
from escalations.demo.incidents import CORE_DOWN, Incidents, Trouble
from escalations.demo.rooms import furnish
from escalations.demo.stage import minutes
from escalations.models import Clock, ClockMark, Incident
from escalations.rules.lifecycle import Verb
from escalations.services.breach_causes import confirm_cause
from escalations.services.changes import approve
from escalations.services.hours_versions import ask_hours
from escalations.services.maintenance import declare
from escalations.services.moves import perform
from escalations.services.repairs import propose_repair
from escalations.services.signals import SignalMessage, receive_signal

SLOW = Trouble("Order pages slow in the evening", "shop", "degradation", "error", {"users_pct": 12})
ALSO_SLOW = Trouble("Basket takes ten seconds", "shop", "degradation", "error", {"users_pct": 4})
SPIN = Trouble("Import of price lists stops half way", "api", "integration", "error", CORE_DOWN)


def packet(at: datetime, who: str, **more: Any) -> dict[str, Any]:
    return {
        "summary": "Pages of large orders take ten seconds since the release of this morning.",
        "status": "The release is rolled back in one region; it is fast again there.",
        "risks": "The other region takes the evening's traffic at five.",
        "next_step": "Roll back the second region.",
        "next_step_owner": who,
        "next_step_due_at": at + minutes(45),
        **more,
    }


def plan_moves(crowd: Incidents, at: datetime) -> None:
    _plan_merge(crowd, at)
    _plan_to_and_fro(crowd, at)
    plan_windows(crowd, at)
    _plan_repairs(crowd, at)
    crowd.stage.plan(at - timedelta(days=1), lambda now: _confirm_first_cause(crowd, now))


def _confirm_first_cause(crowd: Incidents, at: datetime) -> None:
    """Of the breaches so far one is explained; the others wait for somebody to say why."""
    mark = ClockMark.objects.filter(kind="breach").order_by("due_at", "pk").first()
    if mark is not None:
        confirm_cause(mark.pk, by=crowd.people["duty"], at=at)


def _plan_merge(crowd: Incidents, at: datetime) -> None:
    """Two reports of one fault: the later one goes into the first, which is being handed off."""
    first: list[Incident] = []

    def reported(incident: Incident, began: datetime) -> None:
        first.append(incident)
        crowd.do(incident.number, began + minutes(6), Verb.ACKNOWLEDGE, "agent")
        plan = "Roll back the release, region by region."
        crowd.do(incident.number, began + minutes(20), Verb.MITIGATE, "agent", plan=plan)
        offered = packet(at, "agent2", to_person="agent2")
        crowd.do(incident.number, at - minutes(4), Verb.HAND_OFF, "agent", **offered)
        furnish(crowd, incident.number, at)

    def reported_again(incident: Incident, began: datetime) -> None:
        reason = "The same release: baskets read the same pages."
        into = first[0].number
        crowd.do(incident.number, began + minutes(9), Verb.MERGE, "duty", into=into, reason=reason)

        def linked(now: datetime) -> None:
            other = Incident.objects.filter(title__startswith="Totals of the dashboard").first()
            if other is not None:
                given = {"to": into, "kind": "caused_by"}
                perform(other.number, Verb.LINK, given, by=crowd.people["agent2"], at=now)

        crowd.stage.plan(began + minutes(12), linked)

    crowd.open(at - minutes(64), SLOW, "lumen", reported)
    crowd.open(at - minutes(40), ALSO_SLOW, "lumen", reported_again)


def _plan_to_and_fro(crowd: Incidents, at: datetime) -> None:
    """Passed on three times last week, until a duty manager named who keeps it."""

    def script(incident: Incident, began: datetime) -> None:
        number, when = incident.number, began + minutes(5)
        crowd.do(number, when, Verb.ACKNOWLEDGE, "agent")
        for giver, taker in (("agent", "agent2"), ("agent2", "agent"), ("agent", "agent2")):
            when += minutes(9)
            offered = packet(when, taker, to_person=taker)
            crowd.do(number, when, Verb.HAND_OFF, giver, **offered)
            crowd.do(number, when + minutes(3), Verb.ACCEPT_HAND_OFF, taker)
        reason = "Sam wrote the importer."
        crowd.do(number, when + minutes(8), Verb.NAME_OWNER, "duty", person="senior", reason=reason)
        plan = "Import in smaller pieces."
        crowd.do(number, when + minutes(15), Verb.MITIGATE, "senior", plan=plan)
        proof = "Three lists went through."
        crowd.do(number, when + minutes(50), Verb.PROPOSE_CONTAIN, "senior", evidence=proof)
        crowd.do(number, when + minutes(54), Verb.CONFIRM_CONTAIN, "duty")
        crowd.do(
            number,
            when + minutes(90),
            Verb.RESOLVE,
            "senior",
            resolution_code="fixed",
            cause_category="capacity",
            final_update="Price lists are imported again. Thank you for your patience.",
        )

    crowd.open(at - timedelta(days=6), SPIN, "marlow", script)


def _plan_repairs(crowd: Incidents, at: datetime) -> None:
    """A later due time waits for a duty manager's yes; a day off is announced for in ten days."""

    def asked(now: datetime) -> None:
        rows = Clock.objects.filter(incident__title=SLOW.title, kind="resolution")
        clock = rows.filter(run_state="running").first()
        if clock is None or clock.due_at is None:
            return
        later = clock.due_at + timedelta(hours=6)
        reason = "Lumen agreed by phone: the second region waits for their own release."
        given = {"kind": "due", "clock": clock.pk, "due_at": later, "reason": reason}
        propose_repair(given, by=crowd.people["agent"], at=now)

    def announced(now: datetime) -> None:
        hours = ServiceHours.objects.get(code="office")
        last = hours.versions.order_by("number").last()
        assert last is not None
        day = (at + timedelta(days=20)).date().isoformat()
        values = {"zone": last.zone, "weekly": last.weekly, "dates": {**last.dates, day: []}}
        asked = ask_hours(
            hours,
            values,
            effective_from=at + timedelta(days=10),
            by=crowd.people["governor"],
            at=now,
            reason="The whole company meets that day.",
        )
        approve(asked.pk, by=crowd.people["governor2"], at=now, comment="See you there.")

    crowd.stage.plan(at - timedelta(days=2), announced)
    crowd.stage.plan(at - minutes(3), asked)


def plan_windows(crowd: Incidents, at: datetime) -> None:
    """One that lasts now and has kept something, one every week, and one that is over."""

    def declared(**given: Any) -> Any:
        return lambda now: declare(given, by=crowd.people["duty"], at=now)

    def kept(now: datetime) -> None:
        for key, title in (("replica-lag", "Replica two minutes behind"), ("disk", "Disk 91 %")):
            for _ in range(3):
                message = SignalMessage("warehouse", key, True, title, now, severity_hint="warning")
                receive_signal(message, by=crowd.people["integrator"], at=now)

    nights = {
        "weekdays": [6],
        "repeat_from": time(1, 0),
        "repeat_to": time(4, 0),
        "time_zone": "Europe/Berlin",
    }
    weekly = declared(reason="Restore test of the billing database", source="billing-db", **nights)
    over = at - timedelta(days=9)
    plan = crowd.stage.plan
    plan(at - timedelta(days=20), weekly)
    done = declared(reason="Change of the load balancer", source="lb", ends_at=over + minutes(90))
    plan(over, done)
    now_on = declared(
        reason="Move of the data warehouse", source="warehouse", ends_at=at + minutes(95)
    )
    plan(at - minutes(50), now_on)
    plan(at - minutes(30), kept)
