"""How alike two incidents are."""

from __future__ import annotations

import pytest

from escalations.rules.likeness import FEWEST_POINTS, Traits, likeness


@pytest.mark.parametrize(
    ("other", "points", "why"),
    [
        (Traits(kpi=1), 50, "Same KPI"),
        (Traits(kpi=1, segment="eu"), 60, "Same KPI, same segment"),
        (Traits(segment="eu"), 0, ""),
        (Traits(category="outage"), 20, "Same category"),
        (Traits(category="outage", product_area="SHOP"), 40, "Same category, same product"),
        (Traits(account=7, category="outage"), 40, "Same category, same customer"),
        (Traits(), 0, ""),
    ],
)
def test_how_alike_two_incidents_are(other, points, why):
    mine = Traits(kpi=1, segment="eu", account=7, product_area="shop", category="outage")
    found = likeness(mine, other)
    assert (found.points, found.why) == (points, why)
    assert (found.points >= FEWEST_POINTS) == (points >= 40)
