"""Opening incidents, one or a burst, in one set of inserts.

`open_incidents` takes a list of signals: decisions are made row by row in memory, everything is
written set-wise, and the statements do not grow with the list except for who is on call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects

from accounts.models import Team, User
from config.lib.rows import new
from config.lib.statements import insert, reserve
from escalations.models import Clock, ClockEvent, Fact, Incident, Responder, Signal
from escalations.models.incidents import Kind, Role
from escalations.models.notices import NoticeKind
from escalations.rules.exceptions import Bend
from escalations.rules.policy import ClockKind, LadderStart, Severity
from escalations.rules.routing import Candidate, Choice, choose
from escalations.rules.scoring import Input
from escalations.rules.sorting import Sorted
from escalations.rules.thresholds import KpiStateName
from escalations.selectors.decisions import Known, Verdict, decide, why_severity
from escalations.selectors.exceptions import bends_from
from escalations.selectors.ladders import roster_codes
from escalations.selectors.policies import policy_doc, team_id, version_for, versions_in_force
from escalations.selectors.routing import candidates
from escalations.selectors.standby import Standby
from escalations.services import arrivals, storms
from escalations.services.clocks import (
    insert_clocks,
    new_clock,
    refresh_queue_fields,
    say_exception,
)
from escalations.services.ladders import start_runs
from escalations.services.recorder import Recorder


@dataclass(slots=True)
class _Opening:
    signal: Signal
    verdict: Verdict
    team: Team | None
    choice: Choice | None
    incident: Incident
    sorted: Sorted | None


def known_of(signal: Signal) -> Known:
    """What one signal says, every value with its source and time."""

    def inputs(values: dict[str, Any]) -> dict[str, Input]:
        return {
            name: Input(value, signal.source, signal.first_at)
            for name, value in values.items()
            if value is not None
        }

    if signal.kpi_id:
        kind = Kind.KPI
    elif signal.account_id:
        kind = Kind.CUSTOMER
    else:
        kind = Kind.OPERATIONS
    return Known(
        kind=kind.value,
        source=signal.source,
        at=signal.received_at,
        account=signal.account,
        product_area=signal.product_area,
        category=signal.category,
        kpi_code=signal.kpi.code if signal.kpi else "",
        segment=signal.segment,
        severity_hint=signal.severity_hint,
        declared=Severity(signal.declared_severity) if signal.declared_severity else None,
        facts=inputs(signal.facts),
        anchors=inputs(signal.anchors),
    )


def open_incidents(
    signals: Sequence[Signal],
    *,
    at: datetime,
    by: User | None = None,
    promised_from: datetime | None = None,
    standby: Standby | None = None,
) -> list[Incident]:
    """Open one incident per signal: decided, owned, timed, paged and told.

    Inside the caller's transaction; the signals have no incident, and those that are not saved
    yet are inserted here. Nobody is dropped: without anyone on call the incident opens without an
    owner and the ladder's fallback is paged. `promised_from`: no promise counts from before, also
    where the signal was received earlier. `standby` is what the caller read for this change.
    """
    recorder = Recorder(at, standby)
    in_force = versions_in_force(recorder.standby.kept)
    read_kpi_people(signals)
    pools: dict[int, list[Candidate]] = {}
    decided = []
    for signal in signals:
        version = version_for(signal.product_area, in_force)
        known, found = arrivals.sorted_known(signal, known_of(signal), policy_doc(version.pk))
        decided.append((signal, known, decide(version, known), found))
    routed = [_team_id(signal, verdict) for signal, _, verdict, _ in decided]
    teams = recorder.standby.teams(pk for pk in routed if pk is not None)
    openings = []
    for (signal, known, verdict, found), pk in zip(decided, routed, strict=True):
        team = teams[pk] if pk is not None else None
        choice = _steward(signal) or _choose(verdict, team, pools, recorder.standby)
        incident = _incident(signal, known, verdict, team, at, by)
        openings.append(_Opening(signal, verdict, team, choice, incident, found))
    people = recorder.standby.people({int(o.choice.person) for o in openings if o.choice})
    for opening in openings:
        _explain(opening, people)
    bends = bends_from(recorder.standby.kept)
    clocks = _clocks(openings, recorder.standby, promised_from, bends)
    opened = [opening.incident for opening in openings]
    for incident, number in zip(opened, reserve(Incident, len(opened)), strict=True):
        incident.number = number
    recorder.begins(opened)
    firsts = storms.gather(opened, recorder)
    insert(opened)
    _store_surroundings(openings, at)
    insert_clocks(clocks)
    _tell(openings, recorder, by)
    for clock, _ in clocks if bends else ():
        say_exception(clock, bends, recorder)
    recorder.write()
    storms.raise_parents(opened, firsts, at)
    return opened


def read_kpi_people(signals: Sequence[Signal]) -> None:
    """Have owners and stewards of the signals' KPIs at hand: one query each."""
    prefetch_related_objects([s.kpi for s in signals if s.kpi], "owner", "steward")


