"""Forms of the incident's page beside the moves: notes, evidence, decisions, milestones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from config.lib.errors import DomainError
from config.lib.serializers import StrictSerializer
from escalations.forms.room import (
    DecisionAnswerIn,
    DecisionIn,
    MilestoneIn,
    MoveIn,
    RoomReasonIn,
    TaskForceIn,
    WorkstreamIn,
    page_body,
)
from escalations.forms.verbs import sentences_of
from escalations.models import Decision, Milestone, Workstream
from escalations.selectors.incidents import MAX_NUMBER
from escalations.services.decisions import (
    approve_decision,
    decide,
    decline_decision,
    withdraw_decision,
)
from escalations.services.milestones import (
    add_milestone,
    add_workstream,
    drop_milestone,
    end_workstream,
    finish_milestone,
    move_milestone,
)
from escalations.services.notes import withdraw_note
from escalations.services.task_forces import change_task_force, end_task_force, form_task_force
from escalations.views.doors import OneIncidentView


class RoomView(OneIncidentView):
    """A form was sent. What it says comes back as a message on the page, at its card."""

    http_method_names = ["post"]
    card = "timeline"

    def does(self, number: int, act: Callable[[], object], said: str) -> HttpResponse:
        """Who may not see the incident gets 404, who lacks the right 403, as on every page."""
        incident = self.load(number)
        try:
            act()
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            if error.status == 403:
                raise PermissionDenied(error.detail) from error
            told = " ".join(each["detail"] for each in error.errors) or error.detail
            messages.error(self.request, f"{incident.key}: {told}")
        else:
            messages.success(self.request, f"{incident.key}: {said}")
        return self.back(number)

    def back(self, number: int) -> HttpResponse:
        return redirect(reverse("incident", args=[number]) + f"#{self.card}")

    def sent(self, *names: str) -> dict[str, str]:
        return {name: self.request.POST.get(name, "").strip() for name in names}


class NoteWithdraw(RoomView):
    def post(self, request: HttpRequest, number: int, seq: int) -> HttpResponse:
        reason = self.sent("reason")["reason"]

        def act() -> object:
            return withdraw_note(number, seq, reason, by=self.person, at=self.at)

        return self.does(number, act, "the note is struck out.")


class FormView(RoomView):
    """A form with fields: what is wrong with one is said as the API says it."""

    body: type[StrictSerializer]
    said = "it is recorded."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        raise NotImplementedError

    def post(self, request: HttpRequest, number: int, **kwargs: int) -> HttpResponse:
        body = page_body(self.body, request.POST)
        if not body.is_valid():
            incident = self.load(number)
            messages.error(request, f"{incident.key}: " + " ".join(sentences_of(body)))
            return self.back(number)
        given = dict(body.validated_data) | {"by": self.person, "at": self.at}
        return self.does(number, lambda: self.act(given, number=number, **kwargs), self.said)


class Decide(FormView):
    card, body, said = "decisions", DecisionIn, "the decision is recorded."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        return decide(kwargs["number"], **given)


class DecisionAnswer(FormView):
    card, body, said = "decisions", DecisionAnswerIn, "the decision is answered."
    verbs = {
        "approve": approve_decision,
        "decline": decline_decision,
        "withdraw": withdraw_decision,
    }

    def act(self, given: dict[str, Any], **kwargs: Any) -> object:
        decision = of_incident(Decision, kwargs["pk"], kwargs["number"])
        return self.verbs[kwargs["verb"]](decision, **given)


class WorkstreamAdd(FormView):
    card, body, said = "plan", WorkstreamIn, "the workstream runs."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        return add_workstream(kwargs["number"], **given)


class WorkstreamEnd(RoomView):
    card = "plan"

    def post(self, request: HttpRequest, number: int, pk: int) -> HttpResponse:
        def act() -> object:
            stream = of_incident(Workstream, pk, number)
            return end_workstream(stream, by=self.person, at=self.at)

        return self.does(number, act, "the workstream has ended.")


class MilestoneAdd(FormView):
    card, body, said = "plan", MilestoneIn, "the milestone is set."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        return add_milestone(kwargs["number"], **given)


class MilestoneDone(RoomView):
    card = "plan"

    def post(self, request: HttpRequest, number: int, pk: int) -> HttpResponse:
        def act() -> object:
            milestone = of_incident(Milestone, pk, number)
            return finish_milestone(milestone, by=self.person, at=self.at)

        return self.does(number, act, "the milestone is done.")


class MilestoneMove(FormView):
    card, body, said = "plan", MoveIn, "the milestone has a new date."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        return move_milestone(of_incident(Milestone, kwargs["pk"], kwargs["number"]), **given)


class MilestoneDrop(FormView):
    card, body, said = "plan", RoomReasonIn, "the milestone is dropped."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        return drop_milestone(of_incident(Milestone, kwargs["pk"], kwargs["number"]), **given)


class TaskForceForm(RoomView):
    card = "task-force"

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        def act() -> object:
            return form_task_force(number, by=self.person, at=self.at)

        return self.does(number, act, "the task force sits.")


class TaskForceChange(FormView):
    card, body, said = "task-force", TaskForceIn, "the task force is changed."

    def act(self, given: dict[str, Any], **kwargs: int) -> object:
        by, at = given.pop("by"), given.pop("at")
        return change_task_force(kwargs["number"], given, by=by, at=at)


class TaskForceEnd(RoomView):
    card = "task-force"

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        def act() -> object:
            return end_task_force(number, by=self.person, at=self.at)

        return self.does(number, act, "the task force has ended.")


def of_incident(model: type[Decision | Milestone | Workstream], pk: int, number: int) -> int:
    """The key again, if it is of this incident. Raises DomainError 404."""
    if not model._default_manager.filter(pk=min(pk, MAX_NUMBER), incident=number).exists():
        raise DomainError("not_found", "There is no such thing here.", status=404)
    return pk
