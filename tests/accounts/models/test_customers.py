"""The sums in SQL are the sums of the rule, for every account one can think of."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts.models import Account
from accounts.selectors.customers import valuation_of

pytestmark = pytest.mark.django_db
EDGES_OF_VALUE = ("0", "0.01", "49999.99", "50000", "249999.99", "250000", "999999.99", "1000000")
EDGES_OF_USAGE = (None, "10", "9.99", "0", "-9.99", "-10", "-25", "-24.99", "-50", "-50.01", "-100")
EDGES_OF_RENEWAL = (None, -3, 0, 30, 31, 90, 91, 180, 181, 365, 366, 900)


def test_the_database_values_accounts_as_the_rule_does(at):
    chance = random.Random(7)
    accounts = [
        Account(
            external_id=f"a{number}",
            name=f"A {number}",
            lifetime_value=Decimal(chance.choice(EDGES_OF_VALUE)),
            importance=chance.randint(0, 4),
            influence=chance.randint(0, 4),
            is_at_risk=chance.random() < 0.1,
            is_strategic=chance.random() < 0.1,
            usage_change_pct=chance.choice(EDGES_OF_USAGE),
            renewal_on=None
            if (days := chance.choice(EDGES_OF_RENEWAL)) is None
            else at.date() + timedelta(days=days),
        )
        for number in range(800)
    ]
    Account.objects.bulk_create(accounts)
    tiers = set()
    for account in Account.objects.valued(at.date()):
        rule = valuation_of(account, at)
        said = (account.value_bp, account.risk_bp, account.priority_bp, account.tier)
        assert said == (rule.value_bp, rule.risk_bp, rule.priority_bp, rule.tier), vars(account)
        tiers.add(account.tier)
    assert tiers == {"strategic", "enterprise", "high_potential", "standard"}


def test_the_sum_is_written_out(at):
    account = Account(
        lifetime_value=700_000, importance=3, influence=2, renewal_on=date(2026, 12, 1)
    )
    valued = valuation_of(account, at)
    assert sum(term.points_bp for term in valued.terms if term.part == "value") == valued.value_bp
    assert sum(term.points_bp for term in valued.terms if term.part == "risk") == valued.risk_bp
    assert [term.name for term in valued.terms if term.is_assumed] == ["momentum"]
