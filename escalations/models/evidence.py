"""What was seen, kept beside the timeline: files, links and what the machine saw at the opening.

Nothing is changed or deleted: who erred withdraws it and says why. Bytes are rows, so that every
host has them and a backup of the database is a backup of everything.
"""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.lib.models import begins, check, one_of, paired, unique
from escalations.models.incidents import Incident
from escalations.models.timeline import TimelineEvent

LARGEST_FILE = 5 * 1024 * 1024


class EvidenceKind(models.TextChoices):
    FILE = "file", "File"
    LINK = "link", "Link"
    SIGNALS = "signals", "Signals at opening"
    SERIES = "series", "KPI series at opening"


SNAPSHOTS = (EvidenceKind.SIGNALS.value, EvidenceKind.SERIES.value)


class EvidenceQuerySet(models.QuerySet["Evidence"]):
    def standing(self) -> Self:
        return self.filter(withdrawn_at=None)


class Evidence(models.Model):
    """`snapshot` holds what the machine saw, else {}. `sha256` is of the file's bytes."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=8, choices=EvidenceKind)
    title = models.CharField(max_length=200)
    text = models.TextField("what it shows", blank=True)
    url = models.CharField(max_length=1000, blank=True)
    file_name = models.CharField(max_length=150, blank=True)
    content_type = models.CharField(max_length=60, blank=True)
    size = models.PositiveIntegerField("bytes", default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    snapshot = models.JSONField(default=dict, blank=True)
    taken_at = models.DateTimeField()
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )  # None: the machine
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_reason = models.CharField(max_length=300, blank=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["taken_at", "id"]
        verbose_name_plural = "evidence"
        constraints = [
            one_of("evidence_kind", "kind", EvidenceKind),
            check("evidence_title", ~Q(title=""), "Say what it is, in a few words."),
            check(
                "evidence_link",
                Q(kind="link") & begins("url", "https://", "http://") | ~Q(kind="link") & Q(url=""),
                "A link begins with https:// or http://, and only a link has one.",
            ),
            check(
                "evidence_file",
                Q(kind="file", size__gte=1, size__lte=LARGEST_FILE)
                & ~Q(file_name="")
                & ~Q(content_type="")
                & ~Q(sha256="")
                | ~Q(kind="file") & Q(size=0, file_name="", content_type="", sha256=""),
                "A file has a name, a kind and 1 byte to 5 MB.",
            ),
            check(
                "evidence_by",
                Q(kind__in=SNAPSHOTS, taken_by=None)
                | ~Q(kind__in=SNAPSHOTS) & Q(taken_by__isnull=False),
                "People bring files and links, the machine takes snapshots.",
            ),
            paired("evidence", at="withdrawn_at", by="withdrawn_by"),
            check(
                "evidence_withdrawn_why",
                Q(withdrawn_at=None) | ~Q(withdrawn_reason=""),
                "Say why it is withdrawn.",
            ),
            unique(
                "evidence_snapshot_once",
                "incident",
                "kind",
                condition=Q(kind__in=SNAPSHOTS),
                sentence="The opening was kept already.",
            ),
            unique(
                "evidence_file_once",
                "incident",
                "sha256",
                condition=Q(kind="file", withdrawn_at=None),
                sentence="This file is there already.",
                code="same_file",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class EvidenceContent(models.Model):
    """The bytes of a file, in a row of their own: lists never load them."""

    evidence = models.OneToOneField(
        Evidence, models.PROTECT, primary_key=True, related_name="content"
    )
    content = models.BinaryField()

    def __str__(self) -> str:
        return f"bytes of {self.evidence_id}"


class NoteWithdrawal(models.Model):
    """A note of the timeline that its writer took back. The note stays, struck out."""

    event = models.OneToOneField(TimelineEvent, models.PROTECT, related_name="withdrawal")
    withdrawn_at = models.DateTimeField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    reason = models.CharField(max_length=300)

    class Meta:
        constraints = [
            check("note_withdrawal_why", ~Q(reason=""), "Say why it is withdrawn."),
        ]

    def __str__(self) -> str:
        return self.reason
