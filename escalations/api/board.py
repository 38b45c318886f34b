"""The monthly letter to the board over HTTP."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import NounView
from escalations.selectors.board import READ, board_letter, month_of


class BoardLineOut(serializers.Serializer):
    text = serializers.CharField()
    url = serializers.CharField(help_text="Where its first words lead, or empty.")


class BoardTableOut(serializers.Serializer):
    caption = serializers.CharField()
    head = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.ListField(child=serializers.CharField()))


class BoardSectionOut(serializers.Serializer):
    code = serializers.CharField(help_text="incidents, promises, ...; `nothing` without data.")
    title = serializers.CharField()
    lines = BoardLineOut(many=True)
    table = BoardTableOut(allow_null=True)


class BoardLetterOut(serializers.Serializer):
    month = serializers.CharField(source="month.code")
    status = serializers.CharField(help_text="Says so when the month is not over.")
    sections = BoardSectionOut(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class BoardLetterView(NounView):
    """The letter of one month, as `/board/<month>/` shows it."""

    rights = {"GET": (READ,)}

    @extend_schema(
        operation_id="board_letter", summary="Letter to the board", responses=BoardLetterOut
    )
    def get(self, request: Request, month: str) -> Response:
        found = board_letter(self.person, month_of(month, self.at), self.at)
        return Response(BoardLetterOut(found).data)
