"""How the demo company remedies a KPI: the owner verifies the data, a playbook runs with another's
approval, and the figures of the next days decide."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import User
from escalations.demo.incidents import Incidents
from escalations.demo.stage import minutes
from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.selectors.playbooks import proposals
from escalations.services.moves import perform
from escalations.services.playbooks import (
    approve_run,
    approve_step,
    finish_run,
    finish_step,
    start,
)
from playbooks.models import PlaybookRun, StepRun
from playbooks.models.runs import RunState


def remedy(crowd: Incidents, incident: Incident, at: datetime) -> None:
    """Planned from the moment the incident opened."""
    number, who = incident.number, "kpi-owner"
    crowd.do(number, at + minutes(9), Verb.ACKNOWLEDGE, who)
    if incident.kpi is not None and incident.kpi.code == "refund-rate":
        crowd.do(
            number,
            at + minutes(50),
            Verb.VERIFY,
            who,
            outcome="inconclusive",
            evidence="The shop says 2.2 %, the ledger 1.4 %.",
            fallback="Hold large refunds for a second look until the ledger is closed.",
        )
        return
    proof = "Two sources agree within one per cent."
    crowd.do(number, at + minutes(24), Verb.VERIFY, who, outcome="confirmed", evidence=proof)
    _run_playbook(crowd, incident, at + minutes(30))
    crowd.do(number, at + minutes(40), Verb.MITIGATE, who, plan="Undo the change of last night.")
    crowd.do(number, at + minutes(95), Verb.PROPOSE_CONTAIN, who, evidence="The curve turned.")
    if incident.severity <= 2:
        crowd.do(number, at + minutes(105), Verb.CONFIRM_CONTAIN, "senior")
    crowd.do(number, at + minutes(110), Verb.MONITOR, who)
    crowd.keep_told(number, at, who, until=290, every=55)

    def resolve(now: datetime) -> None:
        found = Incident.objects.get(pk=number)
        if not found.is_open:
            return
        given = {
            "resolution_code": "recovered",
            "cause_category": "change",
            "final_update": "The figures are back in their target.",
            "waiver": "The cause is gone; the figures of tonight will show it.",
        }
        perform(number, Verb.RESOLVE, given, by=crowd.people[who], at=now)

    crowd.stage.plan(at + timedelta(hours=5), resolve)


def _run_playbook(crowd: Incidents, incident: Incident, at: datetime) -> None:
    """The first playbook that proposes itself runs: asked for, approved by another, worked off."""

    def begin(now: datetime) -> None:
        fitting = proposals(Incident.objects.get(pk=incident.number))
        if not fitting:
            return
        owner, other = crowd.people["kpi-owner"], crowd.people["duty"]
        run = start(fitting[0].code, {}, by=owner, at=now, incident=incident.number)
        crowd.stage.plan(now + minutes(4), lambda at: _approve(run.pk, other, at))
        crowd.stage.plan(now + minutes(8), lambda at: _work_off(crowd, run.pk, at))

    crowd.stage.plan(at, begin)


def _approve(pk: int, by: User, at: datetime) -> None:
    run = PlaybookRun.objects.get(pk=pk)
    if run.state == RunState.WAITING_APPROVAL:
        approve_run(pk, by=by, at=at)


def _work_off(crowd: Incidents, pk: int, at: datetime) -> None:
    """One step now, the next in a while; at the end the outcome."""
    owner, other = crowd.people["kpi-owner"], crowd.people["duty"]
    step = StepRun.objects.filter(run=pk, run__state=RunState.RUNNING, state="active").first()
    if step is not None:
        if step.step.needs_approval and step.approved_at is None:
            approve_step(pk, step.position, by=other, at=at)
        finish_step(pk, step.position, by=owner, at=at, note="Done as written.")
        crowd.stage.plan(at + minutes(9), lambda now: _work_off(crowd, pk, now))
    elif PlaybookRun.objects.filter(pk=pk, state=RunState.RUNNING).exists():
        finish_run(pk, "worked", by=owner, at=at, note="The figures came back the same day.")


def under_way(crowd: Incidents, code: str, incident: Incident, at: datetime) -> None:
    """A playbook that runs at this moment: its first step is done, its second is in hand."""
    owner = crowd.people["agent"]

    def begin(now: datetime) -> None:
        run = start(code, {}, by=owner, at=now, incident=incident.number)
        crowd.stage.plan(now + minutes(3), lambda at: _approve(run.pk, crowd.people["duty"], at))
        crowd.stage.plan(now + minutes(12), lambda at: _first_step(run.pk, owner, at))

    crowd.stage.plan(at, begin)


def _first_step(pk: int, by: User, at: datetime) -> None:
    finish_step(pk, 1, by=by, at=at, note="They confirm the fault and give no time yet.")
