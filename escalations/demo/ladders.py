"""What ladders do in the demo: a storm in which one paged for all, and one that is snoozed."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Account
from escalations.demo.incidents import Incidents, Trouble
from escalations.demo.stage import minutes
from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.services.signals import SignalMessage, receive_signal

PROBES = 13
RELAY = Trouble("Relay of message queue restarts", "api", "outage", "critical", {"users_pct": 3})


def plan_ladders(crowd: Incidents, at: datetime) -> None:
    _plan_storm(crowd, at - timedelta(days=8, hours=3))
    _plan_snooze(crowd, at)


def _plan_storm(crowd: Incidents, began: datetime) -> None:
    """Thirteen probes of one customer fire within four minutes; the first is worked on, the others
    end when the network is back."""
    robot = crowd.people["integrator"]

    def heard(place: int, is_firing: bool) -> None:
        def step(now: datetime) -> None:
            message = SignalMessage(
                source="probes",
                dedup_key=f"brightwater-probe-{place}",
                is_firing=is_firing,
                title=f"Site {place} of Brightwater does not answer",
                received_at=now,
                account=Account.objects.get(external_id="brightwater"),
                category="outage" if place == 1 else "degradation",
                severity_hint="error" if place == 1 else "warning",
            )
            incident = receive_signal(message, by=robot, at=now).incident
            if is_firing and place == 1 and incident is not None:
                _work(crowd, incident, now)

        after = minutes(place / 3) if is_firing else minutes(17 + place / 10)
        crowd.stage.plan(began + after, step)

    for place in range(1, PROBES + 1):
        heard(place, True)
        if place > 1:
            heard(place, False)


def _work(crowd: Incidents, incident: Incident, began: datetime) -> None:
    number, do = incident.number, crowd.do
    do(number, began + minutes(6), Verb.ACKNOWLEDGE, "agent2", take_over=True)
    plan = "Call the carrier: all sites hang on one line."
    do(number, began + minutes(9), Verb.MITIGATE, "agent2", plan=plan)
    proof = "Twelve of thirteen sites answer again."
    do(number, began + minutes(19), Verb.PROPOSE_CONTAIN, "agent2", evidence=proof)
    do(number, began + minutes(24), Verb.CONFIRM_CONTAIN, "duty")
    do(
        number,
        began + minutes(70),
        Verb.RESOLVE,
        "agent2",
        resolution_code="fixed",
        cause_category="third_party",
        final_update="The line of your carrier is back, and every site answers.",
    )


def _plan_snooze(crowd: Incidents, at: datetime) -> None:
    """Answered, and asleep until the vendor calls back."""

    def script(incident: Incident, began: datetime) -> None:
        crowd.do(incident.number, began + minutes(7), Verb.ACKNOWLEDGE, "agent", take_over=True)
        asked = {"until": at + minutes(600), "reason": "The vendor restarts it, then calls back."}
        crowd.do(incident.number, at - minutes(3), Verb.SNOOZE, "agent", **asked)

    crowd.open(at - minutes(33), RELAY, "delmar", script)
