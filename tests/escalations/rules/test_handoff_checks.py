"""What a receiver sees before accepting, by stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalations.rules.handoff_checks import Standing, checklist, criteria
from escalations.rules.situation import OPEN_STATES, State

WELL = Standing(
    is_severity_sure=True,
    has_category=True,
    is_told=True,
    is_verified=True,
    has_late_promise=False,
    has_undated_wait=False,
    has_plan=True,
    has_open_approval=False,
)


def open_ones(state, **changes):
    found = checklist(state, replace(WELL, **changes))
    return [check.sentence for check in found if not check.is_done]


@pytest.mark.parametrize("state", sorted(OPEN_STATES))
def test_where_all_is_well_nothing_is_open(state):
    assert open_ones(state) == []
    assert len(criteria(state)) == 3


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"is_severity_sure": False}, "The severity is checked"),
        ({"has_late_promise": True}, "No promise is late"),
        ({"has_undated_wait": True}, "Whatever is awaited has a date to ask again"),
        ({"has_open_approval": True}, "No decision waits for a yes"),
        ({"is_told": False}, "The customer has heard from us"),
        ({"is_verified": False}, "The data of the KPI is verified"),
    ],
)
def test_what_is_open_is_said_at_every_stage(change, sentence):
    for state in OPEN_STATES:
        assert open_ones(State(state), **change) == [sentence]


def test_each_stage_asks_for_its_own():
    assert open_ones(State.ACKNOWLEDGED, has_category=False) == ["It has a category"]
    assert open_ones(State.ACKNOWLEDGED, has_plan=False) == []
    assert open_ones(State.MITIGATING, has_plan=False) == ["What is being done is written down"]
    assert open_ones(State.MITIGATING, has_category=False) == []
    assert len({criteria(s)[-1] for s in (State.NEW, State.MITIGATING, State.MONITORING)}) == 3


def test_what_is_open_comes_first_and_what_does_not_apply_is_absent():
    found = checklist(
        State.NEW, replace(WELL, is_told=None, is_verified=None, has_late_promise=True)
    )
    assert [check.is_done for check in found] == [False, True, True, True, True]
