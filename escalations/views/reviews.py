from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.selectors.people import rights_of
from config.lib.csv_answers import as_csv
from config.lib.errors import DomainError
from escalations.forms.review_editor import SAVED, Outcome, save_part
from escalations.forms.reviews import REVIEW_BODIES, filled
from escalations.forms.verbs import sentences_of
from escalations.models import PostIncidentReview
from escalations.rules.review_fields import REVIEW_VERB_FIELDS
from escalations.rules.reviews import ReviewVerb
from escalations.selectors.review_archive import Asked, archive, export
from escalations.selectors.review_buttons import REVIEW_LABELS
from escalations.selectors.review_editor import editor
from escalations.selectors.review_page import ReviewPage, review_page, without_hidden
from escalations.services.review_moves import perform_review, situation_of, visible_review
from escalations.services.reviews import ask_for_review
from escalations.views.doors import MAX_NUMBER, IncidentsView


class Reviews(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        page = archive(self.person, Asked.of(request.GET), self.at)
        context = {"nav": "reviews", "page": page, "now": self.at}
        return render(request, "escalations/reviews/list.html", context)


class ReviewsExport(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        text = export(self.person, Asked.of(request.GET))
        return as_csv(text, f"reviews-{self.at:%Y-%m-%d}")


class OneReviewView(IncidentsView):
    def dispatch(self, request: HttpRequest, *args: object, **kwargs: int) -> HttpResponseBase:
        if kwargs["number"] > MAX_NUMBER:
            raise Http404
        return super().dispatch(request, *args, **kwargs)

    def load(self, number: int) -> PostIncidentReview:
        try:
            return visible_review(number, self.person)
        except DomainError as error:
            raise Http404 from error

    def page(self, number: int) -> ReviewPage:
        user, review = self.person, self.load(number)
        situation = situation_of(review, user, rights_of(user), {})
        return review_page(review, user, situation, self.at)


class ReviewDetail(OneReviewView):
    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        page = without_hidden(self.page(number))
        context = {"nav": "reviews", "page": page, "now": self.at}
        return render(request, "escalations/reviews/detail.html", context)


class ReviewEditor(OneReviewView):
    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        return self._page(number, Outcome(""))

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        review = self.load(number)
        outcome = save_part(number, review, request.POST, by=self.person, at=self.at)
        if not outcome.is_saved:
            return self._page(number, outcome)
        messages.success(request, SAVED.get(outcome.part, "Saved."))
        anchor = f"#{outcome.part}" if outcome.part in SAVED else f"#part-{outcome.part}"
        return redirect(reverse("review-edit", args=[number]) + anchor)

    def _page(self, number: int, outcome: Outcome) -> HttpResponse:
        page = self.page(number)

        def typed(part: str, place: int) -> tuple:
            is_it = (part, place) == (outcome.part, outcome.position)
            return (outcome.typed, outcome.errors) if is_it else ({}, {})

        context = {"nav": "reviews", "page": page, "now": self.at, "outcome": outcome}
        context["editor"] = editor(page, typed)
        status = 200 if outcome.is_saved or not outcome.part else 400
        return render(self.request, "escalations/reviews/edit.html", context, status=status)


class ReviewVerbView(OneReviewView):
    """A button was pressed. What it says comes back as a message on the review."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: int, verb: str) -> HttpResponse:
        if verb not in {each.value for each in REVIEW_VERB_FIELDS}:
            raise Http404
        self.load(number)
        move = ReviewVerb(verb)
        body = REVIEW_BODIES[move](data=filled(REVIEW_VERB_FIELDS[move], request.POST))
        if body.is_valid():
            self._perform(number, move, dict(body.validated_data))
        else:
            messages.error(request, " ".join(sentences_of(body)))
        return redirect("review", number)

    def _perform(self, number: int, verb: ReviewVerb, given: dict) -> None:
        expected, user = given.pop("expected_version", None), self.person
        try:
            perform_review(number, verb, given, by=user, at=self.at, expected_version=expected)
        except DomainError as error:
            messages.error(self.request, error.detail)
        else:
            messages.success(self.request, f"{REVIEW_LABELS[verb][0]}: recorded.")


class ReviewAsk(OneReviewView):
    """A near miss: somebody asks for a review that no rule asked for."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        reason = request.POST.get("reason", "").replace("\x00", "").strip()[:200]
        try:
            if not reason:
                raise DomainError("reason_missing", "Say why this should be reviewed.")
            ask_for_review(number, reason, by=self.person, at=self.at)
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            messages.error(request, error.detail)
            return redirect("incident", number)
        return redirect("review", number)
