"""Settling one row of each kind of timer. Every function locks in the house's order (incident,
clock, ladder run), looks again whether the row is still due, and does everything or nothing."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Model

from escalations.models import LadderRun
from escalations.rules.lifecycle import OPEN_STATES, State
from escalations.rules.policy import Severity
from escalations.rules.reviews import Standing
from escalations.services import breaches, ladder_silence, ladder_waits
from escalations.services.automation_keeping import forget, keep_look, keep_step
from escalations.services.ladders import SETTLED
from escalations.services.locks import lock_clock, lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder
from escalations.services.reviews import standing_of


def settle_clock(pk: int, at: datetime) -> bool:
    """A warning, a breach or a missed update; a breach climbs (SEMANTICS 2.2.6)."""
    clock = lock_clock(pk)
    if clock.next_wake_at is None or clock.next_wake_at > at:
        return False
    incident = clock.incident
    recorder, before = Recorder(at), incident.state
    breaches.settle(clock, incident, recorder)
    finish(incident, recorder, before=before)
    return True


def settle_ladder(pk: int, at: datetime) -> bool:
    number = LadderRun.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    run = LadderRun.objects.select_for_update().get(pk=pk)
    if run.next_step_at is None or run.next_step_at > at:
        return False
    run.incident = incident
    recorder, before = Recorder(at), incident.state
    if incident.state not in OPEN_STATES:
        run.state, run.next_step_at, run.ended_at = "cancelled", None, at
        forget(run)
        run.save()
        return True
    is_resting = run.state == "halted" and incident.state in SETTLED
    if not is_resting and (pause := recorder.pauses.of_run(run, incident)):
        keep_step(run, incident, pause, recorder)
        run.save()
    else:
        ladder_silence.settle_run(run, at, recorder)
    finish(incident, recorder, before=before)
    return True


def settle_look(pk: int, at: datetime) -> bool:
    """Did a roster change hands during the wait, or were all pages of the level lost?"""
    number = LadderRun.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    run = LadderRun.objects.select_for_update().get(pk=pk)
    if run.look_at is None or run.look_at > at:
        return False
    run.incident = incident
    recorder, before = Recorder(at), incident.state
    if run.state == "active" and (pause := recorder.pauses.of_run(run, incident)):
        keep_look(run, pause)
        run.save()
        return True
    if ladder_waits.look(run, incident, recorder):
        finish(incident, recorder, before=before)
    return True


def settle_close(pk: int, at: datetime) -> bool:
    """Resolved and quiet for 72 hours: closed. An S1 or S2 waits for its review as well."""
    incident = lock_incident(pk)
    if incident.close_due_at is None or incident.close_due_at > at:
        return False
    recorder, before = Recorder(at), incident.state
    incident.close_due_at = None
    is_free = incident.severity > Severity.S2 or standing_of(incident) is Standing.DONE
    if incident.state == State.RESOLVED and is_free:
        incident.state = State.CLOSED
        incident.closed_at = at
        recorder.event(incident, "closed", "Closed after 72 quiet hours.")
    finish(incident, recorder, before=before)
    return True


def park(
    model: type[Model],
    pk: int,
    field: str,
    until: datetime,
    error: str,
) -> None:
    """A row whose settling raises is pushed an hour ahead and shows why: it blocks nobody."""
    values: dict[str, object] = {field: until}
    if _says_why(model):
        values["parked_error"] = error[:300]
    model._default_manager.filter(pk=pk).update(**values)


def unpark(model: type[Model], pk: int) -> None:
    """It went well this time."""
    if _says_why(model):
        parked = model._default_manager.filter(pk=pk).exclude(parked_error="")
        parked.update(parked_error="")


def _says_why(model: type[Model]) -> bool:
    return any(field.name == "parked_error" for field in model._meta.get_fields())
