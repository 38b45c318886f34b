"""Changes of running promises: what waits for a second person, one with its differences, a new
one."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from config.lib.errors import DomainError
from escalations.forms.repairs import RepairForm, asked_in
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.repair_pages import repair_page, repair_rows
from escalations.services.repairs import apply_repair, drop_repair, propose_repair
from escalations.views.doors import IncidentsView, RoledView

NAV = {"nav": "clock-repairs"}


class Repairs(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        context = NAV | {"repairs": repair_rows(self.person), "now": self.at}
        return render(request, "escalations/repairs/list.html", context)


class NewRepair(RoledView):
    permission_required = "escalations.change_policyversion"

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._page(RepairForm(at=self.at, initial=asked_in(request.GET)))

    def post(self, request: HttpRequest) -> HttpResponse:
        form = RepairForm(request.POST, at=self.at)
        if not form.is_valid():
            return self._page(form, 400)
        try:
            repair = propose_repair(form.given(), by=self.person, at=self.at)
        except DomainError as error:
            form.add_error(None, error.detail)
            return self._page(form, 400)
        messages.success(request, "Proposed: somebody else reads and applies it.")
        return redirect("clock-repair", repair.pk)

    def _page(self, form: RepairForm, status: int = 200) -> HttpResponse:
        context = NAV | {"form": form}
        return render(self.request, "escalations/repairs/new.html", context, status=status)


class RepairDetail(IncidentsView):
    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        page = repair_page(pk, self.person) if pk <= MAX_NUMBER else None
        if page is None:
            raise Http404
        context = NAV | {"page": page, "now": self.at}
        return render(request, "escalations/repairs/detail.html", context)


class _Answer(IncidentsView):
    http_method_names = ["post"]

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        if pk > MAX_NUMBER or repair_page(pk, self.person) is None:
            raise Http404
        try:
            messages.success(request, self.answer(pk))
        except DomainError as error:
            if error.code == "missing_right":
                raise PermissionDenied(error.detail) from error
            messages.error(request, error.detail)
        return redirect("clock-repair", pk)

    def answer(self, pk: int) -> str:
        raise NotImplementedError


class ApplyRepair(_Answer):
    def answer(self, pk: int) -> str:
        repair = apply_repair(pk, by=self.person, at=self.at)
        if repair.state == "applying":
            return "Applied: the first incidents are changed, the others follow by themselves."
        return "Applied: what became of each incident stands beside it."


class DropRepair(_Answer):
    def answer(self, pk: int) -> str:
        drop_repair(pk, by=self.person, at=self.at)
        return "Dropped. Nothing changed."
