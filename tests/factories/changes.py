"""A draft that says one thing otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import yaml

from accounts.models import User
from config.lib import clock
from escalations.models import Policy, PolicyVersion
from escalations.rules.changes import finding_key
from escalations.rules.policy_documents import as_text
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_lint import version_findings
from escalations.services.changes import ask_approval
from escalations.services.policy_documents import draft_from_text
from escalations.services.suggestions import suggest


def document(policy: Policy) -> dict[str, Any]:
    """What is in force, as a document."""
    version = policy.versions.get(state="in_force")
    return yaml.safe_load(as_text(policy_doc(version.pk), "yaml"))


def answered_in(words: str) -> Callable[[dict[str, Any]], None]:
    """A change of the time to answer an S1."""

    def change(content: dict[str, Any]) -> None:
        content["severities"]["S1"]["clocks"]["response"] = words

    return change


def draft_of(
    policy: Policy,
    *,
    by: User,
    at: datetime,
    change: Callable[[dict[str, Any]], None] | None = None,
) -> PolicyVersion:
    """The next version; unless told otherwise an S1 is answered in four minutes."""
    content = document(policy)
    (change or answered_in("4 min"))(content)
    text = yaml.safe_dump(content, sort_keys=False)
    return draft_from_text(policy.code, text, by=by, at=at, note="Faster.")


def warning_keys(version: PolicyVersion, at: datetime | None = None) -> list[str]:
    """What whoever asks has to acknowledge, at `at` or at the time of the house's clock."""
    found = version_findings(version, at or clock.now())
    return [finding_key(each) for each in found if not each.is_error]


def plant_changes(company: dict[str, User], at: datetime) -> dict[str, Any]:
    """A request of each member, a draft that nobody asked for yet, and a suggestion."""
    policy = Policy.objects.get(is_default=True)
    asked: list[int] = []
    for who, minutes in (("governor2", "4 min"), ("governor", "3 min")):
        draft = draft_of(policy, by=company[who], at=at, change=answered_in(minutes))
        given = {"reason": "Faster.", "acknowledged": warning_keys(draft, at)}
        asked.append(ask_approval(policy.code, draft.number, given, by=company[who], at=at).pk)
    draft_of(policy, by=company["governor"], at=at, change=answered_in("2 min"))
    said = suggest(policy.code, {"text": "Cards to Payments."}, by=company["agent"], at=at)
    return {"change": asked[0], "own_change": asked[1], "suggestion": said.pk}
