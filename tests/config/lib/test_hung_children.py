"""When a child of `manage.py serve` counts as hung. Times are seconds of a made-up clock."""

from __future__ import annotations

from math import inf

from config.lib.supervisor import HUNG_MAX_S, HUNG_S, Child, _Running


def hangs_after(child, age=None):
    """Whole seconds since its start; `age` of its last beat, else it never beat."""
    child.started = 1000.0
    for second in range(1000):
        child.age = inf if age is None else age
        if child.hung(1000.0 + second):
            return second
    return None


def test_who_never_beats_gets_twice_the_time_with_each_start():
    child = _Running(Child("clock", ["true"]))
    assert not child.hung(1e9)  # nothing is known yet
    waited = []
    for _ in range(5):
        waited.append(hangs_after(child))
        child.give_up()
    assert waited == [HUNG_S + 1, 2 * HUNG_S + 1, 4 * HUNG_S + 1, HUNG_MAX_S + 1, HUNG_MAX_S + 1]


def test_one_beat_takes_the_patience_back():
    child = _Running(Child("clock", ["true"]))
    child.give_up()
    child.age, child.started = 1.0, 1000.0
    assert not child.hung(1050.0)
    child.age = HUNG_S + 1
    assert child.hung(1050.0 + HUNG_S)
