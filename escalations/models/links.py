"""Incidents that belong together: links between two, and one that went into another."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, one_of, paired, unique
from escalations.models.incidents import Incident


class LinkKind(models.TextChoices):
    RELATED = "related", "Related"
    DUPLICATE_OF = "duplicate_of", "Duplicate of"
    CAUSED_BY = "caused_by", "Caused by"


class IncidentLink(models.Model):
    """Shown on both. A link that was taken back keeps its row."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="links_out")
    other = models.ForeignKey(Incident, models.PROTECT, related_name="links_in")
    kind = models.CharField(max_length=12, choices=LinkKind)
    linked_at = models.DateTimeField()
    linked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )  # None: the machine, for what came back too late to reopen
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            one_of("link_kind", "kind", LinkKind),
            check("link_two", ~Q(incident=F("other")), "A link needs two incidents."),
            unique(
                "link_once",
                "incident",
                "other",
                "kind",
                condition=Q(ended_at=None),
                sentence="These two are linked so already.",
            ),
            paired("incidentlink", at="ended_at", by="ended_by"),
        ]

    def __str__(self) -> str:
        return self.kind


class Merge(models.Model):
    """One incident went into another; what moved is kept, so that it can be taken back."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="merges")
    into = models.ForeignKey(Incident, models.PROTECT, related_name="merges_in")
    reason = models.CharField(max_length=500)
    merged_at = models.DateTimeField()
    merged_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    state_before = models.CharField(max_length=12)
    is_earliest = models.BooleanField(help_text="Promises count from the earlier start.")
    signals = models.JSONField(default=list, help_text="Ids of the episodes that moved.")
    clocks = models.JSONField(default=list, help_text="Clocks that ended: id, awaiting, check_at.")
    responders = models.JSONField(default=list, help_text="Ids of the roles that ended.")
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            check("merge_two", ~Q(incident=F("into")), "A merge needs two incidents."),
            unique(
                "merge_once",
                "incident",
                condition=Q(undone_at=None),
                sentence="It is merged already.",
            ),
            paired("merge", at="undone_at", by="undone_by"),
        ]

    def __str__(self) -> str:
        return self.reason
