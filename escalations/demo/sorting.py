"""What came without a category: sorted by rules, waiting to be sorted, or said by people."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple

from accounts.models import Account
from escalations.demo.incidents import Incidents
from escalations.demo.stage import minutes
from escalations.rules.lifecycle import Verb
from escalations.rules.policy import PolicyDoc, SortingRule
from escalations.services.signals import SignalMessage, receive_signal

RULES = (
    SortingRule("It is down", "outage", 85, ("is down", "outage", "cannot reach", "unreachable")),
    SortingRule("Slow", "degradation", 75, ("slow", "timeout", "times out", "takes minutes")),
    SortingRule("Money words", "billing", 55, ("invoice", "invoices", "refund", "VAT", "charge")),
    SortingRule("Personal data", "data_legal", 60, ("tenant", "personal data", "GDPR", "privacy")),
    SortingRule("Tracking", "integration", 80, ("webhook", "pixel", "tracking", "API key")),
    SortingRule("Questions", "question", 35, ("how do", "how can", "question", "is it possible")),
    SortingRule("Billing desk", "billing", 90, fields={"source": "billing-desk"}),
)
AGREED = ("phone", "email", "chat")


def with_sorting(doc: PolicyDoc) -> PolicyDoc:
    return replace(doc, sorting=RULES, agreed_sources=AGREED)


class Arrival(NamedTuple):
    """`said` is the category that a person gave it, `by` how it reached one."""

    back: timedelta
    title: str
    account: str
    said: str = ""
    by: str = ""
    seen: timedelta = timedelta(0)


ARRIVALS = (
    Arrival(timedelta(days=8), "A refund of March shows twice", "fjord", "billing"),
    Arrival(timedelta(days=7), "Question about an invoice of ours", "marlow", "question"),
    Arrival(timedelta(days=5), "The pixel counts every order twice", "halden", "campaign"),
    Arrival(timedelta(days=3), "Somebody asks how we keep personal data", "rook", "question"),
    Arrival(minutes(95), "How can two teams share one invoice?", "oki"),
    Arrival(minutes(50), "Odd names on a refund: another tenant?", "tessera"),
    Arrival(minutes(25), "Told on the stairs: slow shop", "kestrel", "", "hallway", minutes(9)),
)


def plan_sorting(crowd: Incidents, at: datetime) -> None:
    for place, told in enumerate(ARRIVALS):
        _plan(crowd, at - told.back, told, f"mail-{place}")


def _plan(crowd: Incidents, began: datetime, told: Arrival, key: str) -> None:
    def step(now: datetime) -> None:
        message = SignalMessage(
            source="manual" if told.by else "help-desk",
            dedup_key=f"{key}-{began:%y%m%d%H%M}",
            is_firing=True,
            title=told.title,
            received_at=now - told.seen,
            account=Account.objects.get(external_id=told.account),
            arrived_by=told.by,
            seen_at=now if told.by else None,
        )
        who = crowd.people["agent" if told.by else "integrator"]
        incident = receive_signal(message, by=who, at=now).incident
        assert incident is not None
        if told.said:
            number = incident.number
            crowd.do(number, now + minutes(12), Verb.TRIAGE, "agent", category=told.said)
            crowd.answer(incident, now, "agent", 15)
            crowd.do(number, now + minutes(20), Verb.MITIGATE, "agent", plan="Look and answer.")
            crowd.do(
                number,
                now + minutes(90),
                Verb.RESOLVE,
                "agent",
                resolution_code="fixed",
                cause_category="unknown",
                final_update="It is answered. Thank you.",
            )

    crowd.stage.plan(began, step)
