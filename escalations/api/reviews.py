"""/api/v1/reviews/ and /api/v1/action-items/: read, write, and the verbs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models.customers import TierChoice
from accounts.selectors.people import rights_of
from config.lib.api import CursorPages
from config.lib.api_nouns import FALSE, TRUE
from config.lib.api_view import BelayAPIView
from config.lib.errors import field_error
from escalations.api.incidents import check_number
from escalations.api.review_bodies import ActionItemOut, EntryOut, FactorOut, ReviewOut, ReviewRow
from escalations.forms.reviews import (
    ACTION_BODIES,
    REVIEW_BODIES,
    ActionItemIn,
    EntryIn,
    FactorChangeIn,
    FactorIn,
    ReviewAskIn,
    ReviewIn,
)
from escalations.models import ActionItem
from escalations.models.action_items import ActionKind, ActionStateChoice
from escalations.models.reviews import FactorCategory, ReviewStateChoice
from escalations.rules.action_items import UNSETTLED, ActionVerb
from escalations.rules.policy import Severity
from escalations.rules.reviews import UNSIGNED, ReviewVerb
from escalations.selectors.reviews import (
    action_value,
    detail,
    entry_value,
    factor_value,
    matching,
    reviews_of,
    summary,
    with_cause,
)
from escalations.services import action_items, review_text
from escalations.services.review_moves import perform_review, visible_review
from escalations.services.reviews import ask_for_review


def _words(name: str, value: str, known: Any) -> list[str]:
    words = value.split(",")
    if unknown := [word for word in words if word not in known]:
        raise field_error(name, f"unknown_{name}", f"{unknown[0]!r} is none of {', '.join(known)}.")
    return words


def _day(name: str, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise field_error(name, "bad_date", "Give a date like 2026-11-17.") from None


class _ReviewView(BelayAPIView):
    def given(self, body_class: type) -> tuple[dict[str, Any], int | None]:
        body = body_class(data=self.document())
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        return given, given.pop("expected_version", None)

    def answer(self, number: int, status: int = 200) -> Response:
        review = visible_review(number, self.person)
        rights = rights_of(self.person)
        return Response(detail(review, self.person, rights, self.at), status=status)


class ReviewList(_ReviewView):
    pagination_class = CursorPages
    ordering_fields = ("opened_at", "updated_at", "signed_off_at")
    ordering = "-opened_at"
    filters = {
        "state": "A state, or `open` for what is not signed off. Several with commas.",
        "severity": "S1 to S4. Several with commas.",
        "cause": "Category of a contributing factor. Several with commas.",
        "account": "The account's external id.",
        "tier": "Tier of the account. Several with commas.",
        "team": "Team code.",
        "kpi": "KPI code.",
        "product_area": "Product area.",
        "since": "Opened on this date or later.",
        "until": "Opened on this date or earlier.",
        "q": "Words that stand in the review, its factors or its incident.",
    }

    @extend_schema(responses=ReviewRow(many=True), summary="Search the reviews you may see")
    def get(self, request: Request) -> Response:
        rows = self._filtered(reviews_of(self.person)).prefetch_related("factors", "actions")
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response([summary(review) for review in page])

    def _filtered(self, rows: Any) -> Any:
        if state := self.parameter("state"):
            words = set(_words("state", state, (*ReviewStateChoice.values, "open")))
            if "open" in words:
                words = words - {"open"} | {each.value for each in UNSIGNED}
            rows = rows.filter(state__in=sorted(words))
        if severity := self.parameter("severity"):
            labels = _words("severity", severity.upper(), [each.label for each in Severity])
            rows = rows.filter(incident__severity__in=[Severity[label] for label in labels])
        if cause := self.parameter("cause"):
            rows = with_cause(rows, _words("cause", cause, FactorCategory.values))
        for name, lookup in (
            ("account", "incident__account__external_id"),
            ("team", "incident__team__code"),
            ("kpi", "incident__kpi__code"),
            ("product_area", "incident__product_area"),
        ):
            if (value := self.parameter(name)) is not None:
                rows = rows.filter(**{lookup: value})
        if (tier := self.parameter("tier")) is not None:
            rows = rows.filter(tier__in=_words("tier", tier, TierChoice.values))
        if since := self.parameter("since"):
            rows = rows.filter(opened_at__date__gte=_day("since", since))
        if until := self.parameter("until"):
            rows = rows.filter(opened_at__date__lte=_day("until", until))
        return matching(rows, (self.parameter("q") or "")[:200])

    @extend_schema(
        request=ReviewAskIn, responses={201: ReviewOut}, summary="Ask for the review of a near miss"
    )
    def post(self, request: Request) -> Response:
        given, _ = self.given(ReviewAskIn)
        ask_for_review(given["incident"], given["reason"], by=self.person, at=self.at)
        return self.answer(given["incident"], 201)


class ReviewDetail(_ReviewView):
    @extend_schema(responses=ReviewOut, summary="One review, by its incident's number")
    def get(self, request: Request, number: int) -> Response:
        return self.answer(check_number(number))

    @extend_schema(request=ReviewIn, responses=ReviewOut, summary="Write a review")
    def patch(self, request: Request, number: int) -> Response:
        given, expected = self.given(ReviewIn)
        review_text.save_review(
            check_number(number), given, by=self.person, at=self.at, expected_version=expected
        )
        return self.answer(number)


class FactorList(_ReviewView):
    @extend_schema(responses=FactorOut(many=True), summary="Contributing factors of a review")
    def get(self, request: Request, number: int) -> Response:
        review = visible_review(check_number(number), self.person)
        return Response([factor_value(factor) for factor in review.factors.all()])

    @extend_schema(
        request=FactorIn, responses={201: FactorOut}, summary="Add a contributing factor"
    )
    def post(self, request: Request, number: int) -> Response:
        given, expected = self.given(FactorIn)
        factor = review_text.add_factor(
            check_number(number), given, by=self.person, at=self.at, expected_version=expected
        )
        return Response(factor_value(factor), status=201)


class FactorDetail(_ReviewView):
    @extend_schema(
        request=FactorChangeIn, responses=FactorOut, summary="Change a contributing factor"
    )
    def patch(self, request: Request, number: int, position: int) -> Response:
        given, expected = self.given(FactorChangeIn)
        factor = review_text.change_factor(
            check_number(number),
            position,
            given,
            by=self.person,
            at=self.at,
            expected_version=expected,
        )
        return Response(factor_value(factor))

    @extend_schema(responses=ReviewOut, summary="Remove a contributing factor")
    def delete(self, request: Request, number: int, position: int) -> Response:
        review_text.remove_factor(check_number(number), position, by=self.person, at=self.at)
        return self.answer(number)


class EntryList(_ReviewView):
    @extend_schema(responses=EntryOut(many=True), summary="What people added to the timeline")
    def get(self, request: Request, number: int) -> Response:
        review = visible_review(check_number(number), self.person)
        rows = review.entries.select_related("author", "event")
        return Response([entry_value(entry) for entry in rows])

    @extend_schema(
        request=EntryIn,
        responses={201: EntryOut},
        summary="Add to the timeline, annotate or hide an event, explain a gap",
    )
    def post(self, request: Request, number: int) -> Response:
        given, expected = self.given(EntryIn)
        entry = review_text.add_entry(
            check_number(number), given, by=self.person, at=self.at, expected_version=expected
        )
        return Response(entry_value(entry), status=201)


class ReviewActions(_ReviewView):
    @extend_schema(responses=ActionItemOut(many=True), summary="Actions of a review")
    def get(self, request: Request, number: int) -> Response:
        review = visible_review(check_number(number), self.person)
        rows = review.actions.select_related("owner", "verifier", "wont_do_asked_by")
        rights = rights_of(self.person)
        return Response([action_value(action, rights, self.at) for action in rows])

    @extend_schema(request=ActionItemIn, responses={201: ActionItemOut}, summary="Add an action")
    def post(self, request: Request, number: int) -> Response:
        given, expected = self.given(ActionItemIn)
        action = action_items.add_action(
            check_number(number), given, by=self.person, at=self.at, expected_version=expected
        )
        return Response(action_value(action, rights_of(self.person), self.at), status=201)


class ReviewVerbView(_ReviewView):
    verb: ReviewVerb

    def post(self, request: Request, number: int) -> Response:
        given, expected = self.given(REVIEW_BODIES[self.verb])
        perform_review(
            check_number(number),
            self.verb,
            given,
            by=self.person,
            at=self.at,
            expected_version=expected,
        )
        return self.answer(number)


def as_review_verb(verb: ReviewVerb) -> Any:
    words = verb.value.replace("-", " ")

    @extend_schema_view(
        post=extend_schema(
            request=REVIEW_BODIES[verb],
            responses=ReviewOut,
            summary=f"{words.capitalize()}: a review",
            operation_id=f"reviews_{verb.value.replace('-', '_')}",
        )
    )
    class View(ReviewVerbView):
        pass

    View.verb = verb
    View.__name__ = View.__qualname__ = f"Review{words.title().replace(' ', '')}View"
    return View.as_view()


class ActionItemList(BelayAPIView):
    pagination_class = CursorPages
    ordering_fields = ("due_on", "updated_at", "created_at")
    ordering = "due_on"
    filters = {
        "owner": "Username of the owner.",
        "verifier": "Username of whoever verifies it.",
        "state": "A state, or `unsettled`. Several with commas.",
        "kind": ", ".join(ActionKind.values) + ". Several with commas.",
        "incident": "Number of the incident it came from.",
        "overdue": "Past its day or moved more than twice, and not done: true or false.",
        "q": "Words of the title, how it is verified, or the incident's title.",
    }

    @extend_schema(responses=ActionItemOut(many=True), summary="List actions you may see")
    def get(self, request: Request) -> Response:
        rows = ActionItem.objects.real().visible_to(self.person)
        rows = self._filtered(
            rows.select_related("owner", "verifier", "wont_do_asked_by", "review")
        )
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        rights = rights_of(self.person)
        return pages.get_paginated_response(
            [action_value(action, rights, self.at) for action in page]
        )

    def _filtered(self, rows: Any) -> Any:
        for name in ("owner", "verifier"):
            if (value := self.parameter(name)) is not None:
                rows = rows.filter(**{f"{name}__username": value})
        if state := self.parameter("state"):
            words = set(_words("state", state, (*ActionStateChoice.values, "unsettled")))
            if "unsettled" in words:
                words = words - {"unsettled"} | {each.value for each in UNSETTLED}
            rows = rows.filter(state__in=sorted(words))
        if (overdue := self.parameter("overdue")) is not None:
            if overdue not in TRUE + FALSE:
                raise field_error("overdue", "not_a_flag", "Use true or false.")
            late = rows.overdue(self.at.date())
            rows = late if overdue in TRUE else rows.exclude(pk__in=late.values("pk"))
        if kind := self.parameter("kind"):
            rows = rows.filter(kind__in=_words("kind", kind, ActionKind.values))
        if (number := self.parameter("incident")) is not None:
            if not (number.isascii() and number.isdigit() and len(number) < 20):
                raise field_error("incident", "not_a_number", "An incident has a number.")
            rows = rows.filter(review__incident=check_number(int(number)))
        for word in (self.parameter("q") or "").split()[:10]:
            rows = rows.filter(
                Q(title__icontains=word)
                | Q(verification_method__icontains=word)
                | Q(review__incident__title__icontains=word)
            )
        return rows


class ActionItemDetail(BelayAPIView):
    @extend_schema(responses=ActionItemOut, summary="One action")
    def get(self, request: Request, pk: int) -> Response:
        action = action_items.visible_action(check_number(pk), self.person)
        return Response(action_value(action, rights_of(self.person), self.at))


class ActionVerbView(_ReviewView):
    verb: ActionVerb

    def post(self, request: Request, pk: int) -> Response:
        given, expected = self.given(ACTION_BODIES[self.verb])
        action_items.perform_action(
            check_number(pk),
            self.verb,
            given,
            by=self.person,
            at=self.at,
            expected_version=expected,
        )
        action = action_items.visible_action(pk, self.person)
        return Response(action_value(action, rights_of(self.person), self.at))


def as_action_verb(verb: ActionVerb) -> Any:
    words = verb.value.replace("-", " ")

    @extend_schema_view(
        post=extend_schema(
            request=ACTION_BODIES[verb],
            responses=ActionItemOut,
            summary=f"{words.capitalize()}: an action",
            operation_id=f"action_items_{verb.value.replace('-', '_')}",
        )
    )
    class View(ActionVerbView):
        pass

    View.verb = verb
    View.__name__ = View.__qualname__ = f"Action{words.title().replace(' ', '')}View"
    return View.as_view()
