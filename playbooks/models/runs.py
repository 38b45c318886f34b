"""One use of a playbook: a checklist with time boxes. It needs no incident; the link from an
incident to its run is kept by the app above."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from accounts.models import User
from config.lib.models import check, one_of, paired, unique
from playbooks.models.playbooks import PlaybookStep, PlaybookVersion


def _person() -> models.ForeignKey[User | Combinable | None, User | None]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )


class RunState(models.TextChoices):
    WAITING_APPROVAL = "waiting_approval", "Waits for approval"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    STOPPED = "stopped", "Stopped"


OPEN_RUNS = (RunState.WAITING_APPROVAL.value, RunState.RUNNING.value)


class Outcome(models.TextChoices):
    WORKED = "worked", "It worked"
    PARTLY = "partly", "It worked partly"
    NO_EFFECT = "no_effect", "No effect"
    ROLLED_BACK = "rolled_back", "Rolled back"


class PlaybookRun(models.Model):
    """Hypothesis, success criterion and rollback are this run's own, prefilled by the version.

    `outcome_note` also holds why a run was stopped.
    """

    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=16, choices=RunState)
    hypothesis = models.TextField(blank=True)
    success_criterion = models.TextField(blank=True)
    rollback = models.TextField(blank=True)
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    needs_approval = models.BooleanField(default=False)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = _person()
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = _person()
    outcome = models.CharField(max_length=12, choices=Outcome, blank=True)
    outcome_note = models.TextField(blank=True)

    class Meta:
        ordering = ["-requested_at", "-pk"]
        constraints = [
            one_of("playbook_run_state", "state", RunState),
            check(
                "playbook_run_outcome",
                Q(state="done", outcome__in=Outcome.values) | (~Q(state="done") & Q(outcome="")),
                "A run that is done says how it ended, and no other does.",
            ),
            check(
                "playbook_run_second_person",
                Q(approved_by=None) | ~Q(approved_by=F("requested_by")),
                "Nobody approves a run of their own.",
                "own_request",
            ),
            check(
                "playbook_run_approved",
                Q(needs_approval=False)
                | Q(approved_at__isnull=False)
                | Q(state__in=["waiting_approval", "stopped"]),
                "A run that needs approval runs only when it has it.",
            ),
            check(
                "playbook_run_started",
                ~Q(state__in=["waiting_approval", "stopped"]) & Q(started_at__isnull=False)
                | Q(state="waiting_approval", started_at=None)
                | Q(state="stopped"),
                "A run starts when nothing is left to approve.",
            ),
            check(
                "playbook_run_ended",
                ~Q(state__in=OPEN_RUNS) & Q(ended_at__isnull=False)
                | Q(state__in=OPEN_RUNS, ended_at=None),
                "A run that ended says when.",
            ),
            paired("playbookrun", at="approved_at", by="approved_by"),
        ]
        indexes = [models.Index(fields=["version", "-requested_at"], name="playbook_run_latest")]

    def __str__(self) -> str:
        return f"run {self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_RUNS


class StepState(models.TextChoices):
    WAITING = "waiting", "Not yet"
    ACTIVE = "active", "Now"
    DONE = "done", "Done"
    SKIPPED = "skipped", "Skipped"


class StepRun(models.Model):
    """`alarm_at` is when somebody is told that the time box passed; empty once told or settled."""

    run = models.ForeignKey(PlaybookRun, models.CASCADE, related_name="steps")
    step = models.ForeignKey(PlaybookStep, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=8, choices=StepState, default=StepState.WAITING)
    started_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    alarm_at = models.DateTimeField(null=True, blank=True)
    approval_requested_at = models.DateTimeField(null=True, blank=True)
    approval_requested_by = _person()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = _person()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = _person()
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["run", "position"]
        constraints = [
            unique("step_run_position", "run", "position", sentence="Place taken."),
            one_of("step_run_state", "state", StepState),
            unique(
                "step_run_one_active",
                "run",
                condition=Q(state="active"),
                sentence="One step of a run is active at a time.",
            ),
            check(
                "step_run_started",
                ~Q(state="active") | Q(started_at__isnull=False, due_at__isnull=False),
                "An active step has its start and its due time.",
            ),
            check(
                "step_run_alarm",
                Q(alarm_at=None) | Q(state="active"),
                "Only the active step has a time box that runs.",
            ),
            check(
                "step_run_settled",
                ~Q(state__in=["waiting", "active"]) & Q(done_at__isnull=False)
                | Q(state__in=["waiting", "active"], done_at=None, done_by=None),
                "A step that is done or skipped says when.",
            ),
            check(
                "step_run_approved",
                ~Q(state="done") | Q(approval_requested_at=None) | Q(approved_at__isnull=False),
                "A step that needs approval is done only when it has it.",
            ),
            check(
                "step_run_second_person",
                Q(approved_by=None)
                | Q(
                    ~Q(approved_by=F("approval_requested_by")),
                    approval_requested_by__isnull=False,
                ),
                "Nobody approves a step they asked for.",
                "own_request",
            ),
            paired("steprun", at="approval_requested_at", by="approval_requested_by"),
            paired("steprun", at="approved_at", by="approved_by"),
        ]
        indexes = [
            # The sweep reads passed time boxes through this.
            models.Index(
                fields=["alarm_at"], name="step_run_alarm_due", condition=Q(alarm_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"step {self.position}"
