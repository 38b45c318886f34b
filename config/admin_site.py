"""The governance pages under /admin/: Django's admin in Unfold's clothes.

Unfold needs eval and inline styles; these pages alone are allowed them. People sign in at the one
front door, where failed attempts are counted.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from csp.decorators import csp_update
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import get_script_prefix
from django.utils.functional import SimpleLazyObject
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

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Made for who looks at it: the sidebar is drawn from its own list, and asking each of a
        hundred models what a person may do with it was a tenth of every page."""
        listed = super().get_app_list
        return SimpleLazyObject(lambda: listed(request, app_label))

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The links that this person may follow; their addresses are looked up once a process."""
        found = []
        for group in _sidebar(get_script_prefix()):
            items = [
                {**item, "active": _is_at(request.path, item["link"]), "has_permission": True}
                for item in group["items"]
                if "permission" not in item or item["permission"](request)
            ]
            links = (
                _Link(str(item["title"]), item["link"], item.get("icon", ""), item["active"])
                for item in items
            )
            has_separator = bool(group.get("separator"))
            drawn = _Group(str(group.get("title") or ""), has_separator, tuple(links))
            found.append({**group, "items": items, "drawn": drawn})
        return found

    def refusal(self, request: HttpRequest) -> HttpResponse:
        from config.error_pages import forbidden

        return forbidden(request)


class _Link(NamedTuple):
    title: str
    url: str
    icon: str
    is_here: bool


class _Group(NamedTuple):
    """What the sidebar draws of a group, and keeps as it was drawn."""

    title: str
    has_separator: bool
    links: tuple[_Link, ...]


@cache
def _sidebar(script_prefix: str) -> list[dict[str, Any]]:
    """The groups of settings.UNFOLD with plain addresses, as they are below this prefix."""
    groups = settings.UNFOLD["SIDEBAR"]["navigation"]
    return [
        {**group, "items": [{**item, "link": str(item["link"])} for item in group["items"]]}
        for group in groups
    ]


def _is_at(path: str, link: str) -> bool:
    """Whether the page is this one or below it; below the index lies everything."""
    return path == link or (path.startswith(link) and link.count("/") > 2)


# The default site, because config.apps names this class: the apps register with it while Django
# loads them, and every page of theirs goes through the `admin_view` above.
site = admin.site