def _team_id(signal: Signal, verdict: Verdict) -> int | None:
    """A KPI with a team of its own goes there; everything else where the rule says."""
    return (signal.kpi.team_id if signal.kpi else None) or team_id(verdict.route.rule.team)


# The data is in question, not the business: the steward is asked, the owner is left alone.
DATA_IN_QUESTION = frozenset({KpiStateName.SUSPECT.value, KpiStateName.NO_DATA.value})


def _steward(signal: Signal) -> Choice | None:
    steward = signal.kpi.steward if signal.kpi else None
    if signal.kpi_state not in DATA_IN_QUESTION or steward is None or not steward.is_reachable:
        return None
    return Choice(steward.pk, "the data steward of this KPI")


def _choose(
    verdict: Verdict, team: Team | None, pools: dict[int, list[Candidate]], standby: Standby
) -> Choice | None:
    """The least loaded person on call; each choice counts for the next one of the burst."""
    if team is None:
        return None
    at = standby.at
    if team.pk not in pools:
        ladder = verdict.doc.ladders.get(verdict.ladder or "")
        next_asked = roster_codes(ladder.levels[0].targets) if ladder else []
        pools[team.pk] = candidates(team.pk, at, standby, also=next_asked)
    choice = choose(pools[team.pk], at, skill=verdict.route.rule.skill)
    if choice is not None:
        pools[team.pk] = [
            _loaded(each, verdict.severity, at) if each.person == choice.person else each
            for each in pools[team.pk]
        ]
    return choice


def _loaded(candidate: Candidate, severity: Severity, at: datetime) -> Candidate:
    loads = dict(candidate.open_by_severity)
    loads[severity] = loads.get(severity, 0) + 1
    return replace(candidate, open_by_severity=loads, last_assigned_at=at)


def _incident(
    signal: Signal,
    known: Known,
    verdict: Verdict,
    team: Team | None,
    at: datetime,
    by: User | None,
) -> Incident:
    is_kpi = signal.kpi_id is not None
    return new(
        Incident,
        kind=known.kind,
        title=signal.title,
        body=signal.body,
        severity=verdict.severity,
        auto_severity=verdict.severity,
        needs_severity_check=verdict.decision.check_severity and known.declared is None,
        score_bp=verdict.decision.score_bp,
        priority_bp=verdict.priority_bp,
        policy_version=verdict.version,
        source=signal.source,
        dedup_key=signal.dedup_key,
        kpi=signal.kpi,
        segment=signal.segment,
        channel=signal.channel,
        period_start=signal.first_at if is_kpi else None,
        period_end=signal.period_end if is_kpi else None,
        account=signal.account,
        product_area=signal.product_area,
        category=known.category,
        team=team,
        received_at=signal.received_at,
        opened_at=at,
        opened_by=by,
        classified_at=at,
        updated_at=at,
        drill_id=signal.drill_id,
    )


def _explain(opening: _Opening, people: dict[int, User]) -> None:
    incident, verdict, choice = opening.incident, opening.verdict, opening.choice
    owner = people.get(int(choice.person)) if choice else None
    incident.commander = owner
    team = opening.team.name if opening.team else "no team"
    reason = f"on call for {team} with the lightest load"
    if choice and opening.signal.kpi_state in DATA_IN_QUESTION and opening.signal.kpi:
        if choice.person == opening.signal.kpi.steward_id:
            reason = "the data steward of this KPI"
    you = (
        f"{owner} because of being {reason}"
        if owner
        else f"nobody yet because nobody of {team} is on call"
    )
    incident.explanation = {
        "policy": verdict.doc.label,
        "policy_version": verdict.version.pk,
        "decision": verdict.decision.as_json(),
        "route": verdict.route.as_json(),
        "ladder": verdict.route.rule.ladder or "",
        "owner": {
            "person": owner.username if owner else None,
            "why": choice.why if choice else f"Nobody of {team} is on call and reachable.",
        },
        "why_severity": why_severity(verdict),
        "why_owner": you,
    }
    if arrival := arrivals.explained_arrival(opening.signal, verdict.doc):
        incident.explanation["arrival"] = arrival
    if opening.sorted is not None:
        incident.explanation["category"] = opening.sorted.as_json()
        incident.sorting_confidence = (
            opening.sorted.confidence if opening.sorted.is_in_doubt else None
        )


def why_sentence(incident: Incident) -> str:
    """Why this, why you, why now: the first thing on the page and in every mail."""
    said = incident.explanation
    due = incident.next_due_at
    now = f"now because the next deadline is {due:%d %b %H:%M} UTC" if due else "no deadline runs"
    return f"{said.get('why_severity', '')}; {said.get('why_owner', '')}; {now}."


