"""The outbox: every message out is a row first, written in the transaction that causes it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, one_of
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incidents import Incident
from escalations.models.ladders import LadderStep


class Channel(models.TextChoices):
    EMAIL = "email"
    DRILL = "drill"


class NoticeKind(models.TextChoices):
    PAGE = "page"  # must wake someone
    ASSIGNED = "assigned"
    WARNING = "warning"
    BREACH = "breach"
    NEWS = "news"
    KPI = "kpi"


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
    address = models.CharField(max_length=254)
    subject = models.CharField(max_length=400)
    text = models.TextField()
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    leased_until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)
    step = models.ForeignKey(
        LadderStep, models.PROTECT, null=True, blank=True, related_name="notices"
    )
    # Sent as a part of that one: whoever gets many pages gets some of them together.
    bundle = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="bundled"
    )
    delay_reason = models.CharField(max_length=200, blank=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
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
                "notice_bundle_of_another",
                Q(bundle=None) | ~Q(bundle=F("id")),
                "A notice travels with another, not with itself.",
            ),
        ]
        indexes = [
            # The sender reads what is due and unsent through this.
            models.Index(fields=["not_before"], name="notice_pending", condition=PENDING),
            # How many pages a person had lately.
            models.Index(
                fields=["recipient", "sent_at"], name="notice_pages", condition=Q(kind="page")
            ),
        ]

    def __str__(self) -> str:
        return self.subject
