"""Another number of approvals is asked for like any change of the rules, and the number in force
decides about it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, field_error
from config.lib.history import told
from escalations.models import ApprovalRule, ChangeRequest, Policy
from escalations.selectors.approvals import USUAL, needed_now
from escalations.services.approval_rules import draft_number, take_effect
from escalations.services.changes import ask_approval, check_right

MOST = 9


@transaction.atomic
def ask_number(
    code: str, needed: int, given: Mapping[str, Any], *, by: User, at: datetime
) -> ChangeRequest:
    """Ask that `code` (a scope, or `policy-` and the code of a policy) needs this many approvals.

    Raises DomainError 404 `not_found`, 400 `number_out_of_range`, 409 `same_number`, and what
    `ask_approval` raises.
    """
    check_right("approvals", by)
    if not 1 <= needed <= MOST:
        raise field_error("needed", "number_out_of_range", f"1 to {MOST} approvals.")
    rule = _rule(code, by, at)
    if needed_now(rule) == needed:
        raise Conflict("same_number", f"It needs {needed} now.")
    version = draft_number(rule, needed, by=by, at=at, note=str(given.get("reason") or "")[:500])
    return ask_approval(code, version.number, given, by=by, at=at, kind="approvals")


def _rule(code: str, by: User, at: datetime) -> ApprovalRule:
    """The rule of a code; the first time its first version is the number that held until now."""
    rule = ApprovalRule.objects.select_related("policy").filter(code=code).first()
    if rule is not None:
        return rule
    policy = None
    if code.startswith("policy-"):
        policy = Policy.objects.filter(code=code.removeprefix("policy-")).first()
    if policy is None and code not in USUAL:
        raise DomainError("not_found", f"Nothing governed is called {code!r}.", status=404)
    rule = ApprovalRule(code=code, scope="policy" if policy else code, policy=policy)
    reason = "The number that held until now."
    told(rule, by=None, reason=reason, at=at).save()
    first = draft_number(rule, needed_now(rule), by=None, at=at, note=reason)
    take_effect(first, by=None, at=at, reason=reason)
    return rule
