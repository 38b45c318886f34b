"""What happened and what is about to, over HTTP, read only: signals, clocks, ladders.

Rows of an incident are shown to whoever may see the incident.
"""

from __future__ import annotations

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from rest_framework import serializers

from config.lib.api_nouns import (
    DiscreetSerializer,
    NounDetail,
    NounList,
    NounView,
    documented,
    named_by,
)
from escalations.models import Clock, Incident, LadderRun, LadderStep, Signal


def _set(field: str) -> ExpressionWrapper:
    return ExpressionWrapper(Q(**{f"{field}__isnull": False}), output_field=BooleanField())


class _OfIncidents(NounView):
    """Starts from the incidents that the reader may see."""

    def incidents(self) -> QuerySet[Incident]:
        return Incident.objects.visible_to(self.person).real()


class SignalSerializer(DiscreetSerializer):
    """`facts`, `anchors` and `body` are left out for readers without the right to see revenue."""

    incident = serializers.IntegerField(source="incident_id", allow_null=True)
    kpi = named_by("code")
    account = named_by("external_id")

    class Meta:
        model = Signal
        fields = (
            "id",
            "source",
            "dedup_key",
            "title",
            "body",
            "severity_hint",
            "incident",
            "kpi",
            "account",
            "facts",
            "anchors",
            "occurrences",
            "first_at",
            "last_at",
            "ended_at",
        )


@documented("signal", "signals", SignalSerializer)
class SignalRows(_OfIncidents, NounList):
    """Episodes: each is one thing that was off, however often it was reported."""

    rights = {"GET": ("escalations.view_incident",)}
    serializer = SignalSerializer
    ordering_fields = ("first_at", "last_at")
    ordering = "-last_at"
    search = ("title", "dedup_key")
    lookups = {
        "source": ("Source.", "source"),
        "dedup_key": ("Key.", "dedup_key"),
        "incident": ("Number.", "incident"),
        "ended": ("true or false.", "has_ended"),
    }

    def rows(self) -> QuerySet[Signal]:
        seen = Signal.objects.filter(Q(incident=None) | Q(incident__in=self.incidents()))
        return seen.select_related("kpi", "account").annotate(has_ended=_set("ended_at"))


class ClockSerializer(DiscreetSerializer):
    incident = serializers.IntegerField(source="incident_id")

    class Meta:
        model = Clock
        fields = (
            "id",
            "incident",
            "kind",
            "cycle",
            "run_state",
            "outcome",
            "target_s",
            "current_target_s",
            "exception",
            "started_at",
            "due_at",
            "breach_after",
            "breached_at",
            "paused_since",
            "awaiting",
            "on_time",
            "missed",
            "is_due_by_hand",
        )


class _Clocks(_OfIncidents):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = ClockSerializer

    def rows(self) -> QuerySet[Clock]:
        return Clock.objects.filter(incident__in=self.incidents())


@documented("clock", "clocks", ClockSerializer)
class ClockList(_Clocks, NounList):
    """Promises of all incidents: what runs, until when, and how it ended."""

    ordering_fields = ("due_at", "started_at")
    ordering = "-started_at"
    lookups = {
        "incident": ("Number.", "incident"),
        "kind": ("response, restore, resolution, cadence or ola.", "kind"),
        "run_state": ("running, paused, stopped, cancelled.", "run_state"),
        "outcome": ("open, met, missed or void.", "outcome"),
        "due_before": ("An instant.", "due_at__lt"),
    }


@documented("clock", "clocks", ClockSerializer)
class ClockDetail(_Clocks, NounDetail):
    key = "id"


class StepOut(DiscreetSerializer):
    person = named_by("username")

    class Meta:
        model = LadderStep
        fields = ("seq", "kind", "cycle", "level", "person", "due_at", "at", "late_by_s", "reason")


class LadderSerializer(DiscreetSerializer):
    incident = serializers.IntegerField(source="incident_id")
    steps = StepOut(many=True, read_only=True)

    class Meta:
        model = LadderRun
        fields = (
            "id",
            "incident",
            "number",
            "ladder",
            "state",
            "cycle",
            "level",
            "pages_total",
            "started_at",
            "halted_at",
            "ended_at",
            "next_step_at",
            "snoozed_until",
            "held_until",
            "steps",
        )


class _Ladders(_OfIncidents):
    rights = {"GET": ("escalations.view_incident",)}
    serializer = LadderSerializer

    def rows(self) -> QuerySet[LadderRun]:
        seen = LadderRun.objects.filter(incident__in=self.incidents())
        return seen.prefetch_related("steps__person")


@documented("ladder run", "ladder runs", LadderSerializer)
class LadderList(_Ladders, NounList):
    """Who was paged for which incident, step by step."""

    ordering_fields = ("started_at", "next_step_at")
    ordering = "-started_at"
    lookups = {
        "incident": ("Number.", "incident"),
        "state": ("active, halted, exhausted or cancelled.", "state"),
        "person": ("Username of somebody paged.", "steps__person__username"),
    }

    def rows(self) -> QuerySet[LadderRun]:
        return super().rows().distinct()


@documented("ladder run", "ladder runs", LadderSerializer)
class LadderDetail(_Ladders, NounDetail):
    key = "id"
