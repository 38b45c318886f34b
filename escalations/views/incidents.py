from __future__ import annotations

from dataclasses import replace

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.selectors.people import rights_of
from config.lib.errors import DomainError
from escalations.forms.incidents import IncidentForm
from escalations.selectors.breach_causes import incident_of
from escalations.selectors.composer import composer_of, propose, with_draft
from escalations.selectors.handoff_checks import handoff_checks
from escalations.selectors.incident_page import explanation_view, incident_page
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.moving_cards import follow_up, handoff_card, links_card, opens_anew
from escalations.selectors.playbook_card import playbook_card, use_templates
from escalations.selectors.room import room_of
from escalations.selectors.similar import similar, traits_asked
from escalations.selectors.storms import family_of
from escalations.selectors.timeline_page import Asked, timeline_page
from escalations.selectors.visits import presence_of
from escalations.services.breach_causes import confirm_cause
from escalations.services.messages import message_of
from escalations.services.moves import situation_of
from escalations.services.openings import open_by_hand
from escalations.services.previews import form_doc, preview
from escalations.services.visits import look
from escalations.views.doors import IncidentsView, OneIncidentView


class IncidentDetail(OneIncidentView):
    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        incident = self.load(number)
        rights = rights_of(self.person)
        situation = situation_of(incident, self.person, rights, {}, self.at)
        page = incident_page(incident, self.person, situation, self.at)
        chosen = request.GET.get("template", "")
        templates = use_templates(incident, page.actions, chosen, self.person, self.at)
        composer = composer_of(incident, self.person)
        page = replace(page, actions=with_draft(templates.actions, composer.draft))
        context = {"nav": "incident", "page": page, "now": self.at, "templates": templates.choices}
        context["family"] = family_of(incident, self.person)
        context["handoffs"] = handoffs = handoff_card(incident)
        context["checks"] = handoff_checks(incident) if handoffs.pending else None
        context["links"] = links_card(incident, self.person)
        context["policy_code"] = incident.policy_version.policy.code
        context["policy_number"] = incident.policy_version.number
        context["opens_anew"] = opens_anew(incident, rights, self.at)
        context["playbook"] = playbook_card(incident, self.person, self.at)
        context["composer"] = composer
        updates = templates.choices.get("update", ())
        context["proposal"] = propose(incident, updates, page.contract)
        context |= room_of(incident, self.person, rights, self.at)
        presence = look(incident, by=self.person, at=self.at)
        context["story"] = timeline_page(incident, self.person, presence, Asked.of(request.GET))
        return render(request, "escalations/incidents/detail.html", context)


class IncidentTimeline(OneIncidentView):
    """The timeline again for a page that is open; 204 while nothing changed, neither the story
    nor who else is here. `away`: nobody looks at the tab, so it leaves no mark."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        incident, sent = self.load(number), request.GET
        if sent.get("away"):
            presence = presence_of(incident, self.person, self.at)
        else:
            presence = look(incident, by=self.person, at=self.at)
        is_same = sent.get("with", presence.token) == presence.token and not presence.is_new_visit
        if is_same and sent.get("version") == str(incident.version):
            return HttpResponse(status=204)
        story = timeline_page(incident, self.person, presence, Asked.of(sent))
        context = {"story": story, "now": self.at}
        return render(request, "escalations/incidents/_timeline.html", context)


class IncidentScore(OneIncidentView):
    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        context = {"explanation": explanation_view(self.load(number), self.person)}
        return render(request, "escalations/incidents/_score.html", context)


class BreachCause(IncidentsView):
    """Somebody says why a promise was broken."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        given = {name: request.POST.get(name, "").strip()[:500] for name in ("cause", "note")}
        try:
            mark = confirm_cause(min(pk, MAX_NUMBER), by=self.person, at=self.at, **given)
        except DomainError as error:
            if error.status == 404:
                raise Http404 from error
            if error.status == 403:
                raise PermissionDenied from error
            messages.error(request, error.detail)
            return redirect("incident", incident_of(pk))
        messages.success(request, "The cause is recorded.")
        return redirect("incident", mark.clock.incident_id)


class NewIncident(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        follows = request.GET.get("follows", "")
        initial = follow_up(follows, self.person)
        return self._page(IncidentForm(doc=self._doc(), initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = IncidentForm(request.POST, doc=self._doc())
        if "preview" in request.POST:
            return self._page(*self._previewed(form))
        if not form.is_valid():
            return self._page(form)
        message, follows = message_of(form.message(), at=self.at), form.cleaned_data["follows"]
        try:
            opened = open_by_hand(message, by=self.person, at=self.at, follows=follows)
        except DomainError as error:
            form.add_error(None, error.detail)
            return self._page(form)
        incident = opened.incident
        assert incident is not None, "a firing signal joins or opens one"
        messages.success(request, f"{incident.key} is open.")
        return redirect("incident", incident.number)

    def _doc(self):
        if not self.person.has_perm("escalations.respond_incident"):
            raise PermissionDenied
        return form_doc()

    def _previewed(self, form: IncidentForm) -> tuple:
        """A preview needs no title: nobody has to finish the form to see where it goes."""
        form.fields["title"].required = False
        if not form.is_valid():
            return form, None
        message = message_of(form.message(), at=self.at)
        asked = traits_asked(message.account, message.product_area, message.category)
        return form, preview(message, self.at), similar(asked, self.person)

    def _page(self, form: IncidentForm, found=None, alike=()) -> HttpResponse:
        context = {"nav": "new", "form": form, "preview": found, "now": self.at, "similar": alike}
        return render(self.request, "escalations/incidents/new.html", context)
