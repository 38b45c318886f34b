"""A wait in the demo: asked for logs, reminded, answered by the customer, and waiting again; with a
draft that nobody has sent yet."""

from __future__ import annotations

from datetime import datetime

from escalations.demo.incidents import Incidents, Trouble
from escalations.demo.stage import minutes
from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.services.drafts import save_draft
from escalations.services.replies import receive_reply

EXPORTS = Trouble(
    "Nightly export arrives half empty", "api", "degradation", "error", {"users_pct": 6}
)


def plan_waits(crowd: Incidents, at: datetime) -> None:
    def script(incident: Incident, began: datetime) -> None:
        number, do, people = incident.number, crowd.do, crowd.people
        do(number, began + minutes(9), Verb.ACKNOWLEDGE, "agent2", take_over=True)
        text = "We see half-empty exports too and look for the cause."
        do(number, began + minutes(25), Verb.UPDATE, "agent2", text=text)
        asked = {"reason": "customer_wait", "awaiting": "Their log files of last night"}
        soon = began + minutes(95)
        do(number, began + minutes(35), Verb.PAUSE, "agent2", next_check_at=soon, **asked)

        def replied(now: datetime) -> None:
            words = "Here are the files. It stops at row 20,000 each time."
            receive_reply(number, words, name="Their data team", by=people["integrator"], at=now)

        crowd.stage.plan(began + minutes(118), replied)
        asked = {"reason": "third_party_wait", "awaiting": "The host of their file store"}
        later = at + minutes(35)
        do(number, began + minutes(130), Verb.PAUSE, "agent2", next_check_at=later, **asked)

        def typed(now: datetime) -> None:
            draft = "We know where it stops: at row 20,000. The host of your file store is"
            save_draft(Incident.objects.get(pk=number), draft, by=people["agent2"], at=now)

        crowd.stage.plan(at - minutes(2), typed)

    crowd.open(at - minutes(170), EXPORTS, "halden", script)
