"""The outbox: every message out is a row first, written in the transaction that causes it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models import ContactMethod
from config.lib.models import check, one_of, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident
from escalations.models.ladders import LadderStep


class Channel(models.TextChoices):
    EMAIL = "email"
    WEBHOOK = "webhook"
    APPRISE = "apprise", "chat, SMS or push"
    DRILL = "drill"


# The other side knows a repeat by its key; elsewhere it would come twice.
KNOWS_REPEATS = frozenset({Channel.EMAIL.value, Channel.WEBHOOK.value, Channel.DRILL.value})


class NoticeKind(models.TextChoices):
    PAGE = "page"  # must wake someone
    ASSIGNED = "assigned"
    WARNING = "warning"
    BREACH = "breach"
    NEWS = "news"
    KPI = "kpi"


class Outcome(models.TextChoices):
    SENT = "sent"
    FAILED = "failed"  # it is tried again
    REFUSED = "refused"  # for good
    UNCERTAIN = "uncertain"  # it left, and nobody said whether it arrived
    AGAIN = "again", "sent again by hand"


PENDING = Q(sent_at=None, cancelled_at=None, failed_at=None)


class NoticeQuerySet(OperationalQuerySet):
    def pending(self) -> NoticeQuerySet:
        return self.filter(PENDING)


class Notice(Operational):
    """`key` is stable for one message to one person: repeats after a crash carry the same key."""

    key = models.CharField(max_length=160, unique=True)
    incident = models.ForeignKey(
        Incident, models.PROTECT, null=True, blank=True, related_name="notices"
    )
    kind = models.CharField(max_length=10, choices=NoticeKind)
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.EMAIL)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="notices")
    # Of a chat or webhook no more than a hint: its address is a secret of its contact method.
    address = models.CharField(max_length=254)
    method = models.ForeignKey(
        ContactMethod,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="notices",
        db_index=False,
    )
    way = models.PositiveSmallIntegerField(
        default=1, help_text="Of the ways to reach this person: the first, the second."
    )
    subject = models.CharField(max_length=400)
    text = models.TextField()
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    # Attempts before somebody sent it again by hand: the waits begin anew from there.
    attempts_before = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    # A try is under way where a repeat is not known; still here after a crash, it may have left.
    began_at = models.DateTimeField(null=True, blank=True)
    # It may have arrived, and nobody knows. With `failed_at` it waits for a person to decide.
    uncertain_at = models.DateTimeField(null=True, blank=True)
    step = models.ForeignKey(
        LadderStep, models.PROTECT, null=True, blank=True, related_name="notices"
    )
    # Sent as a part of that one: whoever gets many pages gets some of them together.
    bundle = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="bundled", db_index=False
    )
    delay_reason = models.CharField(max_length=200, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        permissions = [("resend_notice", "Can send a message again that failed")]
        constraints = [
            one_of("notice_channel", "channel", Channel),
            one_of("notice_kind", "kind", NoticeKind),
            check(
                "notice_of_drill_stays_inside",
                Q(drill=None) | Q(channel="drill"),
                "A drill reaches nobody.",
            ),
            check(
                "notice_one_end",
                Q(sent_at=None) | Q(cancelled_at=None, failed_at=None),
                "A notice is sent, cancelled or failed.",
            ),
            check(
                "notice_secret_way",
                Q(channel__in=["email", "drill"]) | Q(method__isnull=False),
                "A chat or webhook is one of somebody's ways to be reached.",
            ),
            check("notice_way", Q(way__gte=1), "Ways are counted from 1."),
            check(
                "notice_bundle_of_another",
                Q(bundle=None) | ~Q(bundle=F("id")),
                "A notice travels with another, not with itself.",
            ),
        ]
        indexes = [
            # The sender reads what is due and unsent through this.
            models.Index(fields=["not_before"], name="notice_pending", condition=PENDING),
            # What nobody got, for those who look after it.
            models.Index(
                fields=["failed_at"], name="notice_dead", condition=Q(failed_at__isnull=False)
            ),
            # How many pages a person had lately.
            models.Index(
                fields=["recipient", "sent_at"], name="notice_pages", condition=Q(kind="page")
            ),
            models.Index(
                fields=["method"], name="notice_method", condition=Q(method__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class NoticeAttempt(models.Model):
    """One try to send, or one word of a person to try again. Kept for 90 days."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="tries", db_index=False)
    number = models.PositiveSmallIntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome)
    error = models.CharField(max_length=300, blank=True)
    took_ms = models.PositiveIntegerField(default=0)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering = ["notice", "id"]
        constraints = [
            unique(
                "notice_attempt_once",
                "notice",
                "number",
                "outcome",
                sentence="This try is told already.",
            ),
            one_of("notice_attempt_outcome", "outcome", Outcome),
            check(
                "notice_attempt_by",
                Q(outcome="again", by__isnull=False) | ~Q(outcome="again") & Q(by=None),
                "Whoever sends again is named; machines are not.",
            ),
        ]
        indexes = [models.Index(fields=["at"], name="notice_attempt_at")]

    def __str__(self) -> str:
        return f"try {self.number}"
