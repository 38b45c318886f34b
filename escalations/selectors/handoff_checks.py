"""What the house can see of an incident that changes hands."""

from __future__ import annotations

from dataclasses import dataclass

from escalations.models import Decision, Incident, TimelineEvent
from escalations.models.timeline import Visibility
from escalations.rules.handoff_checks import Check, Standing, checklist, criteria
from escalations.rules.situation import State

PLANS = ("mitigating", "playbook_started", "containment_proposed", "contained", "monitoring")
VERIFIED = "verified"


@dataclass(frozen=True, slots=True)
class HandoffChecks:
    checks: tuple[Check, ...]
    criteria: tuple[str, ...]


def handoff_checks(incident: Incident) -> HandoffChecks:
    """Three queries."""
    state = State(incident.state)
    clocks = list(incident.clocks.filter(run_state__in=("running", "paused")))
    rows = TimelineEvent.objects.filter(incident=incident)
    kinds = set(rows.order_by().values_list("kind", "visibility").distinct())
    said = {kind for kind, _ in kinds}
    standing = Standing(
        is_severity_sure=not incident.needs_severity_check,
        has_category=bool(incident.category),
        is_told=any(seen == Visibility.CUSTOMER for _, seen in kinds)
        if incident.account_id
        else None,
        is_verified=VERIFIED in said if incident.kpi_id else None,
        has_late_promise=any(clock.outcome == "missed" for clock in clocks),
        has_undated_wait=any(c.run_state == "paused" and not c.check_at for c in clocks),
        has_plan=not said.isdisjoint(PLANS),
        has_open_approval=Decision.objects.waiting().filter(incident=incident).exists(),
    )
    return HandoffChecks(checklist(state, standing), criteria(state))
