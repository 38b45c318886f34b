"""What the demo's committee has before it: a request with one approval, one sent back, a word from
an agent."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from escalations.demo.account_value import plan_value
from escalations.demo.limits import plan_limits
from escalations.demo.roster_rules import plan_roster_rules
from escalations.demo.stage import Stage
from escalations.models import PolicyVersion
from escalations.rules.changes import finding_key
from escalations.selectors.policy_lint import version_findings
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

    asked: dict[str, int] = {}

    def ask(now: datetime) -> None:
        asked["waits"] = _ask(waits, WAITS, by=governor, at=now)

    def ask_other(now: datetime) -> None:
        asked["other"] = _ask(other, SENT_BACK, by=second, at=now)

    def refuse(now: datetime) -> None:
        send_back(asked["other"], by=governor, at=now, comment=COMMENT)

    def agree(now: datetime) -> None:
        approve(asked["waits"], by=second, at=now, comment="Agreed.")

    def say(now: datetime) -> None:
        given = {"text": WORD, "about": "Routing: Data or legal questions"}
        suggest(waits.policy.code, given, by=people["agent"], at=now)

    for hours, step in ((40, ask), (36, ask_other), (30, refuse), (20, agree), (6, say)):
        stage.plan(at - timedelta(hours=hours), step)
    plan_limits(stage, people, at)
    plan_value(stage, people, at)
    plan_roster_rules(stage, people, at)


def _ask(version: PolicyVersion, reason: str, *, by: User, at: datetime) -> int:
    keys = [finding_key(each) for each in version_findings(version, at)]
    given = {"reason": reason, "acknowledged": keys}
    return ask_approval(version.policy.code, version.number, given, by=by, at=at).pk
