"""What the API takes and gives of stand-ins, absences, swaps and versions of rosters."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Absence, Override, Swap, User
from config.lib.api_nouns import DiscreetSerializer, named_by
from config.lib.serializers import StrictSerializer


class OverrideRow(DiscreetSerializer):
    user = named_by("username", allow_null=True)
    recorded_by = named_by("username")

    class Meta:
        model = Override
        fields = (
            "id",
            "user",
            "start_at",
            "end_at",
            "reason",
            "recorded_at",
            "recorded_by",
            "withdrawn_at",
            "swap",
        )


class AbsenceRow(DiscreetSerializer):
    user = named_by("username")
    recorded_by = named_by("username")

    class Meta:
        model = Absence
        fields = (
            "id",
            "user",
            "start_at",
            "end_at",
            "reason",
            "recorded_at",
            "recorded_by",
            "withdrawn_at",
        )


class SwapRow(DiscreetSerializer):
    roster = named_by("code")
    asked_by = named_by("username")
    partner = named_by("username")
    give = serializers.SerializerMethodField()
    take = serializers.SerializerMethodField()

    class Meta:
        model = Swap
        fields = (
            "id",
            "roster",
            "asked_by",
            "asked_at",
            "partner",
            "give",
            "take",
            "reason",
            "state",
            "answered_at",
        )

    def get_give(self, swap: Swap) -> str:
        return f"{swap.give_layer}.{swap.give_number}"

    def get_take(self, swap: Swap) -> str:
        return f"{swap.take_layer}.{swap.take_number}"


class PeriodIn(StrictSerializer):
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class OverrideIn(PeriodIn):
    user = named_by("username", User.objects)


class AbsenceIn(PeriodIn):
    user = named_by("username", User.objects, required=False)


class SwapIn(StrictSerializer):
    give = serializers.CharField(max_length=20, help_text="Your shift, such as 1.12.")
    take = serializers.CharField(max_length=20, help_text="The shift you would take instead.")
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ReasonIn(StrictSerializer):
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class LayerIn(StrictSerializer):
    zone = serializers.CharField(max_length=64)
    handoff = serializers.TimeField()
    unit = serializers.ChoiceField(["hour", "day", "week", "month"])
    every = serializers.IntegerField(min_value=1, max_value=366, default=1)
    start_on = serializers.DateField(required=False, allow_null=True, default=None)
    restrict = serializers.DictField(required=False, default=dict)
    people = named_by("username", User.objects, many=True, allow_empty=False)
    continue_with = named_by("username", User.objects)


class RosterVersionIn(StrictSerializer):
    layers: serializers.ListSerializer[Any] = serializers.ListSerializer(
        child=LayerIn(), max_length=10, help_text="Lowest first."
    )
    not_before = serializers.DateTimeField(required=False, allow_null=True, default=None)
    fallback = named_by("username", User.objects, required=False, allow_null=True, default=None)
    accept_gaps = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class ShiftOut(serializers.Serializer):
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    person = serializers.CharField(allow_null=True, help_text="Username; null in a gap.")
    source = serializers.CharField(  # type: ignore[assignment]  # also an attribute of fields
        help_text="layer1 and up, override, fallback, or why nobody."
    )
    key = serializers.CharField(help_text="Of the shift, such as 1.12, or of the override.")


class ShiftsOut(serializers.Serializer):
    shifts = ShiftOut(many=True)


class CoverProposalOut(serializers.Serializer):
    user = serializers.CharField()
    why = serializers.CharField()


class GapOut(serializers.Serializer):
    start_at = serializers.DateTimeField()
    end_at = serializers.DateTimeField()
    why = serializers.CharField()
    proposals = CoverProposalOut(many=True, help_text="Accept one by recording it as an override.")


class OutlookOut(serializers.Serializer):
    gaps = GapOut(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


class PublishedVersionOut(serializers.Serializer):
    number = serializers.IntegerField()
    effective_from = serializers.DateTimeField()
