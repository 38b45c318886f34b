"""What is done so that it does not happen again: owned, due, and verified by somebody else."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import Combinable

from accounts.models import User
from config.lib.models import check, one_of, paired, recorded, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident
from escalations.models.reviews import PostIncidentReview
from escalations.rules.action_items import UNDONE, UNSETTLED, ActionState

_MACHINE = ("drill", "version", "updated_at", "remind_at", "remind_stage", "parked_error")
_WORDS_UNDONE = sorted(state.value for state in UNDONE)


def _person() -> models.ForeignKey[User | Combinable | None, User | None]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )


class ActionKind(models.TextChoices):
    PREVENT = "prevent", "Prevent"
    DETECT = "detect", "Detect"
    MITIGATE = "mitigate", "Mitigate"
    PROCESS = "process", "Process"
    POLICY = "policy", "Policy"
    TRAINING = "training", "Training"


class ActionStateChoice(models.TextChoices):
    OPEN = "open", "Open"
    IN_PROGRESS = "in_progress", "In progress"
    DONE = "done", "Done, to verify"
    VERIFIED = "verified", "Verified"
    REJECTED = "rejected", "Not accepted"
    WONT_DO = "wont_do", "Won't do"


class ActionItemQuerySet(OperationalQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(review__incident__in=Incident.objects.visible_to(user))

    def unsettled(self) -> Self:
        return self.filter(state__in=sorted(state.value for state in UNSETTLED))

    def overdue(self, today: object) -> Self:
        """Past its day, or moved more than twice, and not done."""
        return self.filter(Q(due_on__lt=today) | Q(times_moved__gt=2), state__in=_WORDS_UNDONE)


class ActionItem(Operational):
    review = models.ForeignKey(
        PostIncidentReview, models.PROTECT, related_name="actions", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=ActionKind)
    is_priority = models.BooleanField(default=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="action_items")
    verifier = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verification_method = models.TextField(help_text="How somebody else will see that it works.")
    first_due_on = models.DateField()
    due_on = models.DateField()
    times_moved = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(max_length=12, choices=ActionStateChoice, default=ActionState.OPEN)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    evidence = models.TextField(blank=True)
    outcome_note = models.TextField(blank=True, help_text="What the verifier said.")
    started_at = models.DateTimeField(null=True, blank=True)
    started_by = _person()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = _person()
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = _person()
    rejected_at = models.DateTimeField(null=True, blank=True)
    rejected_by = _person()
    wont_do_asked_at = models.DateTimeField(null=True, blank=True)
    wont_do_asked_by = _person()
    wont_do_at = models.DateTimeField(null=True, blank=True)
    wont_do_by = _person()
    wont_do_reason = models.CharField(max_length=500, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    remind_stage = models.PositiveSmallIntegerField(default=0)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = ActionItemQuerySet.as_manager()

    history = recorded(excluded=_MACHINE)

    class Meta:
        verbose_name = "action"
        ordering = ["review", "number"]
        constraints = [
            unique("action_number", "review", "number", sentence="Two actions share a number."),
            one_of("action_state", "state", ActionStateChoice),
            one_of("action_kind", "kind", ActionKind),
            check("action_title", ~Q(title=""), "An action says what is done.", "required"),
            check(
                "action_verified_by_another",
                ~Q(verifier=F("owner")),
                "Somebody other than its owner verifies an action.",
                "own_action",
            ),
            check(
                "action_verified_word_of_another",
                Q(verified_by=None) | ~Q(verified_by=F("owner")),
                "Its owner does not verify an action.",
                "own_action",
            ),
            check(
                "action_left_by_another",
                Q(wont_do_by=None)
                | (~Q(wont_do_by=F("owner")) & ~Q(wont_do_by=F("wont_do_asked_by"))),
                "Two persons agree to leave an action, and the second is not its owner.",
                "second_person",
            ),
            check(
                "action_left_with_reason",
                ~Q(state="wont_do")
                | (
                    Q(wont_do_at__isnull=False, wont_do_asked_at__isnull=False)
                    & ~Q(wont_do_reason="")
                ),
                "An action left undone says who agreed and why.",
            ),
            check(
                "action_done_with_evidence",
                ~Q(state__in=["done", "verified"]) | (Q(done_at__isnull=False) & ~Q(evidence="")),
                "What is done says what shows it.",
            ),
            check(
                "action_verified_says_when",
                ~Q(state="verified") | Q(verified_at__isnull=False),
                "A verified action says who verified it.",
            ),
            check(
                "action_done_sleeps",
                Q(remind_at=None) | Q(state__in=_WORDS_UNDONE),
                "Only what is undone waits for reminders.",
            ),
            paired("actionitem", at="started_at", by="started_by"),
            paired("actionitem", at="done_at", by="done_by"),
            paired("actionitem", at="verified_at", by="verified_by"),
            paired("actionitem", at="rejected_at", by="rejected_by"),
            paired("actionitem", at="wont_do_asked_at", by="wont_do_asked_by"),
            paired("actionitem", at="wont_do_at", by="wont_do_by"),
        ]
        indexes = [
            models.Index(fields=["owner", "state", "due_on"], name="action_by_owner"),
            models.Index(fields=["state", "due_on"], name="action_by_due"),
            # The sweep reads what is due through this.
            models.Index(
                fields=["remind_at"], name="action_remind", condition=Q(remind_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def key(self) -> str:
        return f"A-{self.pk}"
