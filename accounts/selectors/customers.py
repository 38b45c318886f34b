"""What an account is worth and how near it is to leaving, as of a day."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Account, ValueRubricVersion
from accounts.rules import valuation as rules


def rubric_of(account: Account) -> ValueRubricVersion | None:
    """The version that values it; None: the starting values. Asks once for each account, unless
    `valued_by` is read with it."""
    return account.valued_by or ValueRubricVersion.in_use().in_force


def valuation_of(account: Account, at: datetime) -> rules.Valuation:
    rubric = _said(account)
    days = (account.renewal_on - at.date()).days if account.renewal_on else None
    change = account.usage_change_pct
    change_bp = None if change is None else int(change * 100)
    return rules.valuation(
        lifetime_value=rules.lifetime_value_anchor(account.lifetime_value, rubric),
        importance=account.importance,
        influence=account.influence,
        renewal=rules.renewal_anchor(days, is_at_risk=account.is_at_risk, rubric=rubric),
        momentum=rules.momentum_anchor(change_bp, rubric=rubric),
        is_strategic=account.is_strategic,
        rubric=rubric,
    )


def tier_of(account: Account) -> rules.Tier:
    """Value alone decides, whatever the day."""
    if account.is_strategic:
        return rules.Tier.STRATEGIC
    return tier_by(account, _said(account))


def tier_by(account: Account, rubric: rules.Rubric) -> rules.Tier:
    if account.is_strategic:
        return rules.Tier.STRATEGIC
    anchors = {
        "lifetime_value": rules.lifetime_value_anchor(account.lifetime_value, rubric) or 0,
        "importance": account.importance,
        "influence": account.influence,
    }
    return rules.tier_of(rules.value_of(anchors, rubric), rubric)


def _said(account: Account) -> rules.Rubric:
    version = rubric_of(account)
    return version.said if version else rules.STARTING
