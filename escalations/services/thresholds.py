"""The threshold check: what changed is judged, in event-time order, and becomes flips.

An in-order reading is judged by the machine kept on the state row. A late one takes the state
just before it and a window of readings, and everything after it is judged again; flips it
overturns stay, marked superseded, and their incidents are left alone: late data never silently
un-pages.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import OperationalError, connection, transaction

from escalations.models import Kpi, KpiFlip, KpiState, Threshold
from escalations.rules.kpi_news import KpiFlipNews, doubt_text, limit_text
from escalations.rules.policy import Severity
from escalations.rules.thresholds import Flip, KpiStateName, Machine, replay, restarted_at
from escalations.selectors.kpis import dirty_states, silence_allowed, version_at, versions_of
from escalations.selectors.readings import Point, points_of, points_to_judge, values_in_doubt
from escalations.services import kpi_signals

PARKED_FOR = timedelta(hours=1)
log = logging.getLogger("belay.thresholds")


@dataclass(slots=True)
class Verdict:
    """What a check found for one state: the row to save and the flips to write."""

    state: KpiState
    new: list[KpiFlip] = field(default_factory=list)
    overturned: list[KpiFlip] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    doubts: list[float] = field(default_factory=list)  # the values of a suspect point
    is_quiet: bool = False  # only the machine moved on: nearly every reading


def check_thresholds(at: datetime, *, limit: int = 500, kpi: Kpi | None = None) -> int:
    """Judge up to `limit` changed states, of one KPI or of all; how many were claimed. 0 when
    nothing is left.

    A state that cannot be judged is parked for an hour and holds up nobody else.
    """
    with transaction.atomic():
        states = list(_claim(at, limit, kpi))
        if not states:
            return 0
        try:
            with transaction.atomic():
                _judge_all(states, at)
        except OperationalError:  # the database's trouble, not a row's: the whole job runs again
            raise
        except Exception:
            log.exception("A check of %s states failed; trying them one by one.", len(states))
            _judge_one_by_one([state.pk for state in states], at)
    return len(states)


def flips_to_signals(verdicts: list[Verdict], kpis: dict[int, Kpi], *, at: datetime) -> list[int]:
    """Hand the new flips on, in event order; the ids of the incidents they touched."""
    news = [
        _news(flip, kpis[flip.kpi_id], verdict)
        for verdict in verdicts
        for flip in verdict.new
        # A doubt that is over by now only dates the past.
        if flip.to_state != KpiStateName.SUSPECT or verdict.doubts
    ]
    if not news:
        return []
    news.sort(key=lambda flip: flip.flip_at)
    return kpi_signals.record_kpi_flips(news, at=at)


def judge_state(state: KpiState, at: datetime) -> None:
    """Judge one locked state now, inside the caller's transaction."""
    _judge_all([state], at)


def _claim(at: datetime, limit: int, kpi: Kpi | None):
    rows = dirty_states(at).order_by("kpi_id", "segment")
    if kpi is not None:
        rows = rows.filter(kpi=kpi)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows[:limit]


def _judge_one_by_one(ids: list[int], at: datetime) -> None:
    for state in KpiState.objects.filter(pk__in=ids).order_by("kpi_id", "segment"):
        try:
            with transaction.atomic():
                _judge_all([state], at)
        except OperationalError:
            raise
        except Exception as error:
            log.exception("State %s is parked.", state.pk)
            KpiState.objects.filter(pk=state.pk).update(
                parked_until=at + PARKED_FOR,
                parked_error=f"{type(error).__name__}: {error}".replace("\x00", "")[:300],
            )


def _judge_all(states: list[KpiState], at: datetime) -> None:
    kpi_ids = {state.kpi_id for state in states}
    versions = versions_of(kpi_ids)
    points = points_to_judge(states)
    verdicts = []
    for state in states:
        if state.kpi_id not in versions:
            raise ValueError(f"KPI {state.kpi.code} has no thresholds yet.")
        verdict = Verdict(state, points=points.get(state.pk, []))
        if state.suspect_at is None:
            _judge(verdict, versions[state.kpi_id], at)
        else:
            _freeze(verdict, versions[state.kpi_id], at)
        verdicts.append(verdict)
    _save(verdicts, at)
    kpi_signals.note_overturned([f for v in verdicts for f in v.overturned], at=at)
    if flipped := [verdict for verdict in verdicts if verdict.new]:
        kpis = Kpi.objects.in_bulk({verdict.state.kpi_id for verdict in flipped})
        flips_to_signals(flipped, kpis, at=at)


