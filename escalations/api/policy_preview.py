"""What would happen to an incident like this under a version, over HTTP."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import NounView
from config.lib.errors import field_error
from escalations.api.bodies import AnchorsIn, FactsIn
from escalations.api.ladders import PreviewStepOut
from escalations.forms.verbs import AwareDateTimeField, StrictSerializer
from escalations.models.signals import SeverityHint
from escalations.rules.policy import Severity
from escalations.selectors.incidents import MAX_NUMBER, visible_incident
from escalations.services.policy_preview import asked_of, foretell, known_from, version_of

KINDS = ("kpi", "customer", "operations", "account_health")


class ForetellIn(StrictSerializer):
    """An incident as somebody imagines it; what is left out is not known."""

    incident = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_NUMBER,
        help_text="Begins with what is known of this one; what else is said stands over it.",
    )
    at = AwareDateTimeField(required=False, help_text="When it opens; default now.")
    kind = serializers.CharField(required=False, help_text=f"One of {', '.join(KINDS)}.")
    account = serializers.CharField(max_length=80, required=False, allow_blank=True)
    kpi = serializers.CharField(max_length=80, required=False, allow_blank=True)
    segment = serializers.CharField(max_length=120, required=False, allow_blank=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    category = serializers.CharField(max_length=60, required=False, allow_blank=True)
    severity_hint = serializers.ChoiceField(SeverityHint.choices, required=False)
    declared = serializers.CharField(
        required=False, help_text="S1 to S4: what the KPI says of its state."
    )
    facts = FactsIn(required=False)
    anchors = AnchorsIn(required=False)


class DueOut(serializers.Serializer):
    kind = serializers.CharField(help_text="response, restore, cadence or resolution.")
    target_s = serializers.IntegerField()
    due_at = serializers.DateTimeField(source="at", allow_null=True)


class SeatedOut(serializers.Serializer):
    """The row of the version that would ask for a task force."""

    position = serializers.IntegerField()
    rule = serializers.CharField()
    when = serializers.CharField(help_text="Its conditions, in words.")
    team = serializers.CharField(help_text="Its code. Empty: the founder and the owner alone.")
    people = serializers.ListField(child=serializers.CharField(), help_text="In that team now.")
    channel_url = serializers.CharField()
    bridge_url = serializers.CharField()
    meets = serializers.CharField(help_text="Such as every 2 h. Empty: no standing meeting.")
    is_of_house = serializers.BooleanField(
        help_text="The version is from before versions carried task forces."
    )


class ForetoldOut(serializers.Serializer):
    policy = serializers.CharField(source="code")
    version = serializers.IntegerField(source="number")
    severity = serializers.CharField(help_text="S1 to S4.")
    why = serializers.CharField()
    rule = serializers.CharField()
    team = serializers.CharField(help_text="Empty: none.")
    owner = serializers.CharField(help_text="Empty: nobody is on call.")
    why_owner = serializers.CharField()
    ladder = serializers.CharField()
    decision = serializers.DictField(help_text="Each factor, test and floor, as it is stored.")
    route = serializers.DictField(help_text="Each rule that was tried, and why it did not match.")
    steps = PreviewStepOut(many=True, source="climb.steps", default=())
    task_force = SeatedOut(allow_null=True, help_text="Null: no row asks for one.")
    clocks = DueOut(many=True)
    given = serializers.DictField(help_text="The input as a worked example has it.")
    anchors = serializers.DictField(help_text="Of each factor, as it was counted.")


class PolicyPreview(NounView):
    """Nothing is stored and nobody is told."""

    rights = {"POST": ("escalations.view_policyversion",)}

    @extend_schema(
        operation_id="policy_versions_preview",
        summary="Try an incident under a version",
        request=ForetellIn,
        responses=ForetoldOut,
    )
    def post(self, request: Request, code: str, number: int) -> Response:
        body = ForetellIn(data=self.document())
        body.is_valid(raise_exception=True)
        asked = dict(body.validated_data)
        at = asked.pop("at", None) or self.at
        if incident := asked.pop("incident", None):
            asked = _over(asked_of(visible_incident(incident, self.person), self.person), asked)
        for name, known in (("kind", KINDS), ("declared", tuple(Severity.__members__))):
            if asked.get(name) and asked[name] not in known:
                raise field_error(name, "invalid_choice", f"Use one of {', '.join(known)}.")
        found = foretell(version_of(code, number), known_from(asked, at), at, self.person)
        return Response(ForetoldOut(found).data)


def _over(known: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """What is said stands over what is known, fact by fact."""
    groups = {name: {**known[name], **(said.get(name) or {})} for name in ("facts", "anchors")}
    return {**known, **said, **groups}
