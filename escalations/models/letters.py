"""What a customer is written: drafts that wait for a person, and letters on their way."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Contact
from config.lib.models import check, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident


class UpdateDraft(models.Model):
    """What one person typed for the customer and has not sent; nobody else sees it."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="update_drafts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    text = models.TextField(max_length=4000)
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            unique("draft_once", "incident", "person", sentence="There is a draft already."),
            check("draft_says_something", ~Q(text=""), "An empty draft is none."),
        ]

    def __str__(self) -> str:
        return "draft"


class CustomerLetter(Operational):
    """One update for one contact by mail. The address is the contact's own at the time of sending
    and stands nowhere else. `try_at` is when it is tried next; empty once it left or failed."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="letters")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    name = models.CharField(max_length=160)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField()
    try_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    parked_error = models.CharField(max_length=300, blank=True)

    objects = OperationalQuerySet.as_manager()

    class Meta:
        ordering = ["id"]
        constraints = [
            check(
                "letter_one_end",
                Q(sent_at=None) | Q(failed_at=None),
                "A letter was sent or it failed.",
            ),
            check(
                "letter_ended_sleeps",
                Q(try_at=None) | Q(sent_at=None, failed_at=None),
                "What was sent or failed is not tried again.",
            ),
            check("letter_of_no_drill", Q(drill=None), "A drill writes to no customer."),
        ]
        indexes = [
            # The clock asks this for the letter that is tried next.
            models.Index(fields=["try_at"], name="letter_try", condition=Q(try_at__isnull=False))
        ]

    def __str__(self) -> str:
        return self.subject
