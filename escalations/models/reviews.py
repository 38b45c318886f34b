"""What was learnt from an incident: one review each, its factors, people, additions, sign-offs."""

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
from escalations.models.kpis import SEVERITIES
from escalations.models.timeline import TimelineEvent
from escalations.rules.reviews import SIGNED, UNSIGNED, ReviewState

_MACHINE = ("drill", "version", "updated_at", "remind_at", "remind_stage", "parked_error")


def _person() -> models.ForeignKey[User | Combinable | None, User | None]:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )


class ReviewStateChoice(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    CHANGES_REQUESTED = "changes_requested", "Changes requested"
    SIGNED_OFF = "signed_off", "Signed off"
    ACTIONS_OPEN = "actions_open", "Actions open"
    COMPLETED = "completed", "Completed"
    WAIVED = "waived", "Waived"


class FactorCategory(models.TextChoices):
    """The kinds of cause that resolving asks for, so that both are searched alike."""

    CHANGE = "change", "Change"
    CAPACITY = "capacity", "Capacity"
    DEFECT = "defect", "Defect"
    DATA = "data", "Data"
    THIRD_PARTY = "third_party", "Third party"
    PROCESS = "process", "Process"
    HUMAN = "human", "Human factors"
    UNKNOWN = "unknown", "Unknown"


class ReviewQuerySet(OperationalQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        """A review is for whoever may see its incident."""
        return self.filter(incident__in=Incident.objects.visible_to(user))

    def unsigned(self) -> Self:
        return self.filter(state__in=sorted(state.value for state in UNSIGNED))

    def signed(self) -> Self:
        return self.filter(state__in=sorted(state.value for state in SIGNED))


class PostIncidentReview(Operational):
    """`required_because` maps the code of each rule that asked for it to its sentence. Text is
    written while it is a draft; signed text stays, and amendments are added to it."""

    incident = models.OneToOneField(Incident, models.PROTECT, related_name="review")
    state = models.CharField(max_length=20, choices=ReviewStateChoice, default=ReviewState.DRAFT)
    version = models.PositiveIntegerField(default=1, help_text="Counts every change.")
    required_because = models.JSONField(default=dict)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    facilitator = _person()
    severity_final = models.PositiveSmallIntegerField(choices=SEVERITIES, null=True, blank=True)

    summary = models.TextField(blank=True)
    impact_start = models.DateTimeField(null=True, blank=True)
    impact_end = models.DateTimeField(null=True, blank=True)
    users_affected = models.PositiveIntegerField(null=True, blank=True)
    revenue_exposed = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    support_contacts = models.PositiveIntegerField(null=True, blank=True)
    credits = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    customer_impact = models.PositiveSmallIntegerField(null=True, blank=True, help_text="0 to 10.")
    detection = models.TextField("how it was noticed", blank=True)
    detection_faster = models.TextField("how to halve that time", blank=True)
    lead_up = models.TextField("what led up to it", blank=True)
    fault = models.TextField("what failed", blank=True)
    response = models.TextField(blank=True)
    recovery = models.TextField(blank=True)
    root_causes = models.TextField(blank=True)
    process_gaps = models.TextField(blank=True)
    went_well = models.TextField("what went well", blank=True)
    lucky = models.TextField("where we were lucky", blank=True)
    lessons = models.TextField(blank=True)
    communications = models.TextField("communications sent", blank=True)

    schedule_due_at = models.DateTimeField()
    hold_due_at = models.DateTimeField()
    sign_off_due_at = models.DateTimeField(null=True, blank=True)
    meeting_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True)
    held_by = _person()
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = _person()
    signed_off_at = models.DateTimeField(null=True, blank=True)
    signed_off_by = _person()
    waived_at = models.DateTimeField(null=True, blank=True)
    waiver_reason = models.CharField(max_length=500, blank=True)
    completed_at = models.DateTimeField(null=True, blank=True)
    remind_at = models.DateTimeField(null=True, blank=True)
    remind_stage = models.PositiveSmallIntegerField(default=0)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = ReviewQuerySet.as_manager()

    history = recorded(excluded=_MACHINE)

    class Meta:
        verbose_name = "review"
        permissions = [
            ("write_review", "May write reviews and give out actions"),
            ("sign_off_review", "May sign off reviews or ask for changes"),
        ]
        constraints = [
            one_of("review_state", "state", ReviewStateChoice),
            check(
                "review_severity_final",
                Q(severity_final=None) | Q(severity_final__gte=1, severity_final__lte=4),
                "Severity is S1 to S4.",
            ),
            check(
                "review_customer_impact",
                Q(customer_impact=None) | Q(customer_impact__lte=10),
                "Customer impact is 0 to 10.",
            ),
            check(
                "review_impact_period",
                Q(impact_start=None) | Q(impact_end=None) | Q(impact_end__gte=F("impact_start")),
                "The impact ends after it begins.",
            ),
            check(
                "review_revenue",
                Q(revenue_exposed=None) | Q(revenue_exposed__gte=0),
                "Revenue exposed is 0 or more.",
                "negative",
            ),
            check(
                "review_credits",
                Q(credits=None) | Q(credits__gte=0),
                "Credits are 0 or more.",
                "negative",
            ),
            check(
                "review_signed_by_somebody",
                ~Q(state__in=sorted(s.value for s in SIGNED)) | Q(signed_off_at__isnull=False),
                "A signed review says who signed it.",
            ),
            check(
                "review_signed_by_another",
                Q(signed_off_by=None) | Q(submitted_by=None) | ~Q(signed_off_by=F("submitted_by")),
                "Whoever hands a review in does not sign it off.",
            ),
            check(
                "review_waived_with_reason",
                ~Q(state="waived") | (Q(waived_at__isnull=False) & ~Q(waiver_reason="")),
                "A waived review says when and why.",
            ),
            check(
                "review_ended_sleeps",
                Q(remind_at=None) | Q(state__in=sorted(s.value for s in UNSIGNED)),
                "Only an unsigned review waits for reminders.",
            ),
            paired("postincidentreview", at="held_at", by="held_by"),
            paired("postincidentreview", at="submitted_at", by="submitted_by"),
            paired("postincidentreview", at="signed_off_at", by="signed_off_by"),
        ]
        indexes = [
            # The archive, newest first; the sweep reads what is due through the second.
            models.Index(fields=["-opened_at", "-id"], name="review_opened"),
            models.Index(
                fields=["remind_at"], name="review_remind", condition=Q(remind_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Review of INC-{self.incident_id}"


class ContributingFactor(models.Model):
    """One of several things that together made it possible. None is the one root cause."""

    review = models.ForeignKey(
        PostIncidentReview, models.CASCADE, related_name="factors", db_index=False
    )
    position = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=12, choices=FactorCategory)
    text = models.TextField()
    evidence = models.TextField(blank=True, help_text="What shows it: a link, a figure, a log.")

    history = recorded()

    class Meta:
        ordering = ["review", "position"]
        constraints = [
            unique("factor_position", "review", "position", sentence="Two factors share a place."),
            one_of("factor_category", "category", FactorCategory),
            check("factor_text", ~Q(text=""), "A factor says what it is.", "required"),
        ]
        indexes = [models.Index(fields=["category", "review"], name="factor_by_category")]

    def __str__(self) -> str:
        return self.text[:80]


class EntryKind(models.TextChoices):
    ADDITION = "addition", "Added"
    ANNOTATION = "annotation", "Annotated"
    HIDING = "hiding", "Hidden"
    SHOWING = "showing", "Shown again"
    EXPLANATION = "explanation", "Gap explained"


class ReviewEntry(models.Model):
    """What a person adds to the timeline in the review. Events of the incident are never deleted:
    they are annotated or hidden here. Rows are written once."""

    review = models.ForeignKey(PostIncidentReview, models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=12, choices=EntryKind)
    event = models.ForeignKey(
        TimelineEvent, models.PROTECT, null=True, blank=True, related_name="+"
    )
    from_at = models.DateTimeField(null=True, blank=True)
    to_at = models.DateTimeField(null=True, blank=True)
    text = models.TextField(blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()

    class Meta:
        ordering = ["recorded_at", "id"]
        constraints = [
            one_of("review_entry_kind", "kind", EntryKind),
            check(
                "review_entry_of_event",
                ~Q(kind__in=["annotation", "hiding", "showing"]) | Q(event__isnull=False),
                "An annotation names its event.",
            ),
            check(
                "review_entry_at",
                ~Q(kind__in=["addition", "explanation"]) | Q(from_at__isnull=False),
                "An addition says when it happened.",
            ),
            check(
                "review_entry_text",
                Q(kind__in=["hiding", "showing"]) | ~Q(text=""),
                "Write what happened.",
                "required",
            ),
        ]

    def __str__(self) -> str:
        return self.text[:80]


class ParticipantRole(models.TextChoices):
    RESPONDER = "responder", "Responder"
    EXPERT = "expert", "Expert"
    CUSTOMER_SIDE = "customer_side", "Speaks for the customer"
    OBSERVER = "observer", "Observer"


class ReviewParticipant(models.Model):
    review = models.ForeignKey(
        PostIncidentReview, models.CASCADE, related_name="participants", db_index=False
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField(
        max_length=16, choices=ParticipantRole, default=ParticipantRole.RESPONDER
    )

    history = recorded()

    class Meta:
        ordering = ["id"]
        constraints = [
            unique(
                "participant_once", "review", "user", sentence="This person takes part already."
            ),
            one_of("participant_role", "role", ParticipantRole),
        ]

    def __str__(self) -> str:
        return self.role


class SignOffKind(models.TextChoices):
    SIGN_OFF = "sign_off", "Signed off"
    REQUEST_CHANGES = "request_changes", "Asked for changes"
    WAIVE = "waive", "Waived"


class ReviewSignOff(models.Model):
    """One person's word on one version of the review. Rows are written once."""

    review = models.ForeignKey(PostIncidentReview, models.CASCADE, related_name="sign_offs")
    kind = models.CharField(max_length=16, choices=SignOffKind)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()
    review_version = models.PositiveIntegerField()
    comment = models.TextField(blank=True)

    class Meta:
        ordering = ["at", "id"]
        constraints = [
            one_of("sign_off_kind", "kind", SignOffKind),
            check(
                "sign_off_comment",
                Q(kind="sign_off") | ~Q(comment=""),
                "Asking for changes or waiving says why.",
                "required",
            ),
        ]

    def __str__(self) -> str:
        return self.kind


class ReviewAmendment(models.Model):
    """What is added after sign-off; the signed text stays as it is."""

    review = models.ForeignKey(PostIncidentReview, models.CASCADE, related_name="amendments")
    text = models.TextField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        constraints = [check("amendment_text", ~Q(text=""), "Write what is added.", "required")]

    def __str__(self) -> str:
        return self.text[:80]


class RecurrenceLink(models.Model):
    """This incident happened before, or a like one."""

    review = models.ForeignKey(
        PostIncidentReview, models.CASCADE, related_name="recurrences", db_index=False
    )
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            unique("recurrence_once", "review", "incident", sentence="It is linked already.")
        ]

    def __str__(self) -> str:
        return self.reason
