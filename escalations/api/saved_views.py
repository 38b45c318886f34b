"""/api/v1/saved-views/: views of the queue, one's own and shared ones."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import DiscreetSerializer, NounDetail, NounList, documented, named_by
from config.lib.errors import field_error
from escalations.models import SavedView
from escalations.selectors.queue_filters import FILTERS, Asked
from escalations.selectors.saved_views import asked_of, saved_views
from escalations.services.saved_views import change_view, delete_view, save_view

VIEW = {"GET": ("escalations.view_incident",)}


class SavedViewSerializer(DiscreetSerializer):
    team = named_by("code")
    made_by = named_by("username")
    query = serializers.SerializerMethodField()
    url = serializers.SerializerMethodField(help_text="Address of the queue's page.")

    class Meta:
        model = SavedView
        fields = (
            "id",
            "name",
            "team",
            "is_for_all",
            "position",
            "query",
            "url",
            "made_at",
            "made_by",
        )

    def get_query(self, view: SavedView) -> dict[str, Any]:
        return asked_of(view).query

    def get_url(self, view: SavedView) -> str:
        return asked_of(view).url()


class ViewIn(serializers.Serializer):
    """`query` holds filters by the names that the queue's address has, and `sort`."""

    name = serializers.CharField(max_length=60)
    scope = serializers.CharField(default="me", help_text="me, all or a team's code.")
    query = serializers.DictField()

    def validate_query(self, given: dict[str, Any]) -> Asked:
        names = {*FILTERS, "sort"}
        asked = Asked.of(given)
        told = {name: value for name, value in given.items() if value not in ("", [], None)}
        if unknown := sorted(set(given) - names):
            raise field_error("query", "unknown_filter", f"There is no filter {unknown[0]!r}.")
        if lost := sorted(set(told) - set(asked.query)):
            raise field_error("query", "unknown_value", f"{lost[0]} has no such value.")
        return asked


class ViewChangeIn(ViewIn):
    name = serializers.CharField(max_length=60, required=False)
    scope = serializers.CharField(required=False)
    query = serializers.DictField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=9999, required=False)


def _given(body: ViewIn) -> dict[str, Any]:
    body.is_valid(raise_exception=True)
    given = dict(body.validated_data)
    return {("asked" if name == "query" else name): value for name, value in given.items()}


@documented("saved view", "saved-views", SavedViewSerializer)
class SavedViewList(NounList):
    """Your own, those of your teams, and everybody's."""

    rights = VIEW
    serializer = SavedViewSerializer
    ordering_fields = ("position", "name", "made_at")
    ordering = "position"

    def rows(self) -> QuerySet[SavedView]:
        return saved_views(self.person).select_related("made_by", "person", "team", "account")

    @extend_schema(request=ViewIn, responses={201: SavedViewSerializer}, summary="Save a view")
    def post(self, request: Request) -> Response:
        given = _given(ViewIn(data=self.document()))
        made = save_view(given.pop("name"), given.pop("asked"), **given, by=self.person, at=self.at)
        return Response(self.shown(self.rows().get(pk=made.pk)), status=201)


@documented("saved view", "saved-views", SavedViewSerializer)
class SavedViewDetail(NounDetail):
    rights = VIEW
    serializer = SavedViewSerializer
    key = "id"

    def rows(self) -> QuerySet[SavedView]:
        return saved_views(self.person)

    @extend_schema(request=ViewChangeIn, responses=SavedViewSerializer, summary="Change a view")
    def patch(self, request: Request, id: int) -> Response:
        view = self.found(id=id)
        change_view(view.pk, **_given(ViewChangeIn(data=self.document())), by=self.person)
        return Response(self.shown(self.rows().filter(pk=view.pk).first() or view))

    @extend_schema(responses={204: None}, summary="Delete a view")
    def delete(self, request: Request, id: int) -> Response:
        delete_view(self.found(id=id).pk, by=self.person, at=self.at)
        return Response(status=204)
