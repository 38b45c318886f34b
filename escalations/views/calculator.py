from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from config.lib.errors import DomainError
from escalations.forms.calculator import CalculatorForm
from escalations.selectors.calculator import Calculated, calculated
from escalations.views.doors import IncidentsView


class Calculator(IncidentsView):
    def get(self, request: HttpRequest) -> HttpResponse:
        form = CalculatorForm(request.GET) if request.GET else self._empty()
        context = {"nav": "calculator", "form": form, "found": self._found(form), "now": self.at}
        return render(request, "escalations/clocks/calculator.html", context)

    def _empty(self) -> CalculatorForm:
        zone = self.person.time_zone or "UTC"
        return CalculatorForm(initial={"zone": zone, "target": "4 h", "start": self.at})

    def _found(self, form: CalculatorForm) -> Calculated | None:
        if not form.is_bound or not form.is_valid():
            return None
        try:
            return calculated(form.cleaned_data, self.at)
        except DomainError as error:
            for wrong in error.errors or [{"field": None, "detail": error.detail}]:
                form.add_error(wrong["field"], wrong["detail"])
        except OverflowError:  # ten years of a closed calendar past the last year
            form.add_error(None, "These times lie too far away to be counted.")
        return None
