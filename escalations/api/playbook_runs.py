"""/api/v1/playbook-runs/: start one, with an incident or without, and work through it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import CursorPages, HasAnyRole
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError, field_error
from escalations.api.incidents import MAX_NUMBER, check_number
from escalations.forms.playbooks import RUN_VERBS, STEP_VERBS, RunStartIn, RunVerb, given_to
from escalations.selectors.incidents import iso
from escalations.selectors.playbook_runs import (
    OF_INCIDENT,
    RELATED,
    incident_of,
    real_runs,
    visible_run,
)
from escalations.services.playbooks import start
from playbooks.api.rights import ByRight
from playbooks.models import PlaybookRun, StepRun
from playbooks.models.runs import OPEN_RUNS, Outcome, RunState, StepState

VIEW = "playbooks.view_playbookrun"


class RunIn(RunStartIn):
    playbook = serializers.SlugField(max_length=60)
    incident = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MAX_NUMBER
    )


class StepRunOut(serializers.Serializer):
    position = serializers.IntegerField()
    title = serializers.CharField()
    owner_role = serializers.CharField()
    timebox_s = serializers.IntegerField()
    state = serializers.ChoiceField(StepState.choices)
    started_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    is_late = serializers.BooleanField()
    needs_approval = serializers.BooleanField()
    approval_requested_by = serializers.CharField(allow_null=True)
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    done_at = serializers.DateTimeField(allow_null=True)
    done_by = serializers.CharField(allow_null=True)
    note = serializers.CharField()


class RunRow(serializers.Serializer):
    id = serializers.IntegerField()
    playbook = serializers.CharField()
    version = serializers.IntegerField()
    incident = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(RunState.choices)
    requested_at = serializers.DateTimeField()
    requested_by = serializers.CharField()
    needs_approval = serializers.BooleanField()
    approved_at = serializers.DateTimeField(allow_null=True)
    approved_by = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    ended_by = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(Outcome.choices, allow_null=True)


class RunOut(RunRow):
    why = serializers.CharField()
    hypothesis = serializers.CharField()
    success_criterion = serializers.CharField()
    rollback = serializers.CharField()
    outcome_note = serializers.CharField()
    steps = StepRunOut(many=True)


def run_row(run: PlaybookRun) -> dict[str, Any]:
    incident = incident_of(run)
    return {
        "id": run.pk,
        "playbook": run.version.playbook.code,
        "version": run.version.number,
        "incident": incident.number if incident else None,
        "state": run.state,
        "requested_at": iso(run.requested_at),
        "requested_by": run.requested_by.username,
        "needs_approval": run.needs_approval,
        "approved_at": iso(run.approved_at),
        "approved_by": run.approved_by.username if run.approved_by else None,
        "started_at": iso(run.started_at),
        "due_at": iso(run.due_at),
        "ended_at": iso(run.ended_at),
        "ended_by": run.ended_by.username if run.ended_by else None,
        "outcome": run.outcome or None,
    }


def step_value(step: StepRun, at: Any) -> dict[str, Any]:
    ended = step.done_at or at
    return {
        "position": step.position,
        "title": step.step.title,
        "owner_role": step.step.owner_role,
        "timebox_s": step.step.timebox_s,
        "state": step.state,
        "started_at": iso(step.started_at),
        "due_at": iso(step.due_at),
        "is_late": step.due_at is not None and ended >= step.due_at,
        "needs_approval": step.step.needs_approval,
        "approval_requested_by": _name(step.approval_requested_by),
        "approved_at": iso(step.approved_at),
        "approved_by": _name(step.approved_by),
        "done_at": iso(step.done_at),
        "done_by": _name(step.done_by),
        "note": step.note,
    }


def _name(person: Any) -> str | None:
    return person.username if person else None


class _Runs(BelayAPIView):
    permission_classes = (HasAnyRole, ByRight)
    rights = {"GET": VIEW, "HEAD": VIEW, "POST": VIEW}

    def answer(self, pk: int, status: int = 200) -> Response:
        if pk > MAX_NUMBER:
            raise DomainError("not_found", f"There is no run {pk}.", status=404)
        run = visible_run(pk, self.person)
        link = getattr(run, "incident_playbook", None)
        steps = run.steps.select_related("step", "approval_requested_by", "approved_by", "done_by")
        texts = ("hypothesis", "success_criterion", "rollback", "outcome_note")
        return Response(
            {
                **run_row(run),
                "why": link.why if link else "",
                **{name: getattr(run, name) for name in texts},
                "steps": [step_value(step, self.at) for step in steps],
            },
            status=status,
        )


class RunsView(_Runs):
    pagination_class = CursorPages
    ordering_fields = ("requested_at", "due_at", "ended_at")
    ordering = "-requested_at"
    filters = {
        "state": "A state, or `open`.",
        "playbook": "The playbook's code.",
        "incident": "The incident's number.",
        "outcome": "worked, partly, no_effect or rolled_back.",
        "q": "Words of the playbook's name or code, or of what is believed.",
    }

    @extend_schema(responses=RunRow(many=True), summary="List runs you may see")
    def get(self, request: Request) -> Response:
        rows = self._filtered(real_runs(self.person).select_related(*RELATED, *OF_INCIDENT))
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response([run_row(run) for run in page])

    def _filtered(self, rows: Any) -> Any:
        if (state := self.parameter("state")) is not None:
            if state != "open" and state not in RunState.values:
                raise field_error("state", "unknown_state", f"{state!r} is no state.")
            rows = rows.filter(state__in=OPEN_RUNS if state == "open" else [state])
        if (outcome := self.parameter("outcome")) is not None:
            if outcome not in Outcome.values:
                known = ", ".join(Outcome.values)
                raise field_error("outcome", "unknown_outcome", f"Use one of {known}.")
            rows = rows.filter(outcome=outcome)
        if (playbook := self.parameter("playbook")) is not None:
            rows = rows.filter(version__playbook__code=playbook)
        if (number := self.parameter("incident")) is not None:
            if not (number.isascii() and number.isdigit() and len(number) < 20):
                raise field_error("incident", "not_a_number", "An incident has a number.")
            rows = rows.filter(incident_playbook__incident=check_number(int(number)))
        for word in (self.parameter("q") or "").split()[:10]:
            rows = rows.filter(
                Q(version__playbook__name__icontains=word)
                | Q(version__playbook__code__icontains=word)
                | Q(hypothesis__icontains=word)
            )
        return rows

    @extend_schema(request=RunIn, responses={201: RunOut}, summary="Start a run, or ask for it")
    def post(self, request: Request) -> Response:
        body = RunIn(data=self.document())
        body.is_valid(raise_exception=True)
        chosen = dict(body.validated_data)
        code, number = chosen.pop("playbook"), chosen.pop("incident", None)
        run = start(code, chosen, by=self.person, at=self.at, incident=number)
        return self.answer(run.pk, 201)


class RunView(_Runs):
    @extend_schema(responses=RunOut, summary="One run with its checklist")
    def get(self, request: Request, pk: int) -> Response:
        return self.answer(pk)


class _Verb(_Runs):
    verb: RunVerb

    def act(self, pk: int, *place: int) -> Response:
        body = self.verb.body(data=self.document())
        body.is_valid(raise_exception=True)
        if max(pk, *place, 0) > MAX_NUMBER:
            raise DomainError("not_found", f"There is no run {pk}.", status=404)
        given = given_to(self.verb, body)
        self.verb.do(pk, *place, by=self.person, at=self.at, **given)
        return self.answer(pk)


class RunVerbView(_Verb):
    def post(self, request: Request, pk: int) -> Response:
        return self.act(pk)


class StepVerbView(_Verb):
    def post(self, request: Request, pk: int, position: int) -> Response:
        return self.act(pk, position)


def _as_view(base: type[_Verb], word: str, verb: RunVerb, noun: str) -> Any:
    @extend_schema_view(
        post=extend_schema(
            request=verb.body,
            responses=RunOut,
            summary=f"{word.capitalize()} a {noun}",
            operation_id=f"playbook_{noun}_{word}",
        )
    )
    class View(base):  # type: ignore[valid-type,misc]
        pass

    View.verb = verb
    View.__name__ = View.__qualname__ = f"Playbook{noun.capitalize()}{word.capitalize()}View"
    return View.as_view()


RUN_VIEWS = {word: _as_view(RunVerbView, word, verb, "run") for word, verb in RUN_VERBS.items()}
STEP_VIEWS = {word: _as_view(StepVerbView, word, verb, "step") for word, verb in STEP_VERBS.items()}
