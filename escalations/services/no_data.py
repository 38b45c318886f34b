"""When readings stop: the timer of a live KPI runs out (SEMANTICS 5.1, missing data)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from escalations.models import KpiFlip, KpiState
from escalations.rules.thresholds import KpiStateName, MissingPolicy
from escalations.selectors.kpis import silence_allowed, version_at, versions_of
from escalations.services import thresholds
from escalations.services.kpi_verdicts import Verdict

# What a KPI shows once all of its M points are missing. `hold` has held until here.
SHOWN = {
    MissingPolicy.HOLD: KpiStateName.NO_DATA,
    MissingPolicy.NO_DATA: KpiStateName.NO_DATA,
    MissingPolicy.BREACHING: KpiStateName.BREACH,
    MissingPolicy.OK: KpiStateName.OK,
}


def settle_no_data(state: KpiState, at: datetime) -> bool:
    """Let the missing policy speak for one overdue state; False when it is no longer due.

    The flip is dated when the timer ran out, not when we noticed. The next reading leaves again.
    """
    with transaction.atomic():
        state = KpiState.objects.select_for_update().select_related(None).get(pk=state.pk)
        due_at = state.no_data_due_at
        if due_at is None or due_at > at:
            return False
        if state.state == KpiStateName.SUSPECT and state.suspect_at is not None:
            # Frozen: ask again later, so that the timer outlives the doubt.
            standing = versions_of([state.kpi_id])[state.kpi_id]
            state.no_data_due_at = at + silence_allowed(state.kpi.grain_s, version_at(standing, at))
            state.save(update_fields=["no_data_due_at"])
            return False
        state.no_data_due_at = None
        if state.dirty_from is not None:  # what did come in is judged first
            thresholds.judge_state(state, at)
        versions = versions_of([state.kpi_id]).get(state.kpi_id)
        if not state.kpi.is_active or not versions:
            state.save(update_fields=["no_data_due_at"])
            return False
        version = version_at(versions, due_at)
        shown = SHOWN[MissingPolicy(version.missing)]
        if shown != state.state:
            flip = KpiFlip(
                kpi_id=state.kpi_id,
                segment=state.segment,
                at=max(due_at, state.since_at or due_at),
                recorded_at=at,
                from_state=state.state,
                to_state=shown.value,
                threshold=version,
            )
            flip.save()
            state.state, state.since_at = shown, flip.at
            verdict = Verdict(state, new=[flip])
            thresholds.flips_to_signals([verdict], {state.kpi_id: state.kpi}, at=at)
        state.save(update_fields=["no_data_due_at", "state", "since_at"])
    return True


def settle_no_data_of(pk: int, at: datetime) -> bool:
    """The sweep's form: one row by its id."""
    return settle_no_data(KpiState.objects.get(pk=pk), at)
