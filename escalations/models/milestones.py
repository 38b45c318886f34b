"""Who does what until when: workstreams, and milestones with a named owner."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.lib.models import check, one_of, paired, unique
from escalations.models.incidents import Incident

OPEN = Q(done_at=None, dropped_at=None)


class Stage(models.TextChoices):
    NONE = "", "No stage of its own"
    VERIFY = "verify", "Verify"
    MITIGATE = "mitigate", "Mitigate"
    CONTAIN = "contain", "Contain"
    MONITOR = "monitor", "Monitor"
    RESOLVE = "resolve", "Resolve"


class Workstream(models.Model):
    """A part of the work that one person leads."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="workstreams")
    name = models.CharField(max_length=120)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["begun_at", "id"]
        constraints = [
            check("workstream_name", ~Q(name=""), "Name the workstream."),
            unique(
                "workstream_name_once",
                "incident",
                "name",
                condition=Q(ended_at=None),
                sentence="A workstream of this name runs already.",
            ),
            paired("workstream", at="ended_at", by="ended_by"),
        ]

    def __str__(self) -> str:
        return self.name


class MilestoneQuerySet(models.QuerySet["Milestone"]):
    def open(self) -> Self:
        return self.filter(OPEN)


class Milestone(models.Model):
    """`first_due_at` is the first promise: moving the date does not change it. `remind_at` waits
    for the sweep; reminders stop after the third."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="milestones")
    workstream = models.ForeignKey(
        Workstream, models.PROTECT, null=True, blank=True, related_name="milestones"
    )
    stage = models.CharField(max_length=8, choices=Stage, blank=True)
    title = models.CharField("what will be done", max_length=200)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    due_at = models.DateTimeField()
    first_due_at = models.DateTimeField()
    remind_at = models.DateTimeField(null=True, blank=True)
    reminded = models.PositiveSmallIntegerField("times reminded", default=0)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    reason = models.CharField("why it was moved or dropped", max_length=300, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = MilestoneQuerySet.as_manager()

    class Meta:
        ordering = ["due_at", "id"]
        constraints = [
            one_of("milestone_stage", "stage", Stage),
            check("milestone_title", ~Q(title=""), "Say what will be done."),
            unique(
                "milestone_stage_owner",
                "incident",
                "stage",
                condition=OPEN & ~Q(stage=""),
                sentence="This stage has an owner already: hand it on, or finish it.",
                code="stage_taken",
            ),
            check(
                "milestone_one_end",
                Q(done_at=None) | Q(dropped_at=None),
                "A milestone is done or dropped, not both.",
            ),
            check(
                "milestone_ended_sleeps",
                Q(remind_at=None) | OPEN,
                "Nobody is reminded of what has ended.",
            ),
            check("milestone_dropped_why", Q(dropped_at=None) | ~Q(reason=""), "Say why it goes."),
            paired("milestone", at="done_at", by="done_by"),
            paired("milestone", at="dropped_at", by="dropped_by"),
        ]
        indexes = [
            models.Index(
                fields=["remind_at"],
                name="milestone_reminds",
                condition=Q(remind_at__isnull=False),
            )
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def is_open(self) -> bool:
        return self.done_at is None and self.dropped_at is None
