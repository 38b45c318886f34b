"""What the demo's committee has before it: a request with one approval, one sent back, a word from
an agent."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from escalations.demo.stage import Stage
from escalations.models import PolicyVersion
from escalations.rules.changes import finding_key
from escalations.rules.policy_lint import lint
from escalations.selectors.policies import build_doc
from escalations.services.changes import approve, ask_approval, send_back
from escalations.services.suggestions import suggest

WAITS = "Reputation weighed too little in the last two storms."
SENT_BACK = "Nights are quiet: an S2 may wait longer."
COMMENT = "An S2 at night is a customer who cannot work. Show the numbers first."
WORD = "Data questions at night reach Frontline, who cannot answer them. Could they go to Growth?"


def plan_requests(
    stage: Stage, people: dict[str, User], at: datetime, waits: PolicyVersion, other: PolicyVersion
) -> None:
    """`waits` was drafted by the governor, `other` by the second one."""
    governor, second = people["governor"], people["governor2"]

    def ask(now: datetime) -> None:
        request = _ask(waits, WAITS, by=governor, at=now)
        stage.plan(
            at - timedelta(hours=20),
            lambda later: approve(request, by=second, at=later, comment="Agreed."),
        )

    def ask_other(now: datetime) -> None:
        request = _ask(other, SENT_BACK, by=second, at=now)
        stage.plan(
            at - timedelta(hours=30),
            lambda later: send_back(request, by=governor, at=later, comment=COMMENT),
        )

    stage.plan(at - timedelta(hours=40), ask)
    stage.plan(at - timedelta(hours=36), ask_other)
    stage.plan(
        at - timedelta(hours=6),
        lambda now: suggest(
            waits.policy.code,
            {"text": WORD, "about": "Routing: Data or legal questions"},
            by=people["agent"],
            at=now,
        ),
    )


def _ask(version: PolicyVersion, reason: str, *, by: User, at: datetime) -> int:
    keys = [finding_key(each) for each in lint(build_doc(version))]
    given = {"reason": reason, "acknowledged": keys}
    return ask_approval(version.policy.code, version.number, given, by=by, at=at).pk
