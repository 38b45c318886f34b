"""Signals: one door to incidents. Repeats join the open episode, resolves end it.

An incident that nobody accepted ends with its last signal; once somebody accepted, the commander
is told and decides. Within 30 minutes of a resolve the same key reopens the incident, later it
opens a new one (SEMANTICS 2.4, 2.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, connection, transaction

from accounts.models import Account, User
from config.lib.rows import new
from escalations.models import Incident, Signal
from escalations.models.notices import NoticeKind
from escalations.rules.lifecycle import OPEN_STATES, State
from escalations.rules.policy import Severity
from escalations.selectors.decisions import why_severity
from escalations.selectors.standby import Standby
from escalations.services import endings, episodes
from escalations.services.episodes import Episode
from escalations.services.facts import add_facts, judge_again, news_of
from escalations.services.incidents import open_incidents
from escalations.services.links import link_back
from escalations.services.locks import hold_incident, lock_incident, read_incident
from escalations.services.maintenance import Keeper
from escalations.services.moves import finish
from escalations.services.recorder import Recorder
from escalations.services.severity import apply_severity

REOPEN_WITHIN = timedelta(minutes=30)
ONE_ENTRY_PER = timedelta(minutes=1)
ENDED = frozenset({State.RESOLVED, State.CLOSED})


@dataclass(frozen=True, slots=True)
class SignalMessage:
    """One validated message. `received_at` is when an agreed channel got it. `arrived_by` is how
    it reached the person who writes it down, `seen_at` when a person first saw it."""

    source: str
    dedup_key: str
    is_firing: bool
    title: str
    received_at: datetime
    body: str = ""
    severity_hint: str = ""
    account: Account | None = None
    product_area: str = ""
    category: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    anchors: dict[str, int] = field(default_factory=dict)
    arrived_by: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """`outcome`: opened, joined, reopened, resolved, kept by a window (then there is no incident),
    or nothing_open for an unknown resolve."""

    incident: Incident | None
    outcome: str


def receive_signal(message: SignalMessage, *, by: User | None, at: datetime) -> Received:
    """Take in one signal: durable, joined or opened, in one transaction.

    Two first messages of one episode may race; the database refuses the second row, and the
    loser starts again and joins.
    """
    for _ in range(3):
        try:
            with transaction.atomic():
                if not message.is_firing:
                    return _end(message, at)
                return _fire(message, by, at)
        except IntegrityError:
            if connection.in_atomic_block:
                raise
    with transaction.atomic():
        return _fire(message, by, at)


def _episodes(message: SignalMessage):
    return Signal.objects.real().filter(source=message.source, dedup_key=message.dedup_key)


def _fire(message: SignalMessage, by: User | None, at: datetime) -> Received:
    identity = message.source, message.dedup_key
    latest = episodes.latest(*identity)
    if latest is not None and latest.ended_at is None and latest.incident_id is not None:
        if (joined := _join_open(message, latest.incident_id, at)) is not None:
            return Received(joined, "joined")
        latest = episodes.latest(*identity)  # it ended while we waited for the lock
    if latest is not None and latest.ended_at is None:
        kept = _kept(message)
        if kept is not None:
            return _fire_kept(kept, message, by, at)
        latest = episodes.latest(*identity)
    if latest is None or latest.incident_id is None:
        return _fire_new(signal_of(message), None, by, at)
    earlier = lock_incident(latest.incident_id)
    if earlier.state not in OPEN_STATES:
        return _fire_new(signal_of(message), earlier, by, at)
    signal = signal_of(message)
    signal.incident = earlier
    signal.save(force_insert=True)
    recorder = Recorder(at)
    before = earlier.state
    recorder.event(
        earlier, "signal", f"It fires again: {signal.title}", detail={"signal": signal.pk}
    )
    _take_facts(earlier, message, recorder)
    finish(earlier, recorder, before=before)
    return Received(earlier, "joined")


def _fire_new(signal: Signal, earlier: Incident | None, by: User | None, at: datetime) -> Received:
    """A new episode. `earlier` is the ended incident of the one before, locked."""
    standby = Standby(at)
    keeper = Keeper(at, standby)
    if keeper.takes(signal):
        keeper.store()
        return Received(None, "kept")
    if earlier is not None and may_reopen(earlier, at):
        signal.incident = earlier
        signal.save(force_insert=True)
        reopen(earlier, at, "the same signal fires again within 30 minutes")
        return Received(earlier, "reopened")
    opened = open_incidents([signal], at=at, by=by, standby=standby)[0]
    if earlier is not None and not earlier.is_void:
        link_back(opened, earlier, at=at)
    return Received(opened, "opened")


def _kept(message: SignalMessage) -> Signal | None:
    """The open episode that a maintenance window keeps, locked."""
    rows = _episodes(message).filter(ended_at=None, incident=None)
    return rows.select_for_update(of=("self",)).select_related("kpi", "account").first()


def _fire_kept(signal: Signal, message: SignalMessage, by: User | None, at: datetime) -> Received:
    """Counted while its window lasts; opened by the first repeat after that."""
    signal.occurrences += 1
    signal.last_at = max(signal.last_at, message.received_at)
    signal.severity_hint = message.severity_hint or signal.severity_hint
    signal.facts, signal.anchors = signal.facts | message.facts, signal.anchors | message.anchors
    signal.save()
    standby = Standby(at)
    keeper = Keeper(at, standby)
    if keeper.takes(signal):
        keeper.store()
        return Received(None, "kept")
    opened = open_incidents([signal], at=at, by=by, promised_from=at, standby=standby)
    return Received(opened[0], "opened")


def _lock_episode(message: SignalMessage) -> Incident | None:
    """The incident of the open episode, locked; None without one.

    While we wait for the lock the episode may end, or move with a merge: then we look again.
    """
    open_ones = _episodes(message).filter(ended_at=None).values_list("incident_id", flat=True)
    number = open_ones.first()
    while number is not None:
        incident = lock_incident(number)
        if (now := open_ones.first()) == number:
            return incident
        number = now
    return None


def may_reopen(incident: Incident, at: datetime) -> bool:
    return (
        incident.state in ENDED
        and not incident.is_void
        and incident.resolved_at is not None
        and at - incident.resolved_at <= REOPEN_WITHIN
    )


def reopen(incident: Incident, at: datetime, reason: str) -> None:
    recorder = Recorder(at)
    before = incident.state
    recorder.event(incident, "reopened", "Reopened.", reason=reason)
    endings.settle_as_reopened(incident, recorder, by=None, reason=reason)
    finish(incident, recorder, before=before)


def signal_of(message: SignalMessage) -> Signal:
    """The episode a message would begin, unsaved: what a preview judges, and what is stored."""
    return new(
        Signal,
        source=message.source,
        dedup_key=message.dedup_key,
        title=message.title,
        body=message.body,
        severity_hint=message.severity_hint,
        account=message.account,
        product_area=message.product_area,
        category=message.category,
        facts=message.facts,
        anchors=message.anchors,
        first_at=message.received_at,
        last_at=message.received_at,
        received_at=message.received_at,
        arrived_by=message.arrived_by,
        seen_at=message.seen_at,
    )


def _join_open(message: SignalMessage, number: int | None, at: datetime) -> Incident | None:
    """Count the repeat; new facts or a worse hint may raise the severity, never lower it. None
    where the episode is over.

    While we wait for the lock the episode may end, or move with a merge: then we look again. Most
    repeats say nothing new: their incident is locked and not read.
    """
    source, key = message.source, message.dedup_key
    while number is not None:
        incident = hold_incident(number)
        episode = episodes.count_repeat(source, key, number, message.received_at)
        if episode is not None:
            return _join(message, episode, incident, at)
        now = episodes.latest(source, key)
        number = now.incident_id if now is not None and now.ended_at is None else None
    return None


def _join(message: SignalMessage, episode: Episode, incident: Incident, at: datetime) -> Incident:
    hint = message.severity_hint or episode.severity_hint
    anchors = {**episode.anchors, **message.anchors}
    hint_changed = hint != episode.severity_hint
    if hint_changed or anchors != episode.anchors:
        Signal.objects.filter(pk=episode.pk).update(severity_hint=hint, anchors=anchors)
    said_at = episodes.last_said(incident.number)
    is_told = said_at is not None and said_at > at - ONE_ENTRY_PER
    may_matter = hint_changed or message.anchors or news_of(incident, message.facts)
    if is_told and not may_matter:
        return incident
    incident = read_incident(incident.number)
    recorder = Recorder(at)
    before = incident.state
    if not is_told:
        recorder.event(
            incident, "signal", f"It fires again: {message.title}", detail={"signal": episode.pk}
        )
    has_news = _take_facts(incident, message, recorder, force=hint_changed)
    if has_news or not is_told:
        finish(incident, recorder, before=before)
    return incident


def _take_facts(
    incident: Incident, message: SignalMessage, recorder: Recorder, *, force: bool = False
) -> bool:
    changed = add_facts(
        incident,
        message.facts,
        source=message.source,
        at=message.received_at,
        received_at=recorder.at,
    )
    if changed:
        recorder.event(
            incident,
            "facts",
            f"New facts: {', '.join(changed)}.",
            detail={name: message.facts[name] for name in changed},
        )
    if changed or force or message.anchors:
        raise_if_worse(incident, recorder)
    return bool(changed) or force


def raise_if_worse(incident: Incident, recorder: Recorder) -> None:
    """Judge again on what is known now. A machine raises, only people lower."""
    verdict = judge_again(incident)
    incident.score_bp = verdict.decision.score_bp
    incident.explanation["decision"] = verdict.decision.as_json()
    if verdict.severity < incident.auto_severity:
        incident.auto_severity = verdict.severity
    if verdict.severity < incident.severity:
        apply_severity(
            incident,
            Severity(verdict.severity),
            recorder,
            by=None,
            reason=why_severity(verdict).partition(" because ")[2],
        )


def _end(message: SignalMessage, at: datetime) -> Received:
    """A resolve matches by identity alone; one that ends nothing is accepted and says so."""
    incident = _lock_episode(message)
    if incident is None:
        ended = {"ended_at": max(message.received_at, at), "last_at": message.received_at}
        if _episodes(message).filter(ended_at=None, incident=None).update(**ended):
            return Received(None, "resolved")  # kept by a window, and over before it
        last = _episodes(message).order_by("-ended_at").select_related("incident").first()
        return Received(last.incident if last else None, "nothing_open")
    _episodes(message).filter(ended_at=None).update(
        ended_at=max(message.received_at, at), last_at=message.received_at
    )
    end_by_source(incident, at, f"{message.source} says it is over.")
    return Received(incident, "resolved")


def end_by_source(incident: Incident, at: datetime, sentence: str) -> None:
    """A signal of a locked incident ended: resolve it, or tell its commander."""
    recorder = Recorder(at)
    before = incident.state
    if incident.state not in OPEN_STATES:
        return
    recorder.event(incident, "signal_ended", sentence)
    still_firing = incident.signals.filter(ended_at=None).exists()
    if not still_firing and incident.accepted_at is None:
        incident.resolution_code = "recovered"
        incident.cause_category = "unknown"
        incident.resolved_by_source = True
        recorder.event(
            incident,
            "resolved",
            "Resolved by its source: all its signals ended and nobody had accepted it.",
            reason="guards for people are waived by the source",
        )
        endings.settle_as_resolved(incident, recorder, by=None)
    elif not still_firing and incident.commander is not None:
        recorder.notice(
            incident,
            incident.commander,
            NoticeKind.NEWS,
            key=f"signals-ended:{incident.version}",
            headline="All signals ended",
            why="you own this incident: decide whether it is resolved.",
        )
    finish(incident, recorder, before=before)
