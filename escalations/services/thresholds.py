"""The threshold check: what changed is claimed, judged, saved, and its flips are handed on."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import OperationalError, transaction
from django.db.models import QuerySet

from config.lib.bulk import update_rows
from config.lib.databases import prepared
from escalations.models import Kpi, KpiFlip, KpiState, Threshold
from escalations.rules.kpi_news import KpiFlipNews, doubt_text, limit_text, usual_text
from escalations.rules.policy import Severity
from escalations.rules.thresholds import KpiStateName, Mode
from escalations.selectors.kpis import version_at, versions_of
from escalations.selectors.readings import points_to_judge, values_in_doubt
from escalations.services import kpi_signals
from escalations.services.baselines import LearnedLimits, read_learned
from escalations.services.kpi_quiet import claim, settle_quiet
from escalations.services.kpi_verdicts import Verdict, judge

PARKED_FOR = timedelta(hours=1)
log = logging.getLogger("belay.thresholds")


def check_thresholds(at: datetime, *, limit: int = 500, kpi: Kpi | None = None) -> int:
    """Judge up to `limit` changed states, of one KPI or of all; how many were claimed. 0 when
    nothing is left.

    A state that cannot be judged is parked for an hour and holds up nobody else.
    """
    with transaction.atomic():
        with prepared():
            claimed = claim(at, limit, None if kpi is None else kpi.pk)
        if not claimed:
            return 0
        try:
            with transaction.atomic():
                with prepared():
                    left = settle_quiet(claimed)
                if left:
                    _judge_all(list(_states(left)), at)
        except OperationalError:  # the database's trouble, not a row's: the whole job runs again
            raise
        except Exception:
            log.exception("A check of %s states failed; trying them one by one.", len(claimed))
            _judge_one_by_one([state.pk for state in claimed], at)
    return len(claimed)


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


def _states(ids: list[int]) -> QuerySet[KpiState]:
    return KpiState.objects.filter(pk__in=ids).order_by("kpi_id", "segment")


def _judge_one_by_one(ids: list[int], at: datetime) -> None:
    for state in _states(ids):
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
        verdicts.append(Verdict(state, points=points.get(state.pk, [])))
    _recall(verdicts, versions, at)
    for verdict in verdicts:
        state = verdict.state
        if state.suspect_at is None:
            judge(verdict, versions[state.kpi_id], at)
        else:
            _freeze(verdict, state.suspect_at, versions[state.kpi_id], at)
    _save(verdicts, at)
    kpi_signals.note_overturned([f for v in verdicts for f in v.overturned], at=at)
    if flipped := [verdict for verdict in verdicts if verdict.new]:
        kpis = Kpi.objects.in_bulk({verdict.state.kpi_id for verdict in flipped})
        flips_to_signals(flipped, kpis, at=at)


def _recall(verdicts: list[Verdict], versions: dict[int, list[Threshold]], at: datetime) -> None:
    """Have the learned limits of this batch at hand: one read, and none where all are static."""
    learning = [
        verdict
        for verdict in verdicts
        if any(version.mode != Mode.STATIC for version in versions[verdict.state.kpi_id])
    ]
    if not learning:
        return
    kpis = Kpi.objects.in_bulk({verdict.state.kpi_id for verdict in learning})
    wanted = []
    for verdict in learning:
        state = verdict.state
        state.kpi = kpis[state.kpi_id]
        verdict.learned = LearnedLimits(state.kpi, state.segment, at=at)
        wanted.append((verdict.learned, [point.at for point in verdict.points]))
    read_learned(wanted)


def _freeze(
    verdict: Verdict, doubted_at: datetime, versions: list[Threshold], at: datetime
) -> None:
    """Two values for one point: judge what lies before it, then nothing until a correction."""
    state = verdict.state
    verdict.points = [point for point in verdict.points if point.at < doubted_at]
    if verdict.points and (state.judged_to is None or state.judged_to < doubted_at):
        judge(verdict, versions, at)
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


_MOVED_ON = ("judged_to", "machine", "dirty_from", "parked_until", "parked_error")
_SAVED = (
    "state",
    "held_state",
    "since_at",
    "judged_to",
    "machine",
    "dirty_from",
    "parked_until",
    "parked_error",
    "is_learning",
)


def _save(verdicts: list[Verdict], at: datetime) -> None:
    if overturned := [flip.pk for verdict in verdicts for flip in verdict.overturned]:
        KpiFlip.objects.filter(pk__in=overturned).update(superseded_at=at)
    if new := [flip for verdict in verdicts for flip in verdict.new]:
        KpiFlip.objects.bulk_create(new)
    # One statement for all rows: an upsert by the ORM costs a third of the whole check.
    update_rows([v.state for v in verdicts if v.is_quiet], _MOVED_ON)
    update_rows([v.state for v in verdicts if not v.is_quiet], _SAVED)


def _news(flip: KpiFlip, kpi: Kpi, verdict: Verdict) -> KpiFlipNews:
    point = next((p for p in verdict.points if p.at == flip.at and p.value == flip.value), None)
    threshold = flip.threshold
    to_state = KpiStateName(flip.to_state)
    severity = {
        KpiStateName.WARN: threshold.warn_severity,
        KpiStateName.BREACH: threshold.breach_severity,
    }.get(to_state)
    rule = verdict.rule_at(threshold, flip.at) or threshold.rule
    value, limit = flip.value, limit_text(rule.bands, to_state, flip.value)
    if value is not None and verdict.learned is not None and threshold.mode != Mode.STATIC:
        limit += usual_text(verdict.learned.usual_at(flip.at))
    if to_state is KpiStateName.SUSPECT and verdict.state.suspect_at is not None:
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
        facts=threshold.facts_of(to_state),
        is_late=flip.is_late,
        limit_text=limit,
    )


__all__ = ["check_thresholds", "flips_to_signals", "judge_state"]
