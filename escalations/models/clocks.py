"""Running promises: an append-only ledger per clock, and the columns derived from it."""

from __future__ import annotations

from datetime import datetime
from typing import Self

from django.db import models
from django.db.models import Q

from accounts.models import ServiceHoursVersion
from config.lib.models import check, one_of, paired, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident
from escalations.models.persons import person
from escalations.rules.breach_causes import LABELS as CAUSE_LABELS
from escalations.rules.breach_causes import Cause


class ClockKindChoice(models.TextChoices):
    RESPONSE = "response", "Acknowledge"
    RESTORE = "restore", "Restore"
    RESOLUTION = "resolution", "Resolve"
    CADENCE = "cadence", "Next update"
    OLA = "ola", "Team"


class RunState(models.TextChoices):
    NOT_STARTED = "not_started"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    CANCELLED = "cancelled"


class Outcome(models.TextChoices):
    OPEN = "open"
    MET = "met"
    MISSED = "missed"
    VOID = "void"


IS_UNSAID = Q(run_state="running", breach_after__isnull=False) & (
    Q(outcome="open") | Q(kind="cadence")
)
IS_ASLEEP = Q(run_state="running", outcome="open", due_at__isnull=False, next_wake_at=None)


class ClockQuerySet(OperationalQuerySet):
    def should_have_spoken(self, before: datetime) -> Self:
        """Broken before then by their own row, and nothing was recorded."""
        return self.filter(IS_UNSAID, breach_after__lt=before)

    def asleep(self) -> Self:
        """Running towards a due time with nothing to wake them: there is no such clock."""
        return self.filter(IS_ASLEEP)


class Clock(Operational):
    """`target_s` is the first target; later ones stand in the ledger. `next_wake_at` is the
    earliest instant at which this clock needs the sweep: a warning, a breach, a missed update."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="clocks", db_index=False)
    kind = models.CharField(max_length=12, choices=ClockKindChoice)
    cycle = models.PositiveSmallIntegerField(default=1)
    target_s = models.PositiveIntegerField()
    calendar = models.ForeignKey(
        ServiceHoursVersion, models.PROTECT, null=True, related_name="+"
    )  # None: around the clock
    exception = models.ForeignKey(
        "escalations.PolicyException",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="clocks",
        db_index=False,
        help_text="It set the first target.",
    )
    started_at = models.DateTimeField()
    run_state = models.CharField(max_length=12, choices=RunState, default=RunState.RUNNING)
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.OPEN)
    elapsed_us = models.BigIntegerField(default=0)
    current_target_s = models.PositiveIntegerField()
    due_at = models.DateTimeField(null=True, blank=True)
    breach_after = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)  # at risk from here
    paused_since = models.DateTimeField(null=True, blank=True)
    awaiting = models.CharField(max_length=200, blank=True)
    check_at = models.DateTimeField(null=True, blank=True)
    # Its owner is reminded then to ask again; empty once that was done.
    chase_at = models.DateTimeField(null=True, blank=True)
    on_time = models.PositiveIntegerField(default=0)  # cadence
    missed = models.PositiveIntegerField(default=0)  # cadence
    next_wake_at = models.DateTimeField(null=True, blank=True)
    is_due_by_hand = models.BooleanField(
        default=False, help_text="Two people set its due time; marked in every count."
    )
    parked_error = models.CharField(max_length=300, blank=True)

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints = [
            unique(
                "clock_identity", "incident", "kind", "cycle", sentence="This clock runs already."
            ),
            one_of("clock_kind", "kind", ClockKindChoice),
            one_of("clock_run_state", "run_state", RunState),
            one_of("clock_outcome", "outcome", Outcome),
            check("clock_target", Q(target_s__gte=1), "A target is at least one second."),
            check(
                "clock_wakes_only_alive",
                Q(next_wake_at=None) | Q(run_state="running"),
                "Only a running clock waits for the sweep.",
            ),
        ]
        indexes = [
            # The sweep asks this index for the earliest instant and for what is due.
            models.Index(
                fields=["next_wake_at"],
                name="clock_wake",
                condition=Q(next_wake_at__isnull=False),
            ),
            models.Index(
                fields=["chase_at"], name="clock_chase", condition=Q(chase_at__isnull=False)
            ),
            # The audit asks these, which hold nothing overdue and nothing at all.
            models.Index(fields=["breach_after"], name="clock_unsaid", condition=IS_UNSAID),
            models.Index(fields=["due_at"], name="clock_asleep", condition=IS_ASLEEP),
            models.Index(
                fields=["exception"], name="clock_bent", condition=Q(exception__isnull=False)
            ),
            models.Index(fields=["id"], name="clock_parked", condition=~Q(parked_error="")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} clock"

    @property
    def late_at(self) -> datetime | None:
        """A promise due at closing time is kept until the calendar opens again (SEMANTICS 1.2)."""
        return self.breach_after or self.due_at


class ClockEvent(models.Model):
    """The ledger: deadline, elapsed and outcome are functions of these rows alone."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="events", db_index=False)
    seq = models.PositiveIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    type = models.CharField(max_length=20)
    reason = models.CharField(max_length=40, blank=True)
    mode = models.CharField(max_length=20, blank=True)
    target_s = models.PositiveIntegerField(null=True, blank=True)
    calendar = models.ForeignKey(
        ServiceHoursVersion,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
    # The new calendar is "around the clock", which an empty `calendar` cannot say.
    is_always_open = models.BooleanField(default=False)
    start_at = models.DateTimeField(null=True, blank=True)
    actor = person()

    class Meta:
        ordering = ["clock", "seq"]
        constraints = [
            unique("clock_event_seq", "clock", "seq", sentence="Two events share a place.")
        ]

    def __str__(self) -> str:
        return self.type


CAUSES = [(cause.value, CAUSE_LABELS[cause]) for cause in Cause]


class MarkKind(models.TextChoices):
    WARNING = "warning"
    BREACH = "breach"
    MISS = "miss"  # of a cadence


class ClockMark(models.Model):
    """What a clock said, once: the database refuses to say it twice."""

    clock = models.ForeignKey(Clock, models.PROTECT, related_name="marks", db_index=False)
    kind = models.CharField(max_length=8, choices=MarkKind)
    percent = models.PositiveSmallIntegerField(default=100)
    due_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    late_by_s = models.PositiveIntegerField(default=0)
    is_silent = models.BooleanField(default=False)  # a higher one was due as well
    cause = models.CharField(max_length=32, choices=CAUSES, blank=True)
    proposed_cause = models.CharField(max_length=32, choices=CAUSES, blank=True)
    cause_note = models.CharField(max_length=500, blank=True)
    cause_confirmed_at = models.DateTimeField(null=True, blank=True)
    cause_confirmed_by = person()

    class Meta:
        constraints = [
            check(
                "clock_mark_cause",
                Q(cause__in=["", *(cause.value for cause in Cause)]),
                "A cause is one that the list knows.",
            ),
            check(
                "clock_mark_cause_of_breach",
                Q(cause="") | ~Q(kind="warning"),
                "A warning has no cause, a breach has.",
            ),
            paired("clockmark", at="cause_confirmed_at", by="cause_confirmed_by"),
            unique(
                "clock_mark_once",
                "clock",
                "kind",
                "percent",
                "due_at",
                sentence="This was said already.",
            ),
            one_of("clock_mark_kind", "kind", MarkKind),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.percent}%"

    @property
    def is_cause_confirmed(self) -> bool:
        return self.cause_confirmed_at is not None
