"""What readings make of one state: in order by its machine, or again from a late one on.

An in-order reading is judged by the machine kept on the state row. A late one takes the state
just before it and a window of readings, and everything after it is judged again; flips it
overturns stay, marked superseded, and their incidents are left alone: late data never silently
un-pages.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from escalations.models import KpiFlip, KpiState, Threshold
from escalations.rules.thresholds import (
    Flip,
    KpiStateName,
    Machine,
    Mode,
    ThresholdRule,
    replay,
    restarted_at,
)
from escalations.selectors.kpis import silence_allowed, version_at
from escalations.selectors.readings import Point, points_of
from escalations.services.baselines import LearnedLimits


@dataclass(slots=True)
class Verdict:
    """What a check found for one state: the row to save and the flips to write."""

    state: KpiState
    new: list[KpiFlip] = field(default_factory=list)
    overturned: list[KpiFlip] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    doubts: list[float] = field(default_factory=list)  # the values of a suspect point
    learned: LearnedLimits | None = None  # of a KPI with learned limits
    is_quiet: bool = False  # only the machine moved on: nearly every reading

    def rule_at(self, version: Threshold, when: datetime) -> ThresholdRule | None:
        """The rule that judges the point at `when`; None when it cannot be judged."""
        if self.learned is None or version.mode == Mode.STATIC:
            return version.rule
        return self.learned.rule_at(version, when)

    def know(self, version: Threshold, times: Iterable[datetime], *, is_late: bool = False) -> None:
        if self.learned is not None and version.mode != Mode.STATIC:
            self.learned.know(times, is_late=is_late)


def judge(verdict: Verdict, versions: list[Threshold], at: datetime) -> None:
    """Judge what is dirty: the flips to write and to overturn, and the state row as it will be."""
    state = verdict.state
    dirty_from, judged_to = state.dirty_from, state.judged_to
    assert dirty_from is not None  # only such states are claimed
    edge = max((t for t in (judged_to, state.since_at) if t is not None), default=None)
    is_next = edge is None or (dirty_from > edge and bool(state.machine))
    recorded: list[KpiFlip] = []
    version: Threshold | None
    if is_next:
        start = dirty_from
        machine = Machine.from_json(state.machine) if state.machine else Machine()
        shown = KpiStateName(state.state)
        version = None if judged_to is None else version_at(versions, judged_to)
    else:
        flips = list(
            KpiFlip.objects.filter(
                kpi=state.kpi_id, segment=state.segment, superseded_at=None
            ).order_by("at", "id")
        )
        start, machine, version = _resume(verdict, flips, versions, dirty_from)
        earlier = [flip for flip in flips if flip.at < start]
        recorded = flips[len(earlier) :]
        shown = KpiStateName(earlier[-1].to_state) if earlier else KpiStateName.OK
        if start < dirty_from:
            verdict.points = points_of(state.kpi_id, state.segment, start=start)[::-1]
    before = machine.state
    was_learning = state.is_learning
    machine, data_flips = _replay(verdict, machine, version, versions, is_late=not is_next)
    if (
        is_next
        and not data_flips
        and state.state == state.held_state == before
        and state.is_learning == was_learning
    ):
        verdict.is_quiet = True
        _move_on(verdict, machine)
        return
    expected = _shown_flips(shown, before, data_flips, recorded, verdict.points)
    covered = expected_state(expected, shown)
    if covered != machine.state and (
        covered is KpiStateName.SUSPECT
        or (
            state.last_at is not None
            and state.last_at + silence_allowed(state.kpi.grain_s, version_at(versions, at)) > at
        )
    ):
        # Data came back, or out of doubt, but all of it is dated before: back as of now.
        since = max(at, expected[-1].at if expected else at)
        expected.append(Flip(since, expected_state(expected, shown), machine.state, None))
    _compare(verdict, expected, recorded, versions, at, judged_to)
    state.state = expected_state(expected, shown)
    state.held_state = machine.state
    if expected:
        state.since_at = expected[-1].at
    elif recorded or start < (state.since_at or start):
        state.since_at = None if not (rest := _earlier(state, start)) else rest.at
    _move_on(verdict, machine)


def _move_on(verdict: Verdict, machine: Machine) -> None:
    state = verdict.state
    state.machine = machine.as_json()
    if verdict.points:
        last = verdict.points[-1].at
        state.judged_to = last if state.judged_to is None else max(state.judged_to, last)
    state.dirty_from = state.parked_until = None
    state.parked_error = ""


def expected_state(flips: list[Flip], shown: KpiStateName) -> KpiStateName:
    return flips[-1].to_state if flips else shown


def _earlier(state: KpiState, start: datetime) -> KpiFlip | None:
    return (
        KpiFlip.objects.filter(
            kpi=state.kpi_id, segment=state.segment, superseded_at=None, at__lt=start
        )
        .order_by("at", "id")
        .last()
    )


def _resume(
    verdict: Verdict, flips: list[KpiFlip], versions: list[Threshold], start: datetime
) -> tuple[datetime, Machine, Threshold]:
    """Where to start judging again, the machine just before that, and its threshold version.

    History restarts at a downward flip, and with a new version: its limits judge its own time.
    """
    data = _data_flips(flips)
    while True:
        held = KpiStateName.OK
        for flip in data:
            if flip.at < start:
                held = flip.to_state
        version = version_at(versions, start - timedelta(microseconds=1))
        restarted = restarted_at(data, start)
        window_from = restarted
        if version.pk != versions[0].pk and (restarted is None or version.since > restarted):
            window_from, restarted = version.since, None
        recent = _recent(verdict, version, window_from, start)
        if restarted is not None and sum(point.at == restarted for point, _ in recent) > 1:
            start = restarted  # several points share that instant: judge all of them again
            continue
        seen = [(point.value, rule.bands) for point, rule in recent if point.at != restarted]
        values, bands = [value for value, _ in seen], [band for _, band in seen]
        return start, Machine.resume(held, values, version.rule, bands), version


def _recent(
    verdict: Verdict, version: Threshold, window_from: datetime | None, before: datetime
) -> list[tuple[Point, ThresholdRule]]:
    """The last points that a machine may still remember, oldest first, each with its rule.

    Points that could not be judged do not count: as long as they leave too few, look further back.
    """
    state = verdict.state
    enough = max(version.m, version.c) + 8
    size = enough
    while True:
        points = points_of(state.kpi_id, state.segment, start=window_from, before=before, most=size)
        verdict.know(version, [point.at for point in points])
        pairs = [(point, verdict.rule_at(version, point.at)) for point in reversed(points)]
        judged = [(point, rule) for point, rule in pairs if rule is not None]
        if len(judged) >= enough or len(points) < size:
            return judged
        size *= 2


def _data_flips(flips: list[KpiFlip]) -> list[Flip]:
    """The flips that values made, seen through those of the clock (which carry no value)."""
    found, held = [], KpiStateName.OK
    for flip in flips:
        if flip.value is not None:
            found.append(Flip(flip.at, held, KpiStateName(flip.to_state), flip.value))
            held = found[-1].to_state
    return found


def _replay(
    verdict: Verdict,
    machine: Machine,
    version: Threshold | None,
    versions: list[Threshold],
    *,
    is_late: bool,
) -> tuple[Machine, list[Flip]]:
    """Each point by the version in force at its time; a new version starts an empty history."""
    points = verdict.points
    flips: list[Flip] = []
    place = 0
    while place < len(points):
        current = version_at(versions, points[place].at)
        later = [v.since for v in versions if v.since > points[place].at]
        until = later[0] if later and current.pk != versions[-1].pk else None
        end = place
        while end < len(points) and (until is None or points[end].at < until):
            end += 1
        if version is not None and current.pk != version.pk:
            machine = Machine(machine.state, held=machine.state)
        version = current
        machine, more = _replay_part(verdict, machine, current, points[place:end], is_late)
        flips += more
        place = end
    return machine, flips


def _replay_part(
    verdict: Verdict, machine: Machine, version: Threshold, points: list[Point], is_late: bool
) -> tuple[Machine, list[Flip]]:
    """Points of one version. Static limits judge them in one loop, learned ones each its own."""
    state = verdict.state
    if version.mode == Mode.STATIC:
        state.is_learning = False
        return replay(machine, version.rule, [(p.at, p.value) for p in points])
    verdict.know(version, [point.at for point in points], is_late=is_late)
    flips: list[Flip] = []
    for point in points:
        rule = verdict.rule_at(version, point.at)
        state.is_learning = rule is None
        if rule is not None:
            machine, more = replay(machine, rule, [(point.at, point.value)])
            flips += more
    return machine, flips


def _shown_flips(
    shown: KpiStateName,
    before: KpiStateName,
    data_flips: list[Flip],
    recorded: list[KpiFlip],
    points: list[Point],
) -> list[Flip]:
    """What is shown: the states of the data, covered from a flip of the clock to the next point."""
    clock = [flip for flip in recorded if flip.value is None]
    if not clock and shown == before:
        return data_flips
    marks: list[tuple[datetime, int, KpiStateName | None, float | None]] = [
        (flip.at, 0, KpiStateName(flip.to_state), None) for flip in clock
    ]
    changes = list(data_flips)
    for point in points:
        marks.append((point.at, 1, None, point.value))
    marks.sort(key=lambda mark: mark[:2])
    flips, data, is_covered = [], before, shown != before
    for when, _, by_clock, value in marks:
        if by_clock is None:
            while changes and changes[0].at <= when:
                data = changes.pop(0).to_state
            to_state, is_covered = data, False
        elif is_covered and by_clock is not KpiStateName.SUSPECT:
            to_state, is_covered = data, False
        else:
            to_state, is_covered = by_clock, True
        if to_state != shown:
            flips.append(Flip(when, shown, to_state, value))
            shown = to_state
    return flips


def _compare(
    verdict: Verdict,
    expected: list[Flip],
    recorded: list[KpiFlip],
    versions: list[Threshold],
    at: datetime,
    judged_to: datetime | None,
) -> None:
    state = verdict.state
    standing: dict[tuple[datetime, str, str], list[KpiFlip]] = {}
    for known in recorded:
        standing.setdefault((known.at, known.from_state, known.to_state), []).append(known)
    for flip in expected:
        if same := standing.get((flip.at, flip.from_state.value, flip.to_state.value)):
            same.pop(0)
            continue
        verdict.new.append(
            KpiFlip(
                kpi_id=state.kpi_id,
                segment=state.segment,
                at=flip.at,
                recorded_at=at,
                from_state=flip.from_state.value,
                to_state=flip.to_state.value,
                value=flip.value,
                threshold=version_at(versions, flip.at),
                is_late=judged_to is not None and flip.at <= judged_to,
            )
        )
    verdict.overturned = [flip for same in standing.values() for flip in same]
