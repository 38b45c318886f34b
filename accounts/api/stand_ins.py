"""Who stands in, who is away, who swaps, and what is ahead of a roster, over HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.stand_in_bodies import (
    AbsenceIn,
    AbsenceRow,
    OutlookOut,
    OverrideIn,
    OverrideRow,
    PublishedVersionOut,
    ReasonIn,
    RosterVersionIn,
    ShiftsOut,
    SwapIn,
    SwapRow,
)
from accounts.models import Absence, Override, Roster, Swap, User
from accounts.rules.rosters import Shift
from accounts.selectors.cover import Proposal, proposals
from accounts.selectors.roster_gaps import AHEAD, outlooks, why_gap
from accounts.selectors.rosters import person_id, plan_of
from accounts.services import rosters as verbs
from accounts.services import swaps
from accounts.services.roster_versions import NewLayer, edit_roster
from config.lib.api_nouns import NounList, NounView, instant
from config.lib.errors import field_error
from config.lib.serializers import StrictSerializer

VIEW = {"GET": ("accounts.view_roster",), "POST": ("accounts.view_roster",)}
LONGEST = timedelta(days=366)


def read(kind: type[StrictSerializer], view: NounView) -> dict[str, Any]:
    body = kind(data=view.document(), context=view.context())
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def roster_coded(code: str) -> Roster:
    return get_object_or_404(Roster.objects.select_related("team"), code=code)


class RosterOverrides(NounList):
    """Stand-ins of a roster: those to come and those that were, withdrawn ones too."""

    rights = VIEW
    serializer = OverrideRow
    ordering_fields = ("start_at", "recorded_at")
    ordering = "-start_at"

    def rows(self) -> QuerySet[Override]:
        roster = roster_coded(self.kwargs["code"])
        return Override.objects.filter(roster=roster).select_related("user", "recorded_by")

    @extend_schema(
        operation_id="roster_overrides_list",
        summary="List stand-ins of a roster",
        responses=OverrideRow(many=True),
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        return super().get(request, **kwargs)

    @extend_schema(
        operation_id="roster_overrides_create",
        summary="Stand in, or cover a gap",
        request=OverrideIn,
        responses={201: OverrideRow},
    )
    def post(self, request: Request, code: str) -> Response:
        given = read(OverrideIn, self)
        made = verbs.record_override(
            roster_coded(code),
            given["user"],
            given["start_at"],
            given["end_at"],
            by=self.person,
            at=self.at,
            reason=given["reason"],
        )
        return Response(self.shown(made), status=201)


class OverrideWithdraw(NounView):
    rights = VIEW
    serializer = OverrideRow

    @extend_schema(
        operation_id="override_withdraw",
        summary="Withdraw a stand-in",
        request=ReasonIn,
        responses=OverrideRow,
    )
    def post(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(Override.objects.select_related("roster__team"), pk=pk)
        given = read(ReasonIn, self)
        verbs.withdraw_override(found, by=self.person, at=self.at, reason=given["reason"])
        found.refresh_from_db()
        return Response(self.shown(found))


class AbsenceList(NounList):
    """Your own absences; those of everybody for people who may view them."""

    rights = VIEW
    serializer = AbsenceRow
    ordering_fields = ("start_at", "recorded_at")
    ordering = "-start_at"
    lookups = {"user": ("Username.", "user__username")}

    def rows(self) -> QuerySet[Absence]:
        rows = Absence.objects.select_related("user", "recorded_by")
        if self.person.has_perm("accounts.view_absence"):
            return rows
        return rows.filter(Q(user=self.person) | Q(recorded_by=self.person))

    @extend_schema(
        operation_id="absences_list", summary="List absences", responses=AbsenceRow(many=True)
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        return super().get(request, **kwargs)

    @extend_schema(
        operation_id="absences_create",
        summary="Say who is away",
        request=AbsenceIn,
        responses={201: AbsenceRow},
    )
    def post(self, request: Request) -> Response:
        given = read(AbsenceIn, self)
        made = verbs.record_absence(
            given.get("user") or self.person,
            given["start_at"],
            given["end_at"],
            by=self.person,
            at=self.at,
            reason=given["reason"],
        )
        return Response(self.shown(made), status=201)


class AbsenceWithdraw(NounView):
    rights = VIEW
    serializer = AbsenceRow

    @extend_schema(
        operation_id="absence_withdraw",
        summary="Withdraw an absence",
        request=ReasonIn,
        responses=AbsenceRow,
    )
    def post(self, request: Request, pk: int) -> Response:
        found = get_object_or_404(Absence.objects.select_related("user"), pk=pk)
        given = read(ReasonIn, self)
        verbs.withdraw_absence(found, by=self.person, at=self.at, reason=given["reason"])
        found.refresh_from_db()
        return Response(self.shown(found))


class RosterSwaps(NounList):
    """Swaps of a roster, whatever became of them."""

    rights = VIEW
    serializer = SwapRow
    ordering_fields = ("asked_at",)
    ordering = "-asked_at"

    def rows(self) -> QuerySet[Swap]:
        roster = roster_coded(self.kwargs["code"])
        return Swap.objects.filter(roster=roster).select_related("roster", "asked_by", "partner")

    @extend_schema(
        operation_id="roster_swaps_list",
        summary="List swaps of a roster",
        responses=SwapRow(many=True),
    )
    def get(self, request: Request, **kwargs: Any) -> Response:
        return super().get(request, **kwargs)

    @extend_schema(
        operation_id="roster_swaps_create",
        summary="Ask to swap two shifts",
        request=SwapIn,
        responses={201: SwapRow},
    )
    def post(self, request: Request, code: str) -> Response:
        given = read(SwapIn, self)
        made = swaps.ask_swap(roster_coded(code), by=self.person, at=self.at, **given)
        return Response(self.shown(made), status=201)


class SwapVerb(NounView):
    """`accept` and `decline` are for the person who was asked, `withdraw` for either."""

    rights = VIEW
    serializer = SwapRow
    verb = ""

    @extend_schema(summary="Answer or withdraw a swap", request=ReasonIn, responses=SwapRow)
    def post(self, request: Request, pk: int) -> Response:
        swap = get_object_or_404(Swap, pk=pk)
        given = read(ReasonIn, self)
        if self.verb == "accept":
            swap = swaps.accept_swap(swap, by=self.person, at=self.at)
        else:
            do = swaps.decline_swap if self.verb == "decline" else swaps.withdraw_swap
            swap = do(swap, by=self.person, at=self.at, reason=given["reason"])
        return Response(self.shown(swap))


class RosterVersions(NounView):
    rights = VIEW

    @extend_schema(
        operation_id="roster_versions_create",
        summary="Edit a roster: its next version, from a hand-off on",
        request=RosterVersionIn,
        responses={201: PublishedVersionOut},
    )
    def post(self, request: Request, code: str) -> Response:
        given = read(RosterVersionIn, self)
        layers = [NewLayer(**layer) for layer in given.pop("layers")]
        made = edit_roster(roster_coded(code), layers, by=self.person, at=self.at, **given)
        answer = {"number": made.number, "effective_from": made.effective_from}
        return Response(answer, status=201)


class RosterShifts(NounView):
    """The resolver's own answer for a period, cut at every change."""

    rights = VIEW
    filters = {
        "from": "An instant with its offset; now if left out.",
        "to": "At most 366 days later; 14 days if left out.",
        "known_at": "As known then; now if left out.",
    }

    @extend_schema(
        operation_id="roster_shifts", summary="Who answers when, of one roster", responses=ShiftsOut
    )
    def get(self, request: Request, code: str) -> Response:
        start = self._instant("from", self.at)
        end = self._instant("to", start + timedelta(days=14))
        if not start < end <= start + LONGEST:
            raise field_error("to", "bad_period", "A period of at most 366 days.")
        known_at = min(self._instant("known_at", self.at), self.at)
        found = plan_of(roster_coded(code), start, end, known_at).shifts(start, end, by_key=True)
        names = usernames(found)
        return Response({"shifts": [shift_value(shift, names) for shift in found]})

    def _instant(self, name: str, otherwise: datetime) -> datetime:
        return otherwise if (text := self.parameter(name)) is None else instant(name, text)


