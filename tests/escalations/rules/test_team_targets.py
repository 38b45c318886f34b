"""A team's own target leaves a fifth of the promise for everything else."""

from __future__ import annotations

import pytest

from escalations.rules.team_targets import team_warnings

HOUR = 3600


@pytest.mark.parametrize(
    ("targets", "warned"),
    [
        ({"ola": 96 * 60, "restore": 2 * HOUR}, False),  # exactly 80 %
        ({"ola": 96 * 60 + 1, "restore": 2 * HOUR}, True),
        ({"ola": 3 * HOUR, "restore": 2 * HOUR, "resolution": 24 * HOUR}, True),  # the tighter
        ({"ola": 19 * HOUR, "resolution": 24 * HOUR}, False),
        ({"ola": 20 * HOUR, "resolution": 24 * HOUR}, True),
        ({"ola": 20 * HOUR, "response": HOUR}, False),  # no promise to compare with
        ({"resolution": 24 * HOUR}, False),
    ],
)
def test_a_team_may_take_four_fifths(targets, warned):
    found = team_warnings({(1, kind): seconds for kind, seconds in targets.items()})
    assert bool(found) == warned
    assert all(sentence.startswith("S1: a team may take") for sentence in found)
