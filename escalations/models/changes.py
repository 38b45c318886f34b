"""A governed change: what is asked for, what it puts in force, and every word about it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import RosterPlan, ServiceHoursVersion, ValueRubricVersion
from config.lib.models import STAMPS, Stamped, check, one_of, paired, recorded, unique
from escalations.models.approval_rules import ApprovalRuleVersion
from escalations.models.incidents import Incident
from escalations.models.policies import Policy, PolicyVersion
from escalations.models.thresholds import Threshold
from escalations.rules.changes import RequestState, Verdict
from playbooks.models import PlaybookVersion

# The versions that a change may put in force: one nullable foreign key each, on `Change`.
GOVERNED = (
    "policy_version",
    "threshold",
    "approval_rule_version",
    "playbook_version",
    "hours_version",
    "value_version",
    "roster_plan",
)

STATES = [
    (RequestState.IN_REVIEW.value, "In review"),
    (RequestState.SENT_BACK.value, "Sent back"),
    (RequestState.SCHEDULED.value, "Scheduled"),
    (RequestState.IN_FORCE.value, "In force"),
    (RequestState.WITHDRAWN.value, "Withdrawn"),
    (RequestState.EXPIRED.value, "Taken back"),
]
VERDICTS = [
    (Verdict.ASKED.value, "asked"),
    (Verdict.APPROVED.value, "approved"),
    (Verdict.SENT_BACK.value, "sent back"),
]


def exactly_one(*fields: str) -> Q:
    found = Q()
    for chosen in fields:
        found |= Q(**{f"{name}__isnull": name != chosen for name in fields})
    return found


class ChangeRequest(Stamped):
    """`effective_from` is what was asked for (empty: as soon as approved); `effective_at` when it
    takes or took effect. `settle_at` is the timer: in force by then, or confirmed by then."""

    title = models.CharField(max_length=160)
    reason = models.CharField(max_length=1000)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    round = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=STATES, default=RequestState.IN_REVIEW.value)
    needed = models.PositiveSmallIntegerField("approvals needed", default=2)
    is_emergency = models.BooleanField(default=False)
    effective_from = models.DateTimeField(null=True, blank=True)
    effective_at = models.DateTimeField(null=True, blank=True)
    settle_at = models.DateTimeField(null=True, blank=True)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    stopped_why = models.CharField(max_length=400, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    history = recorded(excluded=(*STAMPS, "parked_error"))

    class Meta:
        ordering = ["-asked_at", "-pk"]
        permissions = [("approve_policy", "Can approve changes of the rules, or send them back")]
        constraints = [
            one_of("change_request_state", "state", RequestState),
            check("change_request_reason", ~Q(reason=""), "Say why."),
            check("change_request_needed", Q(needed__gte=1, needed__lte=9), "1 to 9 approvals."),
            check("change_request_round", Q(round__gte=1), "Rounds are counted from 1."),
            check(
                "change_request_emergency_now",
                Q(is_emergency=False) | Q(effective_from=None),
                "An emergency waits for no date.",
            ),
            check(
                "change_request_effective",
                ~Q(state__in=["scheduled", "in_force", "expired"]) | Q(effective_at__isnull=False),
                "What is approved has its instant.",
            ),
            check(
                "change_request_timer",
                ~Q(state="scheduled") & Q(settle_at=None)
                | Q(state="scheduled", settle_at__isnull=False)
                | Q(state="in_force", is_emergency=True, confirmed_at=None),
                "A timer runs while it is scheduled, or in force and not confirmed.",
            ),
            check(
                "change_request_ended",
                Q(state__in=["withdrawn", "expired"], ended_at__isnull=False)
                | ~Q(state__in=["withdrawn", "expired"]) & Q(ended_at=None),
                "What ended says when.",
            ),
        ]
        indexes = [
            # The sweep looks here for what takes effect, or was not confirmed.
            models.Index(
                fields=["settle_at"],
                name="change_request_settle",
                condition=Q(settle_at__isnull=False),
            ),
            models.Index(fields=["state", "-asked_at"], name="change_request_list"),
        ]

    def __str__(self) -> str:
        return self.title


class Change(models.Model):
    """One version that a request puts in force, of exactly one kind. Of the same thing: version
    `replaced_number` was in force until then, and this one says again what `restores_number`
    said."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="changes")
    policy_version = models.ForeignKey(
        PolicyVersion, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    threshold = models.ForeignKey(
        Threshold, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    approval_rule_version = models.ForeignKey(
        ApprovalRuleVersion, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    playbook_version = models.ForeignKey(
        PlaybookVersion, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    hours_version = models.ForeignKey(
        ServiceHoursVersion, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    value_version = models.ForeignKey(
        ValueRubricVersion, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    roster_plan = models.ForeignKey(
        RosterPlan, models.PROTECT, null=True, blank=True, related_name="changes"
    )
    replaced_number = models.PositiveIntegerField(null=True, blank=True)
    restores_number = models.PositiveIntegerField(null=True, blank=True)

    history = recorded()

    class Meta:
        ordering = ["request", "id"]
        constraints = [
            check("change_of_one_version", exactly_one(*GOVERNED), "A change is of one version."),
            unique("change_once", "request", "policy_version", sentence="It is in there already."),
            *(
                unique(f"change_once_{field}", "request", field, sentence="It is in there already.")
                for field in GOVERNED[1:]
            ),
        ]

    def __str__(self) -> str:
        return f"change {self.pk}"


class Approval(models.Model):
    """One word of one person in one round. Whoever asks has spoken with that: the place is taken,
    so the database itself refuses an approval of one's own request."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="approvals")
    round = models.PositiveSmallIntegerField()
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=VERDICTS)
    comment = models.CharField(max_length=1000, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["request", "id"]
        constraints = [
            unique(
                "approval_one_word",
                "request",
                "round",
                "person",
                sentence="One word each in a round, and whoever asked has had it.",
                code="already_answered",
            ),
            unique(
                "approval_one_author",
                "request",
                "round",
                condition=Q(verdict="asked"),
                sentence="One person asks in a round.",
            ),
            one_of("approval_verdict", "verdict", Verdict),
            check("approval_round", Q(round__gte=1), "Rounds are counted from 1."),
            check(
                "approval_says_why",
                ~Q(verdict="sent_back") | ~Q(comment=""),
                "Say what is to be mended.",
            ),
        ]
        indexes = [models.Index(fields=["-at"], name="approval_log")]

    def __str__(self) -> str:
        return f"{self.verdict} in round {self.round}"


class AnsweredWarning(models.Model):
    """A warning that the author has read and asks in spite of; its words as they stood then."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="warnings")
    round = models.PositiveSmallIntegerField()
    key = models.CharField(max_length=16)
    code = models.CharField(max_length=40)
    where = models.CharField(max_length=200)
    sentence = models.CharField(max_length=600)

    class Meta:
        ordering = ["request", "id"]
        constraints = [
            unique("answered_warning_once", "request", "round", "key", sentence="Read already.")
        ]

    def __str__(self) -> str:
        return self.code


class ChangeReader(models.Model):
    """Somebody who was told that a change is in force, and whether they have opened it."""

    request = models.ForeignKey(ChangeRequest, models.PROTECT, related_name="readers")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    told_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["request", "id"]
        constraints = [
            unique("change_reader_once", "request", "person", sentence="They were told already."),
            check(
                "change_reader_order",
                Q(read_at=None) | Q(read_at__gte=models.F("told_at")),
                "It is read after it is told.",
            ),
        ]

    def __str__(self) -> str:
        return f"reader {self.pk}"


class Suggestion(models.Model):
    """A word to the committee about a policy, one row of it, or how it took an incident."""

    policy = models.ForeignKey(Policy, models.PROTECT, related_name="suggestions")
    about = models.CharField(max_length=160, blank=True)
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="suggestions"
    )
    text = models.CharField(max_length=1000)
    suggested_at = models.DateTimeField()
    suggested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    answer = models.CharField(max_length=1000, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    history = recorded()

    class Meta:
        ordering = ["-suggested_at", "-pk"]
        constraints = [
            check("suggestion_text", ~Q(text=""), "Say what should be otherwise."),
            check(
                "suggestion_answer",
                Q(answered_at=None, answer="") | Q(answered_at__isnull=False) & ~Q(answer=""),
                "An answer says something.",
            ),
            paired("suggestion", at="answered_at", by="answered_by"),
        ]
        indexes = [
            # What still waits for an answer.
            models.Index(
                fields=["-suggested_at"], name="suggestion_open", condition=Q(answered_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"suggestion {self.pk}"
