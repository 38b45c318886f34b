"""The one mover: every verb of a person on an incident goes through `perform`.

Lock, check the expected version, ask every guard, let the verb's effect write, bump the version,
refresh what the queue reads, save, write timeline and notices: one transaction, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed
from escalations.models import Clock, Incident, IncidentPlaybook, KpiState, TimelineEvent
from escalations.models.timeline import Visibility
from escalations.rules.clock_events import RunState
from escalations.rules.lifecycle import (
    MOVES,
    OPEN_STATES,
    Situation,
    State,
    Verb,
    allowed,
    unmet,
)
from escalations.rules.policy import Severity
from escalations.services.change import Change
from escalations.services.clocks import refresh_queue_fields
from escalations.services.effects import EFFECTS
from escalations.services.incidents import why_sentence
from escalations.services.locks import lock_incident
from escalations.services.recorder import Recorder
from escalations.services.reviews import standing_of

RESPONDING = frozenset({Verb.CLAIM, Verb.ACKNOWLEDGE})


def perform(
    number: int,
    verb: Verb,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> Incident:
    """Do one verb. `given` holds validated fields of `rules.verbs.FIELDS`.

    Raises DomainError: 404 `not_found`, 409 `stale_version`, `already_claimed`,
    `already_acknowledged`, `illegal_move` (with `allowed` and every `unmet` guard).
    """
    with transaction.atomic():
        incident = lock(number, by)
        if expected_version is not None and expected_version != incident.version:
            raise Conflict(
                "stale_version",
                f"{incident.key} changed meanwhile: it is at version {incident.version}, you saw "
                f"{expected_version}. Read it again.",
                version=incident.version,
            )
        rights = rights_of(by)
        if verb in RESPONDING and incident.state in OPEN_STATES and _is_taken(incident, by, given):
            word = "claimed" if verb is Verb.CLAIM else "acknowledged"
            raise Conflict(
                f"already_{word}",
                f"{incident.commander} has {incident.key} already. Take it over on purpose with "
                "take_over.",
                commander=incident.commander.username if incident.commander else None,
            )
        situation = situation_of(incident, by, rights, given, at)
        failed = unmet(verb, situation)
        if failed:
            raise _refusal(incident, verb, failed, rights)
        recorder = Recorder(at)
        before = incident.state
        incident._history_user = by
        EFFECTS[verb](Change(incident, situation, by, recorder))
        finish(incident, recorder, before=before)
    return incident


def lock(number: int, by: User) -> Incident:
    """The incident under lock, if this person may see it; else 404, which tells nothing."""
    if not Incident.objects.visible_to(by).filter(pk=number).exists():
        raise DomainError("not_found", f"There is no incident {number}.", status=404)
    return lock_incident(number)


def finish(incident: Incident, recorder: Recorder, *, before: str) -> None:
    """The end of every change of an incident, by people or machine."""
    target = incident.state
    if target != before:
        recorder.event(
            incident,
            "state",
            f"{State(before).name.capitalize()} to {State(target).name.lower()}.",
            detail={"from": before, "to": target},
        )
    incident.version += 1
    incident.updated_at = recorder.at
    refresh_queue_fields(incident)
    incident.explanation["why"] = why_sentence(incident)
    # The history is for auditors and holds people's and rules' changes, not every sweep. Openings
    # are inserted in bulk (signals come in bursts) and have no row there: the timeline has them.
    if not incident.is_recorded_change:
        incident.skip_history_when_saving = True
    incident._history_date = recorder.at
    incident._change_reason = recorder.why(incident)
    incident.save()
    if hasattr(incident, "skip_history_when_saving"):
        del incident.skip_history_when_saving
    recorder.write()


def _is_taken(incident: Incident, by: User, given: Mapping[str, Any]) -> bool:
    """Somebody else accepted it and this is no deliberate take-over."""
    return (
        incident.accepted_at is not None
        and incident.commander_id != by.pk
        and not given.get("take_over")
    )


def _refusal(incident: Incident, verb: Verb, failed: list, rights: frozenset[str]) -> DomainError:
    missing = [each for each in failed if each.code == "missing_right"]
    if missing and len(failed) == 1:
        return NotAllowed("missing_right", missing[0].detail)
    return Conflict(
        "illegal_move",
        f"{incident.key} cannot {verb.value} now: " + " ".join(each.detail for each in failed),
        state=incident.state,
        allowed=allowed(incident.state, rights),
        unmet=[each.as_json() for each in failed],
        errors=[
            {"field": each.field, "code": each.code, "detail": each.detail}
            for each in failed
            if each.field
        ],
    )


def situation_of(
    incident: Incident, by: User, rights: frozenset[str], given: Mapping[str, Any], at: datetime
) -> Situation:
    """Everything a guard may ask, read once."""
    kpi = incident.kpi
    kpi_state = ""
    if kpi is not None:
        kpi_state = (
            KpiState.objects.filter(kpi=kpi, segment=incident.segment)
            .values_list("state", flat=True)
            .first()
            or ""
        )
    since = incident.contained_at or incident.opened_at
    has_update = (
        incident.state in (State.MITIGATING, State.CONTAINED, State.MONITORING)
        and TimelineEvent.objects.filter(
            incident=incident, visibility=Visibility.CUSTOMER, recorded_at__gte=since
        ).exists()
        and (incident.contained_at is not None or incident.severity > Severity.S2)
    )
    paused = Clock.objects.filter(incident=incident, run_state=RunState.PAUSED.value).exists()
    has_playbook = (
        incident.state in MOVES[Verb.MITIGATE].sources
        and IncidentPlaybook.objects.filter(incident=incident, run__state="running").exists()
    )
    return Situation(
        state=State(incident.state),
        severity=Severity(incident.severity),
        at=at,
        rights=rights,
        given=given,
        is_kpi=kpi is not None,
        kpi_state=kpi_state,
        is_commander=incident.commander_id == by.pk and incident.accepted_at is not None,
        is_kpi_owner=kpi is not None and kpi.owner_id == by.pk,
        is_steward=kpi is not None and kpi.steward_id == by.pk,
        has_steward=kpi is not None and kpi.steward_id is not None,
        verification=incident.verification,
        has_category=bool(incident.category),
        has_team=incident.team_id is not None,
        has_account=incident.account_id is not None,
        is_containment_proposed=incident.containment_proposed_at is not None,
        has_playbook=has_playbook,
        waits=frozenset({"wait"}) if paused else frozenset(),
        has_update_since_containment=has_update,
        closed_at=incident.closed_at,
        review=standing_of(incident).value if _asks_review(incident) else "",
    )


def _asks_review(incident: Incident) -> bool:
    return incident.state == State.RESOLVED and incident.severity <= Severity.S2
