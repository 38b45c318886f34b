"""/api/v1/incidents/: list, open by hand, read, explain, timeline, and the verbs."""

from __future__ import annotations

import uuid
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors.people import rights_of
from config.lib.api import CursorPages
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError, NotAllowed, field_error
from escalations.api.bodies import (
    VERB_BODIES,
    ExplanationOut,
    IncidentOut,
    IncidentRow,
    OpenIn,
    TimelineOut,
)
from escalations.models import Incident, TimelineEvent
from escalations.models.incidents import StateChoice
from escalations.rules.lifecycle import OPEN_STATES, Verb
from escalations.rules.policy import Severity
from escalations.selectors.incidents import (
    LIST_RELATED,
    MAX_NUMBER,
    detail,
    explanation,
    found_by,
    summary,
    timeline_value,
    visible_incident,
)
from escalations.services.messages import message_of
from escalations.services.moves import perform
from escalations.services.openings import open_by_hand


def check_number(number: int) -> int:
    if number > MAX_NUMBER:
        raise DomainError("not_found", f"There is no incident {number}.", status=404)
    return number


class IncidentList(BelayAPIView):
    pagination_class = CursorPages
    ordering_fields = ("received_at", "updated_at", "severity", "number", "next_due_at", "score_bp")
    ordering = "-received_at"
    filters = {
        "state": "A state, or `open`. Several with commas.",
        "kpi": "KPI code.",
        "segment": "Segment of the KPI.",
        "severity": "S1 to S4. Several with commas.",
        "source": "Source of the first signal.",
        "dedup_key": "Key of the first signal.",
        "account": "The account's external id.",
        "team": "Team code.",
        "commander": "Username, or `none`.",
        "to_sort": "1: those whose category a person has still to say.",
        "q": "Part of the title or of the account's name, or a key such as INC-12.",
    }

    @extend_schema(responses=IncidentRow(many=True), summary="List incidents you may see")
    def get(self, request: Request) -> Response:
        rows = Incident.objects.real().visible_to(self.person).select_related(*LIST_RELATED)
        rows = self._filtered(rows)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response([summary(incident) for incident in page])

    def _filtered(self, rows: Any) -> Any:
        if state := self.parameter("state"):
            states: set[str] = set()
            for word in state.split(","):
                if word == "open":
                    states |= OPEN_STATES
                elif word in StateChoice.values:
                    states.add(word)
                else:
                    raise field_error("state", "unknown_state", f"{word!r} is no state.")
            rows = rows.filter(state__in=states)
        if severity := self.parameter("severity"):
            try:
                wanted = [Severity[word.upper()] for word in severity.split(",")]
            except KeyError:
                raise field_error("severity", "unknown_severity", "Use S1 to S4.") from None
            rows = rows.filter(severity__in=wanted)
        for name, lookup in (
            ("kpi", "kpi__code"),
            ("segment", "segment"),
            ("source", "source"),
            ("dedup_key", "dedup_key"),
            ("account", "account__external_id"),
            ("team", "team__code"),
        ):
            if (value := self.parameter(name)) is not None:
                rows = rows.filter(**{lookup: value})
        if self.parameter("to_sort") in ("1", "true"):
            rows = rows.filter(sorting_confidence__isnull=False)
        if text := self.parameter("q"):
            rows = rows.filter(found_by(text))
        if commander := self.parameter("commander"):
            none = commander == "none"
            rows = rows.filter(
                **({"commander": None} if none else {"commander__username": commander})
            )
        return rows

    @extend_schema(request=OpenIn, responses={201: IncidentOut}, summary="Open an incident by hand")
    def post(self, request: Request) -> Response:
        if not self.person.has_perm("escalations.respond_incident"):
            raise NotAllowed("missing_right", "Opening an incident needs the right to respond.")
        body = OpenIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        follows = given.pop("follows", None)
        given |= {"source": "manual", "dedup_key": str(uuid.uuid4()), "status": "firing"}
        message = message_of(given, at=self.at)
        received = open_by_hand(message, follows=follows, by=self.person, at=self.at)
        assert received.incident is not None
        incident = visible_incident(received.incident.number, self.person)
        return Response(detail(incident, rights_of(self.person), self.at), status=201)


class IncidentDetail(BelayAPIView):
    @extend_schema(responses=IncidentOut, summary="One incident with its clocks")
    def get(self, request: Request, number: int) -> Response:
        incident = visible_incident(check_number(number), self.person)
        return Response(detail(incident, rights_of(self.person), self.at))


class IncidentExplain(BelayAPIView):
    @extend_schema(responses=ExplanationOut, summary="Why this severity, owner and route")
    def get(self, request: Request, number: int) -> Response:
        incident = visible_incident(check_number(number), self.person)
        return Response(explanation(incident, self.person))


class IncidentTimeline(BelayAPIView):
    pagination_class = CursorPages
    ordering_fields = ("seq",)
    ordering = "seq"

    @extend_schema(responses=TimelineOut(many=True), summary="The story of an incident")
    def get(self, request: Request, number: int) -> Response:
        incident = visible_incident(check_number(number), self.person)
        rows = TimelineEvent.objects.filter(incident=incident).select_related("actor")
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response([timeline_value(event, self.person) for event in page])


class VerbView(BelayAPIView):
    """One verb of the lifecycle table; `as_verb` makes the class of each."""

    verb: Verb

    def post(self, request: Request, number: int) -> Response:
        body = VERB_BODIES[self.verb](data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        expected = given.pop("expected_version", None)
        perform(
            check_number(number),
            self.verb,
            given,
            by=self.person,
            at=self.at,
            expected_version=expected,
        )
        incident = visible_incident(number, self.person)
        return Response(detail(incident, rights_of(self.person), self.at))


def as_verb(verb: Verb) -> Any:
    words = verb.value.replace("-", " ")
    name = words.title().replace(" ", "")

    @extend_schema_view(
        post=extend_schema(
            request=VERB_BODIES[verb],
            responses=IncidentOut,
            summary=f"{words.capitalize()} an incident",
            operation_id=f"incidents_{verb.value.replace('-', '_')}",
        )
    )
    class View(VerbView):
        pass

    View.verb = verb
    View.__name__ = View.__qualname__ = f"{name}View"
    return View.as_view()
