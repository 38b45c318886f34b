"""The governance pages under /admin/: Django's admin in Unfold's clothes.

Unfold needs eval and inline styles; these pages alone are allowed them. People sign in at the one
front door, where failed attempts are counted.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.sites import UnfoldAdminSite

from config.lib.people import person_of


class BelayAdminSite(UnfoldAdminSite):
    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        return csp_update(settings.ADMIN_CSP)(super().admin_view(view, cacheable))

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if request.user.is_authenticated and not self.has_permission(request):
            return self.refusal(request)
        after = request.GET.get(REDIRECT_FIELD_NAME, "/admin/")
        query = urlencode({REDIRECT_FIELD_NAME: after})
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?{query}")

    def index(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        from config.lib import clock
        from escalations.selectors.attention import what_needs_you

        needs = what_needs_you(person_of(request), clock.now())
        return super().index(request, {"needs": needs, "now": needs.at, **(extra_context or {})})

    def refusal(self, request: HttpRequest) -> HttpResponse:
        from config.error_pages import forbidden

        return forbidden(request)


# The default site, because config.apps names this class: the apps register with it while Django
# loads them, and every page of theirs goes through the `admin_view` above.
site = admin.site
