"""The KPI state machine of SEMANTICS 5.1: worked series, edges, and the exactness of resume."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalations.rules.threshold_problems import problems
from escalations.rules.thresholds import (
    Bands,
    KpiStateName,
    Machine,
    ThresholdRule,
    is_flapping,
    replay,
    restarted_at,
    stays_at_rest,
    step,
)
from tests.examples import examples

CASES = json.loads((Path(__file__).parents[2] / "cases" / "rules.json").read_text())
START = datetime(2026, 3, 2, tzinfo=UTC)
CLICKS = Bands.one_sided(
    "higher", warn=2.8, breach=2.5, clear_warn=2.9, clear_breach=2.6, target_lo=3.0, target_hi=3.6
)
RANGE = Bands(
    "range",
    breach_lo=1,
    clear_breach_lo=2,
    warn_lo=3,
    clear_warn_lo=4,
    target_lo=5,
    target_hi=6,
    clear_warn_hi=7,
    warn_hi=8,
    clear_breach_hi=9,
    breach_hi=10,
)


def states(rule: ThresholdRule, values, machine: Machine | None = None) -> list[str]:
    machine = machine or Machine()
    seen = []
    for value in values:
        machine = step(machine, rule, value)
        seen.append(machine.state.value)
    return seen


def hourly(values):
    return [(START + timedelta(hours=i), value) for i, value in enumerate(values)]


@pytest.mark.parametrize("case", CASES["kpi"], ids=lambda case: case["direction"])
def test_the_worked_series_passes_through_the_expected_states(case):
    names = ("warn", "breach", "clear_warn", "clear_breach")
    bands = Bands.one_sided(case["direction"], **{name: case[name] for name in names})
    rule = ThresholdRule(bands, case["N"], case["M"], case["C"], case["missing"])
    assert states(rule, case["values"]) == case["states"]


def test_a_value_equal_to_warn_or_breach_is_still_good():
    rule = ThresholdRule(CLICKS, 1, 1, 1)
    assert states(rule, [2.8]) == ["ok"]
    assert states(rule, [2.5]) == ["warn"]


def test_a_value_equal_to_a_clear_level_counts_as_cleared():
    rule = ThresholdRule(CLICKS, 1, 1, 1)
    assert states(rule, [2.4, 2.6, 2.9]) == ["breach", "warn", "ok"]
    assert states(rule, [2.4, 2.59, 2.6, 2.89]) == ["breach", "breach", "warn", "warn"]


def test_breach_clears_straight_to_ok_when_every_point_of_the_run_clears_warn():
    rule = ThresholdRule(CLICKS, 1, 1, 2)
    assert states(rule, [2.4, 3.0, 3.0]) == ["breach", "breach", "ok"]


def test_history_and_runs_begin_anew_after_a_downward_transition():
    rule = ThresholdRule(CLICKS, 2, 5, 2)
    # Two warn points, cleared; without the restart the third warn point would enter at once.
    values = [2.7, 2.7, 3.0, 3.0, 2.7, 2.7]
    assert states(rule, values) == ["ok", "warn", "warn", "ok", "ok", "warn"]
    # The run that left breach does not help to leave warn.
    assert states(rule, [2.4, 2.4, 2.6, 2.9, 2.9, 2.9])[-3:] == ["warn", "warn", "ok"]


def test_points_older_than_m_no_longer_count():
    rule = ThresholdRule(CLICKS, 2, 3, 1)
    assert states(rule, [2.7, 3.0, 3.0, 2.7, 3.0, 2.7])[-1] == "warn"
    assert states(rule, [2.7, 3.0, 3.0, 2.7])[-1] == "ok"


def test_a_range_is_watched_on_both_sides():
    rule = ThresholdRule(RANGE, 1, 1, 1)
    assert states(rule, [5, 8, 8.1, 7.1, 7]) == ["ok", "ok", "warn", "warn", "ok"]
    assert states(rule, [2.9, 0.9, 2, 10.1, 9, 5]) == [
        "warn",
        "breach",
        "warn",
        "breach",
        "warn",
        "ok",
    ]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ("hold", ["ok", "ok", "ok", "warn", "warn", "ok"]),
        ("breaching", ["ok", "warn", "breach", "warn", "warn", "ok"]),
        ("ok", ["ok", "ok", "ok", "ok", "ok", "ok"]),
        ("no_data", ["ok", "ok", "no_data", "warn", "warn", "ok"]),
    ],
)
def test_a_missing_point_means_what_the_policy_says(missing, expected):
    rule = ThresholdRule(CLICKS, 2, 2, 1, missing)
    assert states(rule, [2.7, None, None, 2.7, None, 3.0]) == expected


def test_no_data_gives_back_the_state_it_covered():
    rule = ThresholdRule(CLICKS, 1, 2, 2, "no_data")
    assert states(rule, [2.4, None, None, None, 3.0, 3.0]) == [
        "breach",
        "breach",
        "no_data",
        "no_data",
        "breach",
        "ok",
    ]


def test_what_is_not_a_number_is_a_missing_point():
    rule = ThresholdRule(CLICKS, 1, 1, 1)
    assert states(rule, [2.4, math.nan]) == ["breach", "breach"]
    assert states(rule, [3.1, math.nan]) == ["ok", "ok"]


def test_replay_dates_every_flip_with_its_value():
    rule = ThresholdRule(CLICKS, 1, 1, 1)
    _, flips = replay(Machine(), rule, hourly([3.0, 2.7, 2.4, 3.0]))
    assert [(f.at.hour, f.from_state, f.to_state, f.value) for f in flips] == [
        (1, "ok", "warn", 2.7),
        (2, "warn", "breach", 2.4),
        (3, "breach", "ok", 3.0),
    ]


def test_the_machine_comes_back_from_its_stored_form():
    rule = ThresholdRule(CLICKS, 3, 5, 3)
    machine, _ = replay(Machine(), rule, hourly([3.1, 2.7, 2.4]))
    assert machine.zones(5) == "...wb"
    assert Machine.from_json(json.loads(json.dumps(machine.as_json()))) == machine


def test_no_data_cannot_be_resumed():
    with pytest.raises(ValueError):
        Machine.resume("no_data", [], ThresholdRule(CLICKS, 1, 1, 1))


def test_more_than_three_entries_in_24_hours_flap():
    entries = [START + timedelta(hours=h) for h in (0, 8, 16, 24)]
    assert not is_flapping(entries, START + timedelta(hours=24))  # the first is 24 h old
    assert is_flapping(entries, START + timedelta(hours=23, minutes=59)) is False
    entries[0] += timedelta(seconds=1)
    assert is_flapping(entries, START + timedelta(hours=24))


# -- problems ---------------------------------------------------------------------------------


def codes(bands, n=3, m=5, c=3):
    return {(field, code) for field, code, _ in problems(bands, n, m, c)}


def test_good_thresholds_have_no_problems():
    low = Bands.one_sided("lower", warn=1.2, breach=1.5, clear_warn=1.1, clear_breach=1.4)
    assert problems(CLICKS, 3, 5, 3) == problems(RANGE, 1, 1, 1) == problems(low, 2, 2, 1) == []
    level = Bands.one_sided("higher", warn=2, breach=1, clear_warn=3, clear_breach=2, target_lo=3)
    assert problems(level, 1, 1, 1) == []


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"clear_breach": 2.5}, ("clear_breach", "order")),
        ({"warn": 2.55}, ("warn", "order")),
        ({"clear_warn": 2.8}, ("clear_warn", "order")),
        ({"target_lo": 2.85}, ("target_lo", "order")),
        ({"target_hi": 2.95}, ("target_hi", "order")),
        ({"breach": math.nan}, ("breach", "not_finite")),
        ({"warn": math.inf}, ("warn", "not_finite")),
        ({"warn": None}, ("warn", "required")),
    ],
)
def test_each_disorder_is_named_by_field(change, found):
    limits = {"warn": 2.8, "breach": 2.5, "clear_warn": 2.9, "clear_breach": 2.6}
    limits |= {"target_lo": 3.0, "target_hi": 3.6}
    assert found in codes(Bands.one_sided("higher", **(limits | change)))


def test_a_lower_kpi_is_the_mirror():
    bands = Bands.one_sided("lower", warn=1.2, breach=1.2, clear_warn=1.1, clear_breach=1.3)
    assert codes(bands) == {("clear_breach", "order")}
    assert codes(
        Bands.one_sided(
            "lower", warn=1.2, breach=1.5, clear_warn=1.1, clear_breach=1.4, target_hi=1.15
        )
    ) == {("target_hi", "order")}


def test_a_range_must_not_cross_itself_and_a_side_not_used_is_refused():
    crossed = Bands(
        "range",
        breach_lo=1,
        clear_breach_lo=2,
        warn_lo=3,
        clear_warn_lo=14,
        clear_warn_hi=7,
        warn_hi=8,
        clear_breach_hi=9,
        breach_hi=10,
    )
    assert codes(crossed) == {("clear_warn_hi", "order")}
    assert ("warn", "not_used") in codes(Bands("higher", warn_lo=1, warn_hi=2))
    assert codes(Bands("sideways")) == {("direction", "invalid")}


def test_n_of_m_must_be_reachable():
    assert codes(CLICKS, n=4, m=3) == {("n", "n_above_m")}
    assert ("c", "too_small") in codes(CLICKS, c=0)
    assert ("n", "too_small") in codes(CLICKS, n=0)


# -- properties -------------------------------------------------------------------------------

GRID = st.integers(0, 22).map(lambda k: k / 2)
POINTS = st.lists(st.one_of(GRID, GRID, GRID, st.none()), max_size=60)
BANDS = st.sampled_from(
    [
        RANGE,
        Bands.one_sided("higher", breach=2, clear_breach=3, warn=5, clear_warn=7),
        Bands.one_sided("lower", breach=8, clear_breach=7, warn=5, clear_warn=3),
    ]
)


@st.composite
def rules(draw):
    m = draw(st.integers(1, 5))
    return ThresholdRule(
        draw(BANDS),
        draw(st.integers(1, m)),
        m,
        draw(st.integers(1, 4)),
        draw(st.sampled_from(["hold", "breaching", "ok", "no_data"])),
    )


class Plain:
    """The rule again, in the plainest words: lists and counts over the whole history."""

    def __init__(self, rule):
        self.rule, self.state, self.points, self.dark = rule, "ok", [], 0

    def zone(self, value):
        bands = self.rule.bands

        def inside(level):
            lo, hi = getattr(bands, f"{level}_lo"), getattr(bands, f"{level}_hi")
            return (lo is None or value >= lo) and (hi is None or value <= hi)

        return {level: inside(level) for level in ("breach", "warn", "clear_breach", "clear_warn")}

    def add(self, value):
        rule = self.rule
        if value is None:
            if rule.missing in ("hold", "no_data"):
                self.dark += 1
                return self.shown()
            good = rule.missing == "ok"
            zone = dict.fromkeys(("breach", "warn", "clear_breach", "clear_warn"), good)
        else:
            self.dark = 0
            zone = self.zone(value)
        self.points.append(zone)
        recent, last = self.points[-rule.m :], self.points[-rule.c :]

        def cleared(level):
            return len(last) == rule.c and all(p[level] for p in last)

        if self.state != "breach" and sum(not p["breach"] for p in recent) >= rule.n:
            self.state = "breach"
        elif self.state == "breach" and cleared("clear_breach"):
            self.state, self.points = ("ok" if cleared("clear_warn") else "warn"), []
        elif self.state == "ok" and sum(not p["warn"] for p in recent) >= rule.n:
            self.state = "warn"
        elif self.state == "warn" and cleared("clear_warn"):
            self.state, self.points = "ok", []
        return self.shown()

    def shown(self):
        is_dark = self.rule.missing == "no_data" and self.dark >= self.rule.m
        return "no_data" if is_dark else self.state


@examples(300)
@given(rules(), POINTS)
def test_the_fast_loop_agrees_with_the_plain_reading_of_the_rule(rule, values):
    plain = Plain(rule)
    expected = [plain.add(value) for value in values]
    assert states(rule, values) == expected
    machine, flips = replay(Machine(), rule, hourly(values))
    seen, expected_flips = "ok", []
    for (at, _), state in zip(hourly(values), expected, strict=True):
        if state != seen:
            expected_flips.append((at, seen, state))
            seen = state
    assert [(f.at, f.from_state, f.to_state) for f in flips] == expected_flips
    assert machine.state == seen


@examples(300)
@given(rules(), st.lists(GRID, min_size=1, max_size=12))
def test_a_machine_at_rest_stays_so_where_it_is_said_to(rule, values):
    limits = rule.bands.direction, rule.bands.warn_lo, rule.bands.warn_hi
    is_quiet = stays_at_rest(*limits, min(values), max(values))
    assert is_quiet == all(Plain(rule).zone(value)["warn"] for value in values)
    if is_quiet:
        assert replay(Machine(), rule, hourly(values)) == (Machine(), [])


@examples(300)
@given(rules(), POINTS, st.integers(0, 5))
def test_resume_from_a_window_equals_a_full_replay(rule, values, extra):
    points = hourly(values)
    machine, flips = replay(Machine(), rule, points)
    if machine.state is KpiStateName.NO_DATA:
        return
    restarted = restarted_at(flips)
    since = [value for at, value in points if restarted is None or at > restarted]
    counted = [
        i for i, v in enumerate(since) if v is not None or rule.missing in ("breaching", "ok")
    ]
    size = max(rule.m, rule.c) + extra
    window = since[counted[-size] :] if len(counted) > size else since
    assert Machine.resume(machine.state, window, rule) == machine


@examples(150)
@given(rules(), POINTS.filter(bool), GRID, st.data())
def test_a_late_point_is_judged_from_a_window_as_from_all_history(rule, values, late, data):
    points = hourly(values)
    place = data.draw(st.integers(0, len(points) - 1))
    at = points[place][0] - timedelta(minutes=30)
    whole = sorted([*points, (at, late)], key=lambda point: point[0])
    expected, expected_flips = replay(Machine(), rule, whole)

    _, flips = replay(Machine(), rule, points)
    before = [flip for flip in flips if flip.at < at]
    state = before[-1].to_state if before else KpiStateName.OK
    if state is KpiStateName.NO_DATA:
        return
    restarted = restarted_at(flips, at)
    window = [v for t, v in points if t < at and (restarted is None or t > restarted)]
    resumed = Machine.resume(state, window, rule)
    machine, later = replay(resumed, rule, [(t, v) for t, v in whole if t >= at])
    assert machine == expected
    assert before + later == expected_flips


@examples(100)
@given(rules(), POINTS, st.integers(0, 60))
def test_a_replay_may_be_cut_anywhere(rule, values, cut):
    points = hourly(values)
    first, flips = replay(Machine(), rule, points[:cut])
    second, more = replay(first, rule, points[cut:])
    assert (second, flips + more) == replay(Machine(), rule, points)
