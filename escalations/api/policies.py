"""Policies and every version of them over HTTP, read only: they change through the committee."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import (
    DiscreetSerializer,
    NounDetail,
    NounList,
    NounView,
    documented,
    named_by,
)
from escalations.models import Policy, PolicyVersion
from escalations.selectors.policies import as_json, policy_doc


class VersionRow(DiscreetSerializer):
    published_by = named_by("username")

    class Meta:
        model = PolicyVersion
        fields = (
            "number",
            "state",
            "effective_from",
            "retired_at",
            "published_by",
            "sha256",
            "note",
            "created_at",
        )


class PolicySerializer(DiscreetSerializer):
    in_force = serializers.SerializerMethodField()

    class Meta:
        model = Policy
        fields = ("code", "name", "product_areas", "is_default", "in_force")

    @extend_schema_field(serializers.IntegerField(allow_null=True))
    def get_in_force(self, policy: Policy) -> int | None:
        """The number of the version that decides now."""
        return next((v.number for v in policy.versions.all() if v.state == "in_force"), None)


class _Policies(NounView):
    rights = {"GET": ("escalations.view_policy",)}
    serializer = PolicySerializer

    def rows(self) -> QuerySet[Policy]:
        return Policy.objects.prefetch_related("versions")


@documented("policy", "policies", PolicySerializer)
class PolicyList(_Policies, NounList):
    """Policies with the number of their version in force."""

    ordering_fields = ("code", "name")
    ordering = "code"
    search = ("code", "name")
    lookups = {"default": ("true or false.", "is_default")}


@documented("policy", "policies", PolicySerializer)
class PolicyDetail(_Policies, NounDetail):
    pass


@documented("version", "policy versions", VersionRow)
class PolicyVersionList(NounList):
    """The versions of one policy."""

    rights = {"GET": ("escalations.view_policyversion",)}
    serializer = VersionRow
    ordering_fields = ("number", "effective_from")
    ordering = "-number"
    lookups = {"state": ("draft, in_review, approved, scheduled, in_force, retired.", "state")}

    def rows(self) -> QuerySet[PolicyVersion]:
        policy = get_object_or_404(Policy, code=self.kwargs["code"])
        return policy.versions.select_related("published_by")


class VersionOut(VersionRow):
    document = serializers.DictField(help_text="Everything the version says, as rules see it.")

    class Meta(VersionRow.Meta):
        fields = (*VersionRow.Meta.fields, "document")  # type: ignore[assignment]  # one more


class PolicyVersionDetail(NounView):
    rights = {"GET": ("escalations.view_policyversion",)}

    @extend_schema(
        operation_id="policy_versions_retrieve",
        summary="One version with all it says",
        responses=VersionOut,
    )
    def get(self, request: Request, code: str, number: int) -> Response:
        versions = PolicyVersion.objects.select_related("published_by")
        version = get_object_or_404(versions, policy__code=code, number=number)
        row: dict[str, Any] = dict(VersionRow(version, context=self.context()).data)
        return Response({**row, "document": as_json(policy_doc(version.pk))})
