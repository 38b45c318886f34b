"""Several incidents at once: from the selection of the queue, and a whole shift handed over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from config.lib.undo import undoable
from escalations.forms.verbs import body_of_form, sentences_of
from escalations.rules.lifecycle import Verb
from escalations.selectors.handover import handover, last_words, packet_for
from escalations.selectors.incidents import MAX_NUMBER, visible_incident
from escalations.selectors.my_shift import waiting_for
from escalations.services.together import MOST, TOGETHER, Outcome, perform_each
from escalations.views.doors import IncidentsView

LONGEST_NOTE = 300


def numbers_in(values: list[str]) -> list[int]:
    """Incident numbers of a form; everything else is dropped."""
    found = [int(each) for each in values if each.isascii() and each.isdigit() and len(each) < 20]
    return [number for number in found if number <= MAX_NUMBER][:MOST]


class TogetherView(IncidentsView):
    """What the views below share: packets, and telling how it went."""

    def packets(
        self, numbers: list[int], notes: Mapping[int, str], to: str
    ) -> Callable[[int], Mapping[str, Any]]:
        words = last_words(numbers)

        def packet(number: int) -> Mapping[str, Any]:
            incident = visible_incident(number, self.person)
            note = notes.get(number, words.get(number, ""))[:LONGEST_NOTE]
            return packet_for(incident, note, to, self.at)

        return packet

    def tell(self, outcome: Outcome, words: str, undo: str = "") -> None:
        sentence = f"{words}: {outcome.sentence}"
        if outcome.refused:
            messages.warning(self.request, sentence)
        elif undo:
            undoable(self.request, sentence, undo)
        else:
            messages.success(self.request, sentence)

    def way_back(self, default: str) -> str:
        asked = self.request.POST.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(
            asked, {self.request.get_host()}, require_https=self.request.is_secure()
        )
        return asked if is_ours else reverse(default)


class Together(TogetherView):
    """A button of the bar under the queue."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        word, numbers = request.POST.get("verb", ""), numbers_in(request.POST.getlist("number"))
        if word not in {verb.value for verb in TOGETHER}:
            raise Http404
        if not numbers:
            messages.error(request, "Choose incidents first.")
            return redirect(self.way_back("queue"))
        verb, undo = Verb(word), ""
        given: Any
        if verb is Verb.HAND_OFF:
            note, to = request.POST.get("note", "").strip(), request.POST.get("to_person", "")
            given = self.packets(numbers, dict.fromkeys(numbers, note) if note else {}, to)
        else:
            body = body_of_form(verb, request.POST)
            if not body.is_valid():
                messages.error(request, " ".join(sentences_of(body)))
                return redirect(self.way_back("queue"))
            given = {k: v for k, v in body.validated_data.items() if k != "expected_version"}
        outcome = perform_each(numbers, verb, given, by=self.person, at=self.at)
        if verb is Verb.HAND_OFF and outcome.done:
            done = "-".join(str(number) for number in outcome.done)
            undo = reverse("together-undo", args=[done])
        self.tell(outcome, WORDS[verb], undo)
        return redirect(self.way_back("queue"))


WORDS = {
    Verb.CLAIM: "Claimed",
    Verb.ACKNOWLEDGE: "Acknowledged",
    Verb.ESCALATE: "Escalated",
    Verb.NOTE: "Noted",
    Verb.HAND_OFF: "Offered, yours until accepted",
    Verb.ACCEPT_HAND_OFF: "Taken over",
    Verb.WITHDRAW_HAND_OFF: "Offer taken back",
}


class UndoTogether(TogetherView):
    """What was offered a moment ago is taken back; nobody else's offer is touched."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, numbers: str) -> HttpResponse:
        given = {"reason": "Taken back at once."}
        chosen = numbers_in(numbers.split("-"))
        verb = Verb.WITHDRAW_HAND_OFF
        outcome = perform_each(chosen, verb, given, by=self.person, at=self.at)
        self.tell(outcome, WORDS[verb])
        return redirect(self.way_back("queue"))


class HandOver(TogetherView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = {"nav": "my-shift", "page": handover(self.person, self.at), "now": self.at}
        return render(request, "escalations/queue/hand_over.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        numbers, to = numbers_in(request.POST.getlist("number")), request.POST.get("to_person", "")
        if not numbers or not to:
            messages.error(request, "Choose incidents, and who takes them.")
            return redirect("hand-over")
        notes = {number: request.POST.get(f"note-{number}", "") for number in numbers}
        given = self.packets(numbers, notes, to)
        outcome = perform_each(numbers, Verb.HAND_OFF, given, by=self.person, at=self.at)
        done = "-".join(str(number) for number in outcome.done)
        undo = reverse("together-undo", args=[done]) if done else ""
        self.tell(outcome, WORDS[Verb.HAND_OFF], undo)
        return redirect("my-shift")


class AcceptAll(TogetherView):
    """Every hand-off that was offered to this person by name."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        verb = Verb.ACCEPT_HAND_OFF
        numbers = waiting_for(self.person)
        outcome = perform_each(numbers, verb, {}, by=self.person, at=self.at)
        self.tell(outcome, WORDS[verb])
        return redirect("my-shift")
