"""Climbing: one active run per incident, and every step it took."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from config.lib.models import check, one_of, unique
from escalations.models.automation import AutomationPause
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident
from escalations.models.persons import person


class LadderState(models.TextChoices):
    ACTIVE = "active"
    HALTED = "halted"
    EXHAUSTED = "exhausted"
    CANCELLED = "cancelled"


LIVE = ("active", "halted", "exhausted")


class LadderRun(Operational):
    incident = models.ForeignKey(
        Incident, models.PROTECT, related_name="ladder_runs", db_index=False
    )
    number = models.PositiveSmallIntegerField(default=1)
    ladder = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=LadderState, default=LadderState.ACTIVE)
    cycle = models.PositiveSmallIntegerField(default=1)
    level = models.PositiveSmallIntegerField(default=0)
    pages_total = models.PositiveIntegerField(default=0)
    fallbacks = models.PositiveIntegerField(default=0)
    paged = models.JSONField(default=list)  # ids of people paged in this cycle
    acked = models.JSONField(default=list)  # ids of people who answered
    started_at = models.DateTimeField()
    halted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    next_step_at = models.DateTimeField(null=True, blank=True)
    # When to look whether a roster changed hands during the wait.
    look_at = models.DateTimeField(null=True, blank=True)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    held_until = models.DateTimeField(null=True, blank=True)
    # A pause of automation keeps a step: then `next_step_at` is when the pause ends at the latest.
    kept_by = models.ForeignKey(
        AutomationPause,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="kept_runs",
        db_index=False,
    )
    kept_due_at = models.DateTimeField(null=True, blank=True)
    kept_jump = models.BooleanField(default=False)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = OperationalQuerySet.as_manager()

    class Meta:
        constraints = [
            unique("ladder_run_number", "incident", "number", sentence="This run exists."),
            unique(
                "ladder_run_live",
                "incident",
                condition=Q(state__in=LIVE),
                sentence="This incident climbs a ladder already.",
            ),
            one_of("ladder_run_state", "state", LadderState),
            check(
                "ladder_run_ended_sleeps",
                ~Q(state="cancelled") | Q(next_step_at=None),
                "An ended run has no next step.",
            ),
            check(
                "ladder_run_snoozed",
                Q(snoozed_until=None) | Q(state="halted", next_step_at__isnull=False),
                "Only an answered run is snoozed, and it wakes by itself.",
            ),
            check(
                "ladder_run_held",
                Q(held_until=None) | Q(next_step_at__isnull=False),
                "A run on hold goes on by itself.",
            ),
            check(
                "ladder_run_kept",
                Q(kept_due_at=None) | Q(next_step_at__isnull=False),
                "A step that a pause keeps comes by itself.",
            ),
            check(
                "ladder_run_looks",
                Q(look_at=None) | Q(state="active"),
                "Only a run that waits for an answer looks for hand-overs.",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_step_at"],
                name="ladder_run_due",
                condition=Q(next_step_at__isnull=False),
            ),
            models.Index(
                fields=["look_at"], name="ladder_run_looks_at", condition=Q(look_at__isnull=False)
            ),
            models.Index(
                fields=["kept_by"], name="ladder_run_kept_by", condition=Q(kept_by__isnull=False)
            ),
            # The queue by how high an incident climbed.
            models.Index(
                fields=["level", "incident"],
                name="ladder_run_level",
                condition=Q(state__in=LIVE),
            ),
            # For the audit: empty while all is well.
            models.Index(
                fields=["id"],
                name="ladder_run_asleep",
                condition=Q(state="active", next_step_at=None),
            ),
            models.Index(fields=["id"], name="ladder_run_parked", condition=~Q(parked_error="")),
        ]

    def __str__(self) -> str:
        return self.ladder


class StepKind(models.TextChoices):
    PAGE = "page"
    EMPTY = "empty"
    FALLBACK = "fallback"
    JUMP = "jump"


class LadderStep(models.Model):
    run = models.ForeignKey(LadderRun, models.PROTECT, related_name="steps", db_index=False)
    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=StepKind)
    cycle = models.PositiveSmallIntegerField()
    level = models.PositiveSmallIntegerField()
    person = person()
    channel = models.CharField(max_length=12, blank=True)
    due_at = models.DateTimeField()
    at = models.DateTimeField()
    late_by_s = models.PositiveIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["run", "seq"]
        constraints = [
            unique("ladder_step_seq", "run", "seq", sentence="Two steps share a place."),
            unique(
                "ladder_step_once",
                "run",
                "cycle",
                "level",
                "person",
                "channel",
                "kind",
                "due_at",
                sentence="This person was paged at this step.",
            ),
            one_of("ladder_step_kind", "kind", StepKind),
        ]

    def __str__(self) -> str:
        return f"{self.kind} level {self.level}"