class RosterGapList(NounView):
    rights = VIEW

    @extend_schema(
        operation_id="roster_gaps",
        summary="Gaps of the next 60 days, with proposals",
        responses=OutlookOut,
    )
    def get(self, request: Request, code: str) -> Response:
        roster = roster_coded(code)
        (outlook,) = outlooks([roster], self.at)
        found = proposals(roster, outlook.gaps, self.at, self.at + AHEAD)
        return Response(
            {
                "gaps": [
                    {
                        "start_at": gap.start,
                        "end_at": gap.end,
                        "why": why_gap(gap),
                        "proposals": [proposal_value(each) for each in offered],
                    }
                    for gap, offered in zip(outlook.gaps, found, strict=True)
                ],
                "warnings": list(outlook.warnings),
            }
        )


def proposal_value(proposal: Proposal) -> dict[str, str]:
    return {"user": proposal.person.username, "why": proposal.why}


def shift_value(shift: Shift, names: dict[Any, str]) -> dict[str, Any]:
    return {
        "start_at": shift.start,
        "end_at": shift.end,
        "person": names.get(shift.person),
        "source": "gap" if shift.duty.is_gap else shift.source,
        "key": shift.duty.key,
    }


def usernames(shifts: list[Shift]) -> dict[Any, str]:
    people = {pk for shift in shifts if (pk := person_id(shift)) is not None}
    return dict(User.objects.filter(pk__in=people).values_list("pk", "username"))
