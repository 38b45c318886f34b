"""/api/v1/playbooks/: the library with its triggers."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models.customers import TierChoice
from config.lib.api import CursorPages, HasAnyRole
from config.lib.api_nouns import named_by
from config.lib.api_view import BelayAPIView
from config.lib.errors import field_error
from config.lib.serializers import StrictSerializer
from escalations.api.incidents import check_number
from escalations.models import Kpi, PlaybookTrigger
from escalations.models.incidents import Kind
from escalations.models.playbooks import FailureMode
from escalations.rules.policy import Severity
from escalations.rules.verbs import SEVERITY_CHOICES
from escalations.selectors.incidents import iso, visible_incident
from escalations.selectors.playbooks import (
    Asked,
    library,
    proposals,
    sentence,
    visible_playbook,
)
from escalations.services.triggers import set_triggers
from playbooks.api.bodies import PlaybookIn, PlaybookVersionOut
from playbooks.api.playbooks import version_value
from playbooks.api.rights import ByRight
from playbooks.api.templates import refusal
from playbooks.models import Playbook
from playbooks.models.playbooks import PlaybookKind
from playbooks.services.playbooks import save_playbook
from playbooks.services.rights import VIEW

MOST_TRIGGERS = 20


class _Conditions(StrictSerializer):
    """What a trigger asks for; what is left out it does not ask for."""

    kind = serializers.ChoiceField(Kind.choices, required=False, allow_blank=True)
    failure_mode = serializers.ChoiceField(FailureMode.choices, required=False, allow_blank=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    tier = serializers.ChoiceField(TierChoice.choices, required=False, allow_blank=True)
    category = serializers.CharField(max_length=60, required=False, allow_blank=True)
    severity_at_least = serializers.ChoiceField(SEVERITY_CHOICES, required=False, allow_null=True)


class TriggerIn(_Conditions):
    """At least one condition; all that are given must hold."""

    kpi = named_by("code", Kpi.objects, required=False, allow_null=True)


class TriggersIn(StrictSerializer):
    triggers: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=TriggerIn(), max_length=MOST_TRIGGERS
    )


class TriggerOut(_Conditions):
    kpi = serializers.CharField(allow_null=True)
    position = serializers.IntegerField()
    sentence = serializers.CharField()


class PlaybookRow(serializers.Serializer):
    code = serializers.CharField()
    name = serializers.CharField()
    summary = serializers.CharField()
    product_area = serializers.CharField()
    kind = serializers.ChoiceField(PlaybookKind.choices)
    owner = serializers.CharField(allow_null=True)
    team = serializers.CharField(allow_null=True)
    is_active = serializers.BooleanField()
    version = serializers.IntegerField(allow_null=True, help_text="In force.")
    last_used_at = serializers.DateTimeField(allow_null=True)
    last_state = serializers.CharField(allow_null=True)
    last_outcome = serializers.CharField(allow_null=True)


class PlaybookOut(PlaybookRow):
    in_force = PlaybookVersionOut(allow_null=True)
    drafts = serializers.ListField(child=serializers.IntegerField())
    triggers = TriggerOut(many=True)


class ProposalOut(serializers.Serializer):
    playbook = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(PlaybookKind.choices)
    version = serializers.IntegerField()
    score = serializers.IntegerField(help_text="How narrowly its trigger fits.")
    why = serializers.CharField()
    hypothesis = serializers.CharField()
    success_criterion = serializers.CharField()
    rollback = serializers.CharField()


class ProposalsOut(serializers.Serializer):
    proposals = ProposalOut(many=True)


def playbook_row(row: Playbook) -> dict[str, Any]:
    """A row of `library`."""
    return {
        "code": row.code,
        "name": row.name,
        "summary": row.summary,
        "product_area": row.product_area,
        "kind": row.kind,
        "owner": row.owner.username if row.owner else None,
        "team": row.team.code if row.team else None,
        "is_active": row.is_active,
        "version": getattr(row, "version_number", None),
        "last_used_at": iso(getattr(row, "last_used_at", None)),
        "last_state": getattr(row, "last_state", None),
        "last_outcome": getattr(row, "last_outcome", None) or None,
    }


def trigger_value(trigger: PlaybookTrigger) -> dict[str, Any]:
    least = trigger.severity_at_least
    return {
        "position": trigger.position,
        "kind": trigger.kind,
        "kpi": trigger.kpi.code if trigger.kpi else None,
        "failure_mode": trigger.failure_mode,
        "product_area": trigger.product_area,
        "tier": trigger.tier,
        "category": trigger.category,
        "severity_at_least": Severity(least).label if least else None,
        "sentence": sentence(trigger),
    }


class _Playbooks(BelayAPIView):
    permission_classes = (HasAnyRole, ByRight)
    rights = {"GET": VIEW, "HEAD": VIEW, "POST": VIEW, "PATCH": VIEW, "PUT": VIEW}

    def answer(self, code: str, status: int = 200) -> Response:
        user = self.person
        playbook = visible_playbook(code, user)
        row = library(Asked(), user, with_inactive=True).get(pk=playbook.pk)
        versions = list(playbook.versions.all())
        in_force = next((each for each in versions if each.state == "in_force"), None)
        return Response(
            {
                **playbook_row(row),
                "in_force": version_value(in_force) if in_force else None,
                "drafts": [each.number for each in versions if each.state == "draft"],
                "triggers": [trigger_value(each) for each in playbook.triggers.all()],
            },
            status=status,
        )

    def save(self, playbook: Playbook, given: dict[str, Any]) -> None:
        reason = given.pop("reason", "")
        for name, value in given.items():
            setattr(playbook, name, value)
        try:
            save_playbook(playbook, by=self.person, at=self.at, reason=reason)
        except ValidationError as error:
            raise refusal(error) from error


class PlaybooksView(_Playbooks):
    pagination_class = CursorPages
    ordering_fields = ("name", "last_used_at")
    ordering = "name"
    filters = {
        "area": "Product area; playbooks for every area come with it.",
        "tier": "Customer's tier; playbooks for every tier come with it.",
        "kind": "remediation, incident, communication or recovery.",
        "q": "Words of the name, the summary or the area.",
    }

    @extend_schema(responses=PlaybookRow(many=True), summary="Search the library")
    def get(self, request: Request) -> Response:
        asked = Asked(**{name: self.parameter(name) or "" for name in self.filters})
        if asked.tier and asked.tier not in TierChoice.values:
            raise field_error("tier", "unknown_tier", f"Use one of {', '.join(TierChoice.values)}.")
        if asked.kind and asked.kind not in PlaybookKind.values:
            known = ", ".join(PlaybookKind.values)
            raise field_error("kind", "unknown_kind", f"Use one of {known}.")
        pages = self.pagination_class()
        page = pages.paginate_queryset(library(asked, self.person), request, view=self)
        return pages.get_paginated_response([playbook_row(row) for row in page])

    @extend_schema(request=PlaybookIn, responses={201: PlaybookOut}, summary="Add a playbook")
    def post(self, request: Request) -> Response:
        body = PlaybookIn(data=self.document())
        body.is_valid(raise_exception=True)
        playbook = Playbook()
        self.save(playbook, dict(body.validated_data))
        return self.answer(playbook.code, 201)


class PlaybookView(_Playbooks):
    @extend_schema(responses=PlaybookOut, summary="One playbook: its version in force, triggers")
    def get(self, request: Request, code: str) -> Response:
        return self.answer(code)

    @extend_schema(request=PlaybookIn, responses=PlaybookOut, summary="Change what names it")
    def patch(self, request: Request, code: str) -> Response:
        body = PlaybookIn(data=self.document(), partial=True)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        if given.pop("code", code) != code:
            raise field_error("code", "fixed", "What a playbook is called stays.")
        self.save(visible_playbook(code, self.person), given)
        return self.answer(code)


class PlaybookTriggers(_Playbooks):
    @extend_schema(request=TriggersIn, responses=PlaybookOut, summary="Replace all its triggers")
    def put(self, request: Request, code: str) -> Response:
        body = TriggersIn(data=self.document())
        body.is_valid(raise_exception=True)
        rows = []
        for given in body.validated_data["triggers"]:
            least = given.get("severity_at_least")
            rows.append({**given, "severity_at_least": Severity[least] if least else None})
        playbook = visible_playbook(code, self.person)
        try:
            set_triggers(playbook, rows, by=self.person, at=self.at)
        except ValidationError as error:
            raise refusal(error) from error
        return self.answer(code)


class IncidentPlaybooks(_Playbooks):
    @extend_schema(responses=ProposalsOut, summary="Playbooks that fit an incident, and why")
    def get(self, request: Request, number: int) -> Response:
        incident = visible_incident(check_number(number), self.person)
        texts = ("hypothesis", "success_criterion", "rollback")
        rows = [
            {
                "playbook": each.code,
                "name": each.name,
                "kind": each.kind,
                "version": each.version.number,
                "score": each.score,
                "why": each.why,
                **{name: getattr(each.version, name) for name in texts},
            }
            for each in proposals(incident)
        ]
        return Response({"proposals": rows})
