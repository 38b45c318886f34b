"""What a lasting pause of automation keeps, and how it goes on afterwards.

A run that is kept wakes at the end of its pause whatever happens to the pause itself: nothing has
to be remembered for it. What it would have done stands beside: when its step was due, and whether
a breach waits as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalations.models import AutomationPause, Incident, LadderRun, Signal
from escalations.rules.automation import Pause, last_to_end
from escalations.selectors.automation import pauses_from
from escalations.selectors.policies import version_for, versions_in_force
from escalations.selectors.standby import Standby

if TYPE_CHECKING:
    from escalations.services.recorder import Recorder

KEPT_FIELDS = ("next_step_at", "look_at", "kept_by", "kept_due_at", "kept_jump")


class Pauses:
    """Those that last, for one change. Nothing is asked where there are none."""

    def __init__(self, standby: Standby) -> None:
        self._standby = standby
        self._lasting: list[Pause] | None = None
        self._lasts: dict[int, bool] = {}

    @property
    def lasting(self) -> list[Pause]:
        if self._lasting is None:
            at = self._standby.at
            found = pauses_from(self._standby.kept)
            self._lasting = [pause for pause in found if pause.lasts(at)]
        return self._lasting

    def of_run(self, run: LadderRun, incident: Incident) -> Pause | None:
        """The pause that keeps the next step of this run."""
        if not self.lasting or run.drill_id is not None:
            return None
        return self._held(
            last_to_end(
                pause
                for pause in self.lasting
                if pause.keeps_step(
                    version=incident.policy_version_id,
                    kpi=incident.kpi_id,
                    ladder=run.ladder,
                    severity=incident.severity,
                )
            )
        )

    def of_signal(self, signal: Signal) -> Pause | None:
        """The pause that keeps what this signal of a KPI would open."""
        if not self.lasting or signal.kpi_id is None or signal.drill_id is not None:
            return None
        versions = versions_in_force(self._standby.kept)
        version = version_for(signal.product_area, versions).pk
        return self._held(
            last_to_end(
                pause
                for pause in self.lasting
                if pause.keeps_opening(
                    version=version, kpi=signal.kpi_id, declared=signal.declared_severity
                )
            )
        )

    def _held(self, pause: Pause | None) -> Pause | None:
        """It lasts until this change is stored: whoever ends it waits, and then lets go of what
        this change kept."""
        if pause is None:
            return None
        if pause.pk not in self._lasts:
            rows = AutomationPause.objects.select_for_update(no_key=True).filter(pk=pause.pk)
            self._lasts[pause.pk] = bool(rows.lasting().values_list("pk", flat=True))
        return pause if self._lasts[pause.pk] else None


def keep_step(
    run: LadderRun,
    incident: Incident,
    pause: Pause | None,
    recorder: Recorder,
    *,
    with_jump: bool = False,
) -> None:
    """The run waits for the end of the pause; the caller saves it. Without a pause: it wakes now
    for what an earlier one kept."""
    is_told = is_kept(run) and pause is not None and run.kept_by_id == pause.pk
    if not is_kept(run):
        run.kept_due_at = run.next_step_at
    run.kept_jump = run.kept_jump or with_jump
    if pause is None:
        run.next_step_at = recorder.at
        return
    run.kept_by_id = pause.pk
    run.next_step_at, run.look_at = pause.ends_at, None
    if not is_told:
        recorder.event(
            incident,
            "ladder_paused",
            f"Automation is paused: the ladder waits until {pause.ends_at:%d %b %H:%M} UTC at the "
            "latest.",
            reason=pause.reason,
            detail={"pause": pause.pk, "ladder": run.ladder},
        )


def keep_look(run: LadderRun, pause: Pause) -> None:
    """Who came on call is paged after the pause; the caller saves the run."""
    run.kept_by_id, run.look_at = pause.pk, pause.ends_at


def is_kept(run: LadderRun) -> bool:
    """Does the run wake for what a pause kept?"""
    return run.kept_jump or run.kept_due_at is not None


def go_on(run: LadderRun) -> bool:
    """The step is due again when it was. Was a breach kept as well?"""
    with_jump = run.kept_jump
    if is_kept(run):
        due = run.kept_due_at
        run.next_step_at = max(due, run.held_until or due) if due is not None else None
    forget(run)
    return with_jump


def forget(run: LadderRun) -> None:
    run.kept_by_id, run.kept_due_at, run.kept_jump = None, None, False
