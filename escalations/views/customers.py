from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from config.lib.errors import DomainError
from escalations.selectors.customers import account_page, accounts_page, visible_account
from escalations.views.doors import RoledView


class Customers(RoledView):
    permission_required = "accounts.view_account"

    def get(self, request: HttpRequest) -> HttpResponse:
        page = accounts_page(self.person, request.GET, self.at)
        context = {"nav": "customers", "page": page, "now": self.at}
        return render(request, "escalations/customers/list.html", context)


class Customer(RoledView):
    permission_required = "accounts.view_account"

    def get(self, request: HttpRequest, external_id: str) -> HttpResponse:
        try:
            account = visible_account(external_id, self.person)
        except DomainError as error:
            raise Http404 from error
        page = account_page(account, self.person, self.at)
        context = {"nav": "customers", "page": page, "now": self.at}
        return render(request, "escalations/customers/detail.html", context)
