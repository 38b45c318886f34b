"""What an account is worth and how near it is to leaving, as of a day."""

from __future__ import annotations

from datetime import datetime

from accounts.models import Account
from accounts.rules import valuation as rules


def valuation_of(account: Account, at: datetime) -> rules.Valuation:
    days = (account.renewal_on - at.date()).days if account.renewal_on else None
    change = account.usage_change_pct
    return rules.valuation(
        lifetime_value=rules.lifetime_value_anchor(account.lifetime_value),
        importance=account.importance,
        influence=account.influence,
        renewal=rules.renewal_anchor(days, is_at_risk=account.is_at_risk),
        momentum=rules.momentum_anchor(None if change is None else int(change * 100)),
        is_strategic=account.is_strategic,
    )


def tier_of(account: Account) -> rules.Tier:
    """Value alone decides, whatever the day."""
    if account.is_strategic:
        return rules.Tier.STRATEGIC
    anchors = {
        "lifetime_value": rules.lifetime_value_anchor(account.lifetime_value) or 0,
        "importance": account.importance,
        "influence": account.influence,
    }
    return rules.tier_of(rules.value_of(anchors))
