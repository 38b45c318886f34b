"""The one mover: every verb of a person on an incident goes through `perform`.

Lock, check the expected version, ask every guard, let the verb's effect write, bump the version,
refresh what the queue reads, save, write timeline and notices: one transaction, all or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Membership, User
from accounts.selectors.people import rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed
from escalations.models import (
    Clock,
    Handoff,
    Incident,
    IncidentPlaybook,
    KpiState,
    LadderRun,
    Merge,
    TimelineEvent,
)
from escalations.models.ladders import LIVE
from escalations.models.timeline import Visibility
from escalations.rules.clock_events import RunState
from escalations.rules.lifecycle import (
    MOVES,
    OPEN_STATES,
    UNANSWERED,
    Situation,
    State,
    Verb,
    allowed,
    unmet,
)
from escalations.rules.policy import Severity
from escalations.services import ladders
from escalations.services.change import Change
from escalations.services.effects import EFFECTS
from escalations.services.finishing import finish
from escalations.services.locks import lock_incident, lock_incidents
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
        incident = lock(number, by, also=_other(number, verb, given))
        if expected_version is not None and expected_version != incident.version:
            raise Conflict(
                "stale_version",
                f"{incident.key} changed meanwhile: it is at version {incident.version}, you saw "
                f"{expected_version}. Read it again.",
                version=incident.version,
            )
        rights = rights_of(by)
        is_deliberate = given.get("take_over") or "respond_incident" not in rights
        if verb is Verb.ACKNOWLEDGE and incident.state in UNANSWERED and not is_deliberate:
            ladders.refuse_stranger(incident, by, at)
        is_asked = verb in RESPONDING and incident.state in OPEN_STATES
        if is_asked and "respond_incident" in rights and _is_taken(incident, by, given):
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


def lock(number: int, by: User, *, also: int | None = None) -> Incident:
    """The incident under lock, if this person may see it; else 404, which tells nothing.

    `also` is a second incident that the same change writes to.
    """
    if not Incident.objects.visible_to(by).filter(pk=number).exists():
        raise DomainError("not_found", f"There is no incident {number}.", status=404)
    if also is not None:
        lock_incidents(number, also)
    return lock_incident(number)


def _other(number: int, verb: Verb, given: Mapping[str, Any]) -> int | None:
    """The second incident of a verb that concerns two."""
    if verb is Verb.UNMERGE:
        return Incident.objects.values_list("merged_into", flat=True).filter(pk=number).first()
    return given.get({Verb.MERGE: "into", Verb.LINK: "to", Verb.UNLINK: "to"}.get(verb, ""))


def _is_taken(incident: Incident, by: User, given: Mapping[str, Any]) -> bool:
    """Somebody else accepted it and this is no deliberate take-over."""
    return (
        incident.accepted_at is not None
        and incident.commander_id != by.pk
        and not given.get("take_over")
        and not ladders.awaits(incident, by)
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
        has_ladder=LadderRun.objects.filter(
            incident=incident, state__in=LIVE, next_step_at__isnull=False
        ).exists(),
        review=standing_of(incident).value if _asks_review(incident) else "",
        keep_owner_until=incident.keep_owner_until,
        is_ping_pong=incident.ping_pong_at is not None,
        **_handoff(incident, by),
        **_merge(incident, by, given),
    )


def _handoff(incident: Incident, by: User) -> dict[str, Any]:
    """The hand-off that waits, and what this person has to do with it."""
    if incident.state not in OPEN_STATES:
        return {}
    found = (
        Handoff.objects.pending()
        .filter(incident=incident)
        .select_related("to_user", "to_team")
        .first()
    )
    if found is None:
        return {}
    word = "asked"
    if found.from_user_id == by.pk:
        word = "asked_by_me"
    if found.to_user_id == by.pk or (
        found.to_user_id is None
        and Membership.objects.filter(team=found.to_team_id, user=by, valid_to=None).exists()
    ):
        word = "asked_of_me"
    return {"handoff": word, "handoff_to": found.receiver}


def _merge(incident: Incident, by: User, given: Mapping[str, Any]) -> dict[str, Any]:
    if incident.state == State.MERGED:
        merge = Merge.objects.filter(incident=incident, undone_at=None).first()
        return {"merged_at": merge.merged_at if merge else None}
    into = given.get("into")
    if not into:
        return {}
    row = Incident.objects.visible_to(by).filter(pk=into, drill=incident.drill_id)
    found = row.values_list("state", "severity").first()
    if found is None:
        return {}
    return {
        "into_state": found[0],
        "into_severity": Severity(found[1]),
        "is_into_itself": into == incident.number,
    }


def _asks_review(incident: Incident) -> bool:
    return incident.state == State.RESOLVED and incident.severity <= Severity.S2
