"""Updates on their way to customers over HTTP: to whom, by whom, and whether they left."""

from __future__ import annotations

from django.db.models import QuerySet
from rest_framework import serializers

from config.lib.api_nouns import (
    DiscreetSerializer,
    NounDetail,
    NounList,
    NounView,
    documented,
    is_set,
    named_by,
)
from escalations.models import CustomerLetter, Incident


class LetterSerializer(DiscreetSerializer):
    incident = serializers.IntegerField(source="incident_id")
    to = serializers.CharField(source="name")
    written_by = named_by("username", allow_null=True)

    class Meta:
        model = CustomerLetter
        fields = (
            "id",
            "incident",
            "to",
            "subject",
            "text",
            "written_by",
            "created_at",
            "attempts",
            "try_at",
            "sent_at",
            "failed_at",
            "last_error",
        )


class _Letters(NounView):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = LetterSerializer

    def rows(self) -> QuerySet[CustomerLetter]:
        seen = Incident.objects.visible_to(self.person)
        rows = CustomerLetter.objects.real().filter(incident__in=seen).select_related("written_by")
        return rows.annotate(has_failed=is_set("failed_at"), has_left=is_set("sent_at"))


@documented("letter", "letters", LetterSerializer)
class LetterList(_Letters, NounList):
    """Updates that leave by mail for the contacts of a customer."""

    ordering_fields = ("created_at", "sent_at")
    ordering = "-created_at"
    search = ("subject", "name")
    lookups = {
        "incident": ("Number.", "incident"),
        "failed": ("true or false: it did not arrive.", "has_failed"),
        "sent": ("true or false: a mail server took it.", "has_left"),
    }


@documented("letter", "letters", LetterSerializer)
class LetterDetail(_Letters, NounDetail):
    key = "id"
