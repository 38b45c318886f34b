"""/api/v1/: notes, evidence, decisions, milestones and the task force of incidents."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api_nouns import DiscreetSerializer, NounList, documented, named_by
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError
from config.lib.serializers import StrictSerializer
from escalations.api.incidents import check_number
from escalations.forms.room import (
    DecisionAnswerIn,
    DecisionIn,
    EvidenceIn,
    MilestoneIn,
    MoveIn,
    RoomReasonIn,
)
from escalations.models import Decision, Evidence, Incident, Milestone, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.selectors.incidents import visible_incident
from escalations.services.decisions import (
    approve_decision,
    decide,
    decline_decision,
    withdraw_decision,
)
from escalations.services.evidence import add_file, add_link, withdraw_evidence
from escalations.services.milestones import (
    add_milestone,
    drop_milestone,
    finish_milestone,
    move_milestone,
)
from escalations.services.moves import perform

SEE = {"GET": ("escalations.view_incident",)}


class NoteSerializer(DiscreetSerializer):
    """`seq` names the note within its incident. `withdrawn_reason` is null for one that stands."""

    text = serializers.CharField(source="sentence")
    by = serializers.SlugRelatedField[Any](source="actor", slug_field="username", read_only=True)
    withdrawn_at = serializers.DateTimeField(
        source="withdrawal.withdrawn_at", default=None, allow_null=True
    )
    withdrawn_reason = serializers.CharField(
        source="withdrawal.reason", default=None, allow_null=True
    )

    class Meta:
        model = TimelineEvent
        fields = ("seq", "text", "by", "at", "withdrawn_at", "withdrawn_reason")


class NewNoteIn(StrictSerializer):
    text = serializers.CharField(max_length=10_000)


class OfIncident(NounList):
    rights = SEE

    def incident(self) -> Incident:
        return visible_incident(check_number(self.kwargs["number"]), self.person)

    def sent(self, kind: type[StrictSerializer], request: Request) -> dict[str, Any]:
        body = kind(data=self.document())
        body.is_valid(raise_exception=True)
        return {**body.validated_data, "by": self.person, "at": self.at}


@documented("note", "notes", NoteSerializer)
class NoteList(OfIncident):
    """Internal notes of one incident, those that were withdrawn among them."""

    serializer = NoteSerializer
    ordering_fields = ("seq",)
    ordering = "seq"

    def rows(self) -> QuerySet[TimelineEvent]:
        rows = TimelineEvent.objects.filter(incident=self.incident(), kind="note")
        return rows.select_related("actor", "withdrawal")

    @extend_schema(request=NewNoteIn, responses={201: NoteSerializer}, summary="Write a note")
    def post(self, request: Request, number: int) -> Response:
        given = self.sent(NewNoteIn, request)
        incident = perform(
            check_number(number), Verb.NOTE, {"text": given["text"]}, by=self.person, at=self.at
        )
        written = self.rows().filter(incident=incident).order_by("-seq").first()
        return Response(self.shown(written), status=201)


class EvidenceSerializer(DiscreetSerializer):
    """`download` is the page address of a file that stands. Of what was withdrawn neither address
    is told."""

    incident = serializers.IntegerField(source="incident_id", read_only=True)
    taken_by = named_by("username")
    withdrawn_by = named_by("username")
    url = serializers.SerializerMethodField()
    download = serializers.SerializerMethodField()

    class Meta:
        model = Evidence
        fields = (
            "id",
            "incident",
            "kind",
            "title",
            "text",
            "url",
            "download",
            "file_name",
            "content_type",
            "size",
            "sha256",
            "snapshot",
            "taken_at",
            "taken_by",
            "withdrawn_at",
            "withdrawn_by",
            "withdrawn_reason",
        )

    def get_url(self, row: Evidence) -> str:
        return "" if row.withdrawn_at else row.url

    def get_download(self, row: Evidence) -> str:
        return f"/evidence/{row.pk}/" if row.kind == "file" and not row.withdrawn_at else ""


@documented("evidence", "evidence", EvidenceSerializer)
class EvidenceList(NounList):
    """Files, links and snapshots of the incidents that the reader may see."""

    rights = SEE
    serializer = EvidenceSerializer
    ordering_fields = ("taken_at",)
    ordering = "-taken_at"
    lookups = {
        "incident": ("Number of an incident.", "incident"),
        "kind": ("file, link, signals or series.", "kind"),
    }

    def rows(self) -> QuerySet[Evidence]:
        rows = Evidence.objects.filter(incident__in=Incident.objects.visible_to(self.person))
        return rows.select_related("taken_by", "withdrawn_by")

    @extend_schema(
        request=EvidenceIn, responses={201: EvidenceSerializer}, summary="Add a file or a link"
    )
    def post(self, request: Request) -> Response:
        body = EvidenceIn(data=self.document())
        body.is_valid(raise_exception=True)
        sent = body.validated_data
        common = {"title": sent["title"], "text": sent["text"], "by": self.person, "at": self.at}
        if "url" in sent and "content" not in sent:
            row = add_link(sent["incident"], url=sent["url"], **common)
        elif "content" in sent and "url" not in sent:
            name = sent.get("file_name", "")
            row = add_file(sent["incident"], name=name, content=sent["content"], **common)
        else:
            raise DomainError("file_or_link", "Send a url, or a file_name with its content.")
        return Response(self.shown(row), status=201)


class DecisionSerializer(DiscreetSerializer):
    incident = serializers.IntegerField(source="incident_id", read_only=True)
    state = serializers.ChoiceField(
        ["decided", "waiting", "in_force", "declined", "withdrawn", "expired"], read_only=True
    )
    decided_by = named_by("username")
    approved_by = named_by("username")
    declined_by = named_by("username")
    withdrawn_by = named_by("username")

    class Meta:
        model = Decision
        fields = (
            "id",
            "incident",
            "number",
            "kind",
            "state",
            "title",
            "rationale",
            "options",
            "decided_at",
            "decided_by",
            "expires_at",
            "approved_at",
            "approved_by",
            "declined_at",
            "declined_by",
            "withdrawn_at",
            "withdrawn_by",
            "expired_at",
            "answer",
        )


@documented("decision", "decisions", DecisionSerializer)
class DecisionList(OfIncident):
    serializer = DecisionSerializer
    ordering_fields = ("number",)
    ordering = "number"

    def rows(self) -> QuerySet[Decision]:
        people = ("decided_by", "approved_by", "declined_by", "withdrawn_by")
        return Decision.objects.filter(incident=self.incident()).select_related(*people)

    @extend_schema(
        request=DecisionIn, responses={201: DecisionSerializer}, summary="Record a decision"
    )
    def post(self, request: Request, number: int) -> Response:
        row = decide(check_number(number), **self.sent(DecisionIn, request))
        return Response(self.shown(row), status=201)


class MilestoneSerializer(DiscreetSerializer):
    incident = serializers.IntegerField(source="incident_id", read_only=True)
    owner = named_by("username")
    made_by = named_by("username")
    done_by = named_by("username")
    dropped_by = named_by("username")
    workstream = named_by("name")

    class Meta:
        model = Milestone
        fields = (
            "id",
            "incident",
            "title",
            "stage",
            "owner",
            "workstream",
            "due_at",
            "first_due_at",
            "reminded",
            "made_at",
            "made_by",
            "done_at",
            "done_by",
            "dropped_at",
            "dropped_by",
            "reason",
        )


@documented("milestone", "milestones", MilestoneSerializer)
class MilestoneList(OfIncident):
    serializer = MilestoneSerializer
    ordering_fields = ("due_at",)
    ordering = "due_at"

    def rows(self) -> QuerySet[Milestone]:
        people = ("owner", "made_by", "done_by", "dropped_by", "workstream")
        return Milestone.objects.filter(incident=self.incident()).select_related(*people)

    @extend_schema(
        request=MilestoneIn, responses={201: MilestoneSerializer}, summary="Set a milestone"
    )
    def post(self, request: Request, number: int) -> Response:
        row = add_milestone(check_number(number), **self.sent(MilestoneIn, request))
        return Response(self.shown(row), status=201)


class _Act(BelayAPIView):
    """One verb on one row; who may not see its incident hears that there is none."""

    def given(self, kind: type[StrictSerializer]) -> dict[str, Any]:
        body = kind(data=self.document())
        body.is_valid(raise_exception=True)
        return {**body.validated_data, "by": self.person, "at": self.at}

    def shown(self, kind: type[DiscreetSerializer], row: Any) -> Response:
        return Response(kind(row, context={"person": self.person, "at": self.at}).data)


class WithdrawEvidence(_Act):
    @extend_schema(request=RoomReasonIn, responses=EvidenceSerializer, summary="Withdraw evidence")
    def post(self, request: Request, id: int) -> Response:
        row = withdraw_evidence(check_number(id), **self.given(RoomReasonIn))
        return self.shown(EvidenceSerializer, row)


class ApproveDecision(_Act):
    @extend_schema(
        request=DecisionAnswerIn, responses=DecisionSerializer, summary="Approve another's decision"
    )
    def post(self, request: Request, id: int) -> Response:
        row = approve_decision(check_number(id), **self.given(DecisionAnswerIn))
        return self.shown(DecisionSerializer, row)


class DeclineDecision(_Act):
    @extend_schema(
        request=DecisionAnswerIn, responses=DecisionSerializer, summary="Decline another's decision"
    )
    def post(self, request: Request, id: int) -> Response:
        row = decline_decision(check_number(id), **self.given(DecisionAnswerIn))
        return self.shown(DecisionSerializer, row)


class WithdrawDecision(_Act):
    @extend_schema(
        request=DecisionAnswerIn, responses=DecisionSerializer, summary="Take a decision back"
    )
    def post(self, request: Request, id: int) -> Response:
        row = withdraw_decision(check_number(id), **self.given(DecisionAnswerIn))
        return self.shown(DecisionSerializer, row)


class FinishMilestone(_Act):
    @extend_schema(request=None, responses=MilestoneSerializer, summary="A milestone is done")
    def post(self, request: Request, id: int) -> Response:
        row = finish_milestone(check_number(id), by=self.person, at=self.at)
        return self.shown(MilestoneSerializer, row)


class MoveMilestone(_Act):
    @extend_schema(request=MoveIn, responses=MilestoneSerializer, summary="Move a milestone")
    def post(self, request: Request, id: int) -> Response:
        row = move_milestone(check_number(id), **self.given(MoveIn))
        return self.shown(MilestoneSerializer, row)


class DropMilestone(_Act):
    @extend_schema(request=RoomReasonIn, responses=MilestoneSerializer, summary="Drop a milestone")
    def post(self, request: Request, id: int) -> Response:
        row = drop_milestone(check_number(id), **self.given(RoomReasonIn))
        return self.shown(MilestoneSerializer, row)