def _freeze(verdict: Verdict, versions: list[Threshold], at: datetime) -> None:
    """Two values for one point: judge what lies before it, then nothing until a correction."""
    state, doubted_at = verdict.state, verdict.state.suspect_at
    verdict.points = [point for point in verdict.points if point.at < doubted_at]
    if verdict.points and (state.judged_to is None or state.judged_to < doubted_at):
        _judge(verdict, versions, at)
    verdict.is_quiet = False
    state.dirty_from = min(t for t in (state.dirty_from, doubted_at) if t is not None)
    state.parked_until, state.parked_error = None, ""
    known = [t for t in (doubted_at, state.since_at, state.judged_to) if t is not None]
    verdict.doubts = values_in_doubt(state.kpi_id, state.segment, doubted_at)
    verdict.new.append(
        KpiFlip(
            kpi_id=state.kpi_id,
            segment=state.segment,
            at=max(known),
            recorded_at=at,
            from_state=state.state,
            to_state=KpiStateName.SUSPECT.value,
            threshold=version_at(versions, max(known)),
        )
    )
    state.state, state.since_at = KpiStateName.SUSPECT.value, max(known)


def _judge(verdict: Verdict, versions: list[Threshold], at: datetime) -> None:
    state = verdict.state
    judged_to = state.judged_to
    edge = max((t for t in (judged_to, state.since_at) if t is not None), default=None)
    is_next = edge is None or (state.dirty_from > edge and bool(state.machine))
    if is_next:
        start, recorded = state.dirty_from, []
        machine = Machine.from_json(state.machine) if state.machine else Machine()
        shown = KpiStateName(state.state)
        version = None if judged_to is None else version_at(versions, judged_to)
    else:
        flips = list(
            KpiFlip.objects.filter(
                kpi=state.kpi_id, segment=state.segment, superseded_at=None
            ).order_by("at", "id")
        )
        start, machine, version = _resume(state, flips, versions)
        earlier = [flip for flip in flips if flip.at < start]
        recorded = flips[len(earlier) :]
        shown = KpiStateName(earlier[-1].to_state) if earlier else KpiStateName.OK
        if start < state.dirty_from:
            verdict.points = [
                Point(*row) for row in reversed(points_of(state.kpi_id, state.segment, start=start))
            ]
    before = machine.state
    machine, data_flips = _replay(machine, version, verdict.points, versions)
    if is_next and not data_flips and state.state == state.held_state == before:
        verdict.is_quiet = True
        _move_on(verdict, machine)
        return
    expected = _shown_flips(shown, before, data_flips, recorded, verdict.points)
    covered = expected_state(expected, shown)
    if covered != machine.state and (
        covered is KpiStateName.SUSPECT
        or (
            state.last_at is not None
            and state.last_at + silence_allowed(state.kpi, version_at(versions, at)) > at
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
    state: KpiState, flips: list[KpiFlip], versions: list[Threshold]
) -> tuple[datetime, Machine, Threshold]:
    """Where to start judging again, the machine just before that, and its threshold version.

    History restarts at a downward flip, and with a new version: its limits judge its own time.
    """
    data = _data_flips(flips)
    start = state.dirty_from
    while True:
        held = KpiStateName.OK
        for flip in data:
            if flip.at < start:
                held = flip.to_state
        version = version_at(versions, start - timedelta(microseconds=1))
        restarted = restarted_at(data, start)
        window_from = restarted
        if version.pk != versions[0].pk and (
            restarted is None or version.effective_from > restarted
        ):
            window_from, restarted = version.effective_from, None
        rows = points_of(state.kpi_id, state.segment, start=window_from, before=start)
        recent = list(rows[: max(version.m, version.c) + 8])
        if restarted is not None and sum(row[0] == restarted for row in recent) > 1:
            start = restarted  # several points share that instant: judge all of them again
            continue
        values = [value for when, value, *_ in reversed(recent) if when != restarted]
        return start, Machine.resume(held, values, version.rule), version


def _data_flips(flips: list[KpiFlip]) -> list[Flip]:
    """The flips that values made, seen through those of the clock (which carry no value)."""
    found, held = [], KpiStateName.OK
    for flip in flips:
        if flip.value is not None:
            found.append(Flip(flip.at, held, KpiStateName(flip.to_state), flip.value))
            held = found[-1].to_state
    return found


def _replay(
    machine: Machine, version: Threshold | None, points: list[Point], versions: list[Threshold]
) -> tuple[Machine, list[Flip]]:
    """Each point by the version in force at its time; a new version starts an empty history."""
    flips: list[Flip] = []
    place = 0
    while place < len(points):
        current = version_at(versions, points[place].at)
        later = [v.effective_from for v in versions if v.effective_from > points[place].at]
        until = later[0] if later and current.pk != versions[-1].pk else None
        end = place
        while end < len(points) and (until is None or points[end].at < until):
            end += 1
        if version is not None and current.pk != version.pk:
            machine = Machine(machine.state, held=machine.state)
        version = current
        machine, more = replay(machine, current.rule, [(p.at, p.value) for p in points[place:end]])
        flips += more
        place = end
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
    for when, is_point, to_state, value in marks:
        if is_point:
            while changes and changes[0].at <= when:
                data = changes.pop(0).to_state
            to_state, is_covered = data, False
        elif is_covered and to_state is not KpiStateName.SUSPECT:
            to_state, is_covered = data, False
        else:
            is_covered = True
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
    standing: dict[tuple, list[KpiFlip]] = {}
    for flip in recorded:
        standing.setdefault((flip.at, flip.from_state, flip.to_state), []).append(flip)
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


_SAVED = (
    "state",
    "held_state",
    "since_at",
    "judged_to",
    "machine",
    "dirty_from",
    "parked_until",
    "parked_error",
)


def _save(verdicts: list[Verdict], at: datetime) -> None:
    if overturned := [flip.pk for verdict in verdicts for flip in verdict.overturned]:
        KpiFlip.objects.filter(pk__in=overturned).update(superseded_at=at)
    if new := [flip for verdict in verdicts for flip in verdict.new]:
        KpiFlip.objects.bulk_create(new)
    # Prepared statements for all rows: an upsert by the ORM costs a third of the whole check.
    _update([v.state for v in verdicts if v.is_quiet], ("judged_to", "machine"))
    _update([v.state for v in verdicts if not v.is_quiet], _SAVED)


def _update(states: list[KpiState], names: tuple[str, ...]) -> None:
    if not states:
        return
    fields = [KpiState._meta.get_field(name) for name in names]
    columns = ", ".join(f"{connection.ops.quote_name(f.column)} = %s" for f in fields)
    if names != _SAVED:
        columns += ", dirty_from = NULL, parked_until = NULL, parked_error = ''"
    table = connection.ops.quote_name(KpiState._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET {columns} WHERE id = %s",  # noqa: S608 (no user's text)
            [
                [
                    *(f.get_db_prep_save(getattr(s, f.attname), connection) for f in fields),
                    s.pk,
                ]
                for s in states
            ],
        )


def _news(flip: KpiFlip, kpi: Kpi, verdict: Verdict) -> KpiFlipNews:
    point = next((p for p in verdict.points if p.at == flip.at and p.value == flip.value), None)
    threshold = flip.threshold
    to_state = KpiStateName(flip.to_state)
    severity = {
        KpiStateName.WARN: threshold.warn_severity,
        KpiStateName.BREACH: threshold.breach_severity,
    }.get(to_state)
    value, limit = flip.value, limit_text(threshold.rule.bands, to_state, flip.value)
    if to_state is KpiStateName.SUSPECT:
        value = verdict.doubts[-1]
        limit = doubt_text(verdict.state.suspect_at, verdict.doubts)
    return KpiFlipNews(
        kpi_id=kpi.pk,
        kpi_code=kpi.code,
        kpi_name=kpi.name,
        unit=kpi.unit,
        segment=flip.segment,
        channel=point.channel if point else "",
        flip_at=flip.at,
        period_end=point.period_end if point else None,
        from_state=KpiStateName(flip.from_state),
        to_state=to_state,
        value=value,
        threshold_id=threshold.pk,
        declared_severity=None if severity is None else Severity(severity),
        revenue_exposed=threshold.revenue_exposed,
        is_late=flip.is_late,
        limit_text=limit,
    )


__all__ = ["check_thresholds", "flips_to_signals", "judge_state"]