def _store_surroundings(openings: list[_Opening], at: datetime) -> None:
    facts = [
        new(
            Fact,
            incident=o.incident,
            name=name,
            value=value,
            source=o.signal.source,
            at=o.signal.first_at,
            received_at=o.signal.received_at,
        )
        for o in openings
        for name, value in o.signal.facts.items()
        if value is not None
    ]
    insert(facts, with_keys=False)
    owners = [
        new(
            Responder,
            incident=o.incident,
            role=Role.COMMANDER,
            user=o.incident.commander,
            assigned_at=at,
        )
        for o in openings
        if o.incident.commander
    ]
    insert(owners, with_keys=False)
    for opening in openings:
        opening.signal.incident = opening.incident
    stored = [o.signal for o in openings if o.signal.pk is not None]
    insert(o.signal for o in openings if o.signal.pk is None)
    if stored:
        Signal.objects.bulk_update(stored, ["incident"], batch_size=500)


def _clocks(
    openings: list[_Opening],
    standby: Standby,
    promised_from: datetime | None,
    bends: Sequence[Bend],
) -> list[tuple[Clock, ClockEvent]]:
    """The promises of each, unsaved as the incidents are, and what the queue repeats of them."""
    pairs: list[tuple[Clock, ClockEvent]] = []
    at, known = standby.at, standby.calendar_versions
    for opening in openings:
        incident = opening.incident
        start = arrivals.promised_from(opening.signal, opening.verdict.doc)
        received = max(filter(None, (start, promised_from)))
        mine = [
            pair
            for kind, start in (
                (ClockKind.RESPONSE, received),
                (ClockKind.RESTORE, at),
                (ClockKind.RESOLUTION, received),
                (ClockKind.CADENCE, at),
            )
            if (
                pair := new_clock(
                    incident,
                    kind,
                    opening.verdict.doc,
                    started_at=start,
                    at=at,
                    known=known,
                    bends=bends,
                )
            )
        ]
        pairs += mine
        refresh_queue_fields(incident, [clock for clock, _ in mine])
        incident.explanation["why"] = why_sentence(incident)
    return pairs


def _tell(openings: list[_Opening], recorder: Recorder, by: User | None) -> None:
    for opening in openings:
        _tell_story(opening, recorder, by)
    climbing = [
        opening.incident
        for opening in openings
        if opening.incident.held_by_id is None
        and opening.verdict.doc.severities[Severity(opening.incident.severity)].ladder_start
        is LadderStart.AT_ONCE
    ]
    start_runs(climbing, recorder)
    for opening in openings:
        _tell_people(opening, recorder)


def _tell_story(opening: _Opening, recorder: Recorder, by: User | None) -> None:
    incident, signal = opening.incident, opening.signal
    said = incident.explanation
    recorder.event(
        incident,
        "opened",
        f"Opened from {signal.source}: {signal.title}",
        by=by,
        at=incident.received_at,
        detail={"signal": signal.pk, "dedup_key": signal.dedup_key},
    )
    rule = opening.verdict.route.rule
    if signal.window_id:
        recorder.event(
            incident,
            "kept",
            "A maintenance window kept it until now: promises count from here.",
            detail={"window": signal.window_id},
        )
    if signal.kept_by_id:
        recorder.event(
            incident,
            "kept",
            "A pause of automation kept it until now.",
            detail={"pause": signal.kept_by_id},
        )
    arrivals.tell_arrival(incident, recorder)
    arrivals.tell_sorting(incident, opening.sorted, opening.verdict.doc, recorder)
    recorder.event(
        incident,
        "decided",
        f"Severity {Severity(incident.severity).label}, score {incident.score_bp / 100:.2f}.",
        reason=said["why_severity"],
        detail={"policy": said["policy"], "rule": rule.name, "position": rule.position},
    )
    if incident.commander is not None:
        recorder.event(
            incident,
            "assigned",
            f"{incident.commander} is asked to take it.",
            reason=said["owner"]["why"],
            detail={"policy": said["policy"], "rule": rule.name},
        )
    else:
        recorder.event(incident, "no_owner", "No owner.", reason=said["owner"]["why"])


def _tell_people(opening: _Opening, recorder: Recorder) -> None:
    incident, signal = opening.incident, opening.signal
    if incident.commander is not None and not recorder.has_notice_for(incident, incident.commander):
        recorder.notice(
            incident,
            incident.commander,
            NoticeKind.ASSIGNED,
            key="assigned",
            headline="Please acknowledge",
            why=f"you are asked to own this: {incident.explanation['owner']['why']}",
        )
    if incident.kpi is not None:
        people = {"owner": incident.kpi.owner, "data steward": incident.kpi.steward}
        if signal.kpi_state in DATA_IN_QUESTION:
            del people["owner"]
        for role, person in people.items():
            if person is not None:
                recorder.notice(
                    incident,
                    person,
                    NoticeKind.KPI,
                    key=f"kpi-{role}",
                    headline="Verify the data" if role == "owner" else "Data in question",
                    why=f"you are the {role} of KPI {incident.kpi.name}.",
                )
