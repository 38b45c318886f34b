"""Every page of governance with every sign-in, and no figure to be found out by asking lists."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.test import RequestFactory
from django.urls import resolve, reverse

from escalations.models import PostIncidentReview
from tests.doors import STAFF
from tests.factories.marks import HUSH, MARKS, planted
from tests.sorting_doors import DOORS
from tests.walking import (
    CURIOUS,
    EVERYBODY,
    LET_IN,
    ask,
    leaked,
    person_of,
    signed_in,
)

__all__ = ["planted"]  # the fixture


# --- governance pages ---------------------------------------------------------------------------
def governance_urls() -> Iterator[tuple[str, Any, str]]:
    """(page, the model's admin, address) of every page with something to show."""
    for model, served in admin.site._registry.items():
        stem = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield "changelist", served, reverse(f"{stem}_changelist")
        yield "add", served, reverse(f"{stem}_add")
        one = model._default_manager.order_by("-pk").first()
        if one is None:
            continue
        for name in ("change", "history", "delete"):
            yield name, served, reverse(f"{stem}_{name}", args=[one.pk])
        past = one.history.first() if hasattr(one, "history") else None
        if past is not None:
            yield "past", served, reverse(f"{stem}_simple_history", args=[one.pk, past.pk])


def hushed_urls(hush: dict[str, Any]) -> Iterator[str]:
    """The governance pages of what belongs to a private team."""
    review = PostIncidentReview.objects.get(incident=hush["reviewed"])
    keys = {"incident": hush["incident"], "actionitem": hush["action"]}
    keys |= {"postincidentreview": review.pk}
    for (name, pk), page in product(keys.items(), ("change", "history")):
        yield reverse(f"admin:escalations_{name}_{page}", args=[pk])


def may_open(what: str, served: Any, request: Any) -> bool:
    user, opts = request.user, served.model._meta
    acts = {"add": ("add",), "delete": ("delete",)}.get(what, ("view", "change"))
    return any(user.has_perm(f"{opts.app_label}.{act}_{opts.model_name}") for act in acts)


@pytest.mark.walk
@pytest.mark.parametrize("name", [*EVERYBODY, CURIOUS])
def test_governance_opens_for_staff_as_their_permissions_say_and_keeps_figures(planted, name):
    client, wrong, leaks, opened = signed_in(name, planted), [], [], 0
    person, is_staff = person_of(name, planted), name in (*STAFF, CURIOUS)
    index = client.get("/admin/")
    assert index.status_code == (200 if is_staff else 302)
    leaks += leaked("/admin/", index, person)
    hushed = ["/admin/"] if HUSH in index.text else []
    for what, served, url in governance_urls():
        answer = ask(client, "GET", url)
        leaks += leaked(url, answer, person)
        hushed += [url] if HUSH in answer.text else []
        if not is_staff:
            is_right = answer.status_code == 302 and "/admin/login/" in answer["Location"]
            if not is_right:
                wrong.append(f"{url}: {answer.status_code}")
            continue
        may = may_open(what, served, answer.wsgi_request)
        # What happened, and what is sealed or in use, is not written even by who may write.
        allowed = {200} if may and what not in ("add", "delete") else {200, 403} if may else {403}
        if answer.status_code not in allowed:
            wrong.append(f"{url}: {answer.status_code}, not {allowed}")
        opened += answer.status_code == 200
    hushed += [url for url in hushed_urls(planted["hush"]) if HUSH in client.get(url).text]
    assert not wrong
    assert not leaks
    assert bool(hushed) == (is_staff and name in LET_IN), hushed[:3]
    assert opened >= 3 or not is_staff


# --- figures stay with those who may see them ---------------------------------------------------
PROBES = (
    "?arr__gt=1",
    "?arr=" + MARKS["arr"],
    "?lifetime_value__gt=1",
    "?account__arr__gt=1",
    "?revenue_exposed__gt=1",
    "?credits=" + MARKS["credits"],
    "?review__credits__gt=1",
    "?incident__review__revenue_exposed__gt=1",
    "?email__startswith=" + MARKS["email"],
    "?phone__contains=" + MARKS["phone"],
    "?body__contains=" + MARKS["signal_body"],
    "?facts__arr_at_risk=" + MARKS["arr_at_risk"],
    "?value=" + MARKS["arr_at_risk"],
    "?explanation__icontains=" + MARKS["arr_at_risk"],
    "?detail__icontains=" + MARKS["arr_at_risk"],
    "?kpi__thresholds__revenue_exposed__gt=1",
    "?ordering=arr",
    "?ordering=-lifetime_value",
    "?ordering=credits",
    "?ordering=email",
    *(f"?q={mark}" for mark in MARKS.values()),
)
PLAIN_PROBES = tuple(probe for probe in PROBES if "__" not in probe)  # ours know no lookups
UNSEARCHED = tuple(probe for probe in PLAIN_PROBES if not probe.startswith("?q="))


def lists() -> list[str]:
    """Pages and API lists without a key in their address, and governance lists that lead to a
    sensitive field."""
    plain = ["/" + door.url for door in DOORS if "GET" in door.who and door.url[-3:] != "ma/"]
    near = {"account", "contact", "threshold", "incident", "fact", "signal", "delivery", "kpi"}
    near |= {"timelineevent", "clock", "historicalaccount", "postincidentreview", "actionitem"}
    governance = [
        url
        for what, served, url in governance_urls()
        if what == "changelist" and served.model._meta.model_name in near
    ]
    return [url for url in plain if "{" not in url and url.endswith(("/", ".csv"))] + governance


@pytest.mark.walk
def test_a_hidden_field_cannot_be_probed_by_filters_search_or_order(planted):
    client, told = signed_in(CURIOUS, planted), []
    curious = planted["people"]["outsider"]

    def rows(url: str) -> int | None:
        if url.startswith("/admin/"):
            return rows_in_governance(curious, url)
        answer = ask(client, "GET", url)
        assert answer.status_code < 500, url
        return rows_of(answer)

    asked = 0
    for url in lists():
        without = rows(url)
        if without is None:
            continue  # closed to this person, or no list
        asked += 1
        # Answered: then it asked about nothing hidden (all rows) or found nothing at all.
        harmless = {without, 0, None}
        probes = PROBES
        if not url.startswith("/admin/"):
            # Many lists know no search: they show all their rows whatever is searched for.
            is_searched = without == 0 or rows(f"{url}?q={'never' * 5}") != without
            probes = PLAIN_PROBES if is_searched else UNSEARCHED
        told += [url + probe for probe in probes if rows(url + probe) not in harmless]
    assert not told
    assert asked >= 15


def rows_in_governance(person: Any, url: str) -> int | None:
    """How many rows a governance list holds, without drawing it; None where it refuses."""
    request = RequestFactory().get(url)
    request.user, request.session = person, {}
    request._messages = FallbackStorage(request)
    path = url.partition("?")[0]
    try:
        answer = resolve(path).func(request)
    except (SuspiciousOperation, PermissionDenied):
        return None
    return answer.context_data["cl"].queryset.count() if answer.status_code == 200 else None


def rows_of(answer: Any) -> int | None:
    """How many rows a list shows: of the API and of our pages."""
    if answer.status_code != 200:
        return None
    if answer.headers["Content-Type"].startswith("application/json"):
        body = answer.json()
        return len(body["results"]) if "results" in body else None
    if answer.headers["Content-Type"].startswith("text/csv"):
        return len(list(csv.reader(answer.text.splitlines()))) - 1
    context = answer.context or {}
    page = context["page"] if "page" in context else None
    return len(page.rows) if hasattr(page, "rows") else None
