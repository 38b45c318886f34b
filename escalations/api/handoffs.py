"""Hand-offs of an incident and its links, over HTTP, read only; the verbs change them."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import DiscreetSerializer, NounList, documented, named_by
from config.lib.api_view import BelayAPIView
from escalations.api.incidents import check_number
from escalations.models import Handoff, IncidentLink
from escalations.rules.verbs import LINK_KINDS
from escalations.selectors.incidents import iso, visible_incident
from escalations.selectors.moving_cards import links_card


class HandoffSerializer(DiscreetSerializer):
    from_user = named_by("username")
    from_team = named_by("code")
    to_user = named_by("username")
    to_team = named_by("code")
    accepted_by = named_by("username")
    declined_by = named_by("username")
    withdrawn_by = named_by("username")
    next_step_owner = named_by("username")
    outcome = serializers.ChoiceField(
        ["pending", "accepted", "declined", "withdrawn", "returned"], read_only=True
    )

    class Meta:
        model = Handoff
        fields = (
            "number",
            "outcome",
            "from_user",
            "from_team",
            "to_user",
            "to_team",
            "summary",
            "status",
            "risks",
            "next_step",
            "next_step_owner",
            "next_step_due_at",
            "waits",
            "asked_at",
            "expires_at",
            "accepted_at",
            "accepted_by",
            "declined_at",
            "declined_by",
            "withdrawn_at",
            "withdrawn_by",
            "returned_at",
            "reason",
            "is_return",
        )


@documented("hand-off", "handoffs", HandoffSerializer)
class HandoffList(NounList):
    """Every hand-off of one incident, with its packet."""

    rights = {"GET": ("escalations.view_incident",)}
    serializer = HandoffSerializer
    ordering_fields = ("number",)
    ordering = "number"

    def rows(self) -> QuerySet[Handoff]:
        incident = visible_incident(check_number(self.kwargs["number"]), self.person)
        people = ("from_user", "to_user", "next_step_owner", "accepted_by")
        ends = ("declined_by", "withdrawn_by", "from_team", "to_team")
        return Handoff.objects.filter(incident=incident).select_related(*people, *ends)


class LinkOut(serializers.Serializer):
    incident = serializers.IntegerField()
    kind = serializers.ChoiceField(LINK_KINDS)
    other = serializers.IntegerField()
    linked_at = serializers.DateTimeField()
    linked_by = serializers.CharField(allow_null=True)


class LinksOut(serializers.Serializer):
    merged_into = serializers.IntegerField(allow_null=True)
    merged = serializers.ListField(child=serializers.IntegerField())
    links = LinkOut(many=True)


class LinkList(BelayAPIView):
    """What an incident belongs to. Incidents that the reader may not see are left out."""

    @extend_schema(responses=LinksOut, summary="Links and merges of an incident")
    def get(self, request: Request, number: int) -> Response:
        incident = visible_incident(check_number(number), self.person)
        card = links_card(incident, self.person)
        seen = {row.key for row in card.rows}
        rows = IncidentLink.objects.filter(
            Q(incident=incident) | Q(other=incident), ended_at=None
        ).select_related("linked_by")
        links = [
            {
                "incident": row.incident_id,
                "kind": row.kind,
                "other": row.other_id,
                "linked_at": iso(row.linked_at),
                "linked_by": row.linked_by.username if row.linked_by else None,
            }
            for row in rows.order_by("linked_at", "pk")
            if {f"INC-{row.incident_id}", f"INC-{row.other_id}"} - {incident.key} <= seen
        ]
        merged = [
            int(row.key.removeprefix("INC-")) for row in card.rows if row.how == "Merged into this"
        ]
        return Response({"merged_into": incident.merged_into_id, "merged": merged, "links": links})
