"""What the demo company learned: reviews written, signed, waived or still open, and their actions.

Each morning looks for reviews that wait since two days and plans what people do about them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from accounts.models import User
from escalations.demo.stage import Stage, minutes
from escalations.models import Incident, PostIncidentReview
from escalations.rules.action_items import ActionVerb
from escalations.rules.lifecycle import State, Verb
from escalations.rules.reviews import ReviewState, ReviewVerb
from escalations.services.action_items import add_action, perform_action
from escalations.services.moves import perform
from escalations.services.review_moves import perform_review
from escalations.services.review_text import add_factor, save_review

AFTER = timedelta(days=2)
LESSONS = (
    (
        "change",
        "A change went out on a Friday without a step back prepared.",
        "The release log shows no way back for it.",
        "A step back is part of every change, and is tried before it.",
        ("Ask for the way back in the release form", "process"),
    ),
    (
        "capacity",
        "The pool of connections was sized for last year's traffic.",
        "The graph of waiting connections touches its ceiling at 09:12.",
        "Limits are reviewed when traffic grows by a fifth.",
        ("Alarm at 80 % of the connection pool", "detect"),
    ),
    (
        "third_party",
        "We heard of the provider's outage from customers first.",
        "First report 09:02, the provider's status page 09:31.",
        "We watch our own success rate instead of somebody's page.",
        ("Measure payments by acquirer every minute", "detect"),
    ),
    (
        "process",
        "Two teams each thought the other had told the customer.",
        "The timeline has no update for 52 minutes.",
        "One person talks to customers, and the page says who.",
        ("Name the customer lead when an S1 is claimed", "policy"),
    ),
)


class Learning:
    """`now` is the present of the story: actions reach beyond it and stay open."""

    def __init__(self, stage: Stage, people: dict[str, User], now: datetime) -> None:
        self.stage, self.people, self.now = stage, people, now
        self.planned: set[int] = set()
        self.written = 0

    def look(self, at: datetime) -> None:
        waiting = PostIncidentReview.objects.filter(
            state=ReviewState.DRAFT, opened_at__lte=at - AFTER, incident__state=State.RESOLVED
        ).exclude(incident__in=self.planned)
        for review in waiting.select_related("incident").order_by("incident_id"):
            self.planned.add(review.incident_id)
            incident = review.incident
            if incident.severity == 1 or self.written < 6 and incident.number % 4 == 0:
                self._write(incident, at)
                self.written += 1
            elif at < self.now - timedelta(days=6):
                self._waive(incident.number, at + minutes(30))

    def _do(self, at: datetime, who: str, act: Any, number: int, *args: Any) -> None:
        def step(now: datetime) -> None:
            if Incident.objects.filter(pk=number, state=State.RESOLVED).exists():
                act(number, *args, by=self.people[who], at=now)

        self.stage.plan(at, step)

    def _waive(self, number: int, at: datetime) -> None:
        given = {"review_waiver": "Known cause, covered by the review of the incident before."}
        self._do(at, "duty", perform, number, Verb.CLOSE, given)

    def _write(self, incident: Incident, at: datetime) -> None:
        number, place = incident.number, self.written
        cause, text, evidence, lesson, (title, kind) = LESSONS[place % len(LESSONS)]
        began = incident.received_at
        fields = {
            "summary": f"{incident.title}. Found, contained and mended within a day.",
            "severity_final": f"S{incident.severity}",
            "facilitator": "duty" if incident.commander_id != self.people["duty"].pk else "senior",
            "impact_start": began - minutes(6),
            "impact_end": incident.resolved_at,
            "users_affected": 1200 + 310 * place,
            "support_contacts": 14 + 5 * place,
            "customer_impact": 4 + place % 5,
            "detection": "A monitor fired six minutes after the first failure.",
            "detection_faster": "Measure every minute, not every five.",
            "lead_up": "A quiet week; one change the evening before.",
            "fault": text,
            "response": "The on-call person answered in time and asked for help early.",
            "recovery": "The change was undone; figures were normal ten minutes later.",
            "went_well": "The customer heard from us before they had to ask.",
            "lucky": "It was not the last day of the month.",
            "lessons": lesson,
        }
        writer = "agent" if place % 2 == 0 else "agent2"
        meet = at + timedelta(hours=4)
        meeting = {"meeting_at": meet}
        self._do(at + minutes(40), writer, perform_review, number, ReviewVerb.SCHEDULE, meeting)
        self._do(meet + minutes(45), writer, perform_review, number, ReviewVerb.HOLD, {})
        self._do(meet + minutes(60), writer, save_review, number, fields)
        factor = {"category": cause, "text": text, "evidence": evidence}
        self._do(meet + minutes(70), writer, add_factor, number, factor)
        owner, verifier = ("senior", "agent2") if place % 2 == 0 else ("agent", "senior")
        action = {
            "title": title,
            "kind": kind,
            "owner": owner,
            "verifier": verifier,
            "verification_method": "Try it in the next drill.",
            "is_priority": place % 2 == 0,
            "due_on": (at + timedelta(days=21 if place % 3 else 9)).date(),
        }
        self._do(meet + minutes(80), writer, self._act, number, action, place)
        if self.now - at < timedelta(days=4):
            return  # still being written
        handed_in = meet + timedelta(hours=20)
        self._do(handed_in, writer, perform_review, number, ReviewVerb.SUBMIT, {})
        if place == 3:
            changes = {"reason": "Say what the customer saw, minute by minute."}
            asked = handed_in + minutes(90)
            self._do(asked, "governor", perform_review, number, ReviewVerb.REQUEST_CHANGES, changes)
            again = asked + minutes(180)
            self._do(again, writer, perform_review, number, ReviewVerb.SUBMIT, {})
            handed_in = again
        signed = handed_in + timedelta(hours=5)
        good = {"comment": "Clear. The action is the right one."}
        self._do(signed, "governor", perform_review, number, ReviewVerb.SIGN_OFF, good)
        self._do(signed + minutes(20), "duty", perform, number, Verb.CLOSE, {})

    def _act(
        self, number: int, action: dict[str, Any], place: int, *, by: User, at: datetime
    ) -> None:
        made = add_action(number, action, by=by, at=at)
        owner, verifier = self.people[action["owner"]], self.people[action["verifier"]]
        if place % 3 == 0:
            return  # left open: it falls overdue and reminds
        plans: list[tuple[timedelta, ActionVerb, dict[str, Any], User]] = [
            (timedelta(days=5), ActionVerb.START, {}, owner),
            (timedelta(days=13), ActionVerb.FINISH, {"evidence": "It fired in a drill."}, owner),
        ]
        if place % 3 == 1:
            plans.append((timedelta(days=15), ActionVerb.VERIFY, {}, verifier))
        for after, verb, given, who in plans:
            step = partial(_perform_at, made.pk, verb, given, who)
            self.stage.plan(at + after, step)


def _perform_at(pk: int, verb: ActionVerb, given: dict[str, Any], by: User, at: datetime) -> None:
    perform_action(pk, verb, given, by=by, at=at)
