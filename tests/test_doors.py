"""Every address with every sign-in, and figures that stay with those who may see them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.contrib.messages.storage.fallback import FallbackStorage
from django.core import mail
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import transaction
from django.test import Client, RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver, resolve, reverse

from accounts.models import Account, Membership
from accounts.roles import ROLES
from config.lib.sensitive import OWN_SECRETS, SENSITIVE, hidden_fields
from escalations.demo.people import DEMO_SIGN_INS
from escalations.models import Fact, Incident, PostIncidentReview, TimelineEvent
from escalations.services.notices import deliver_due
from tests.doors import ANYBODY, OUTSIDER, PERSON_OF, STAFF, STRANGER, Door
from tests.factories.marks import CONTACT_MARKS, HUSH, MARKS, RIGHT_OF, planted
from tests.sorting_doors import DOORS

__all__ = ["planted"]  # the fixture
EVERYBODY = sorted(ANYBODY)
CURIOUS = "curious"
OVERSEERS = {"governance_committee", "duty_manager", "integrator", "auditor"}
LET_IN = OVERSEERS | {"senior_engineer"}  # to what belongs to a private team
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def signed_in(name: str, planted: dict[str, Any]) -> Client:
    """A browser of this role; `outsider` has none and `stranger` did not sign in. `curious` is
    staff and views everything but the figures."""
    client = Client(raise_request_exception=False)
    if name == CURIOUS:
        curious = planted["people"]["outsider"]
        views = Permission.objects.filter(codename__startswith="view_")
        figures = [right.split(".")[1] for right in RIGHT_OF.values()]
        curious.user_permissions.set(views.exclude(codename__in=figures))
        curious.groups.add(Group.objects.create(name="curious"))
        curious.is_staff = True
        curious.save()
    if name != STRANGER:
        person = OUTSIDER if name == CURIOUS else PERSON_OF.get(name, name)
        client.force_login(planted["people"][person])
    return client


def person_of(name: str, planted: dict[str, Any]) -> Any:
    """The person whose rights count; None for those who have none."""
    return None if name == CURIOUS else planted["people"].get(PERSON_OF.get(name, name))


def ask(client: Client, method: str, url: str, body: Any = None) -> Any:
    """One request whose changes are undone, so that no door depends on another."""
    with transaction.atomic():
        is_api = url.startswith("/api/")
        json = {"content_type": "application/json"} if is_api and method != "GET" else {}
        answer = client.generic(method, url) if method == "GET" else None
        if answer is None:
            answer = getattr(client, method.lower())(url, body or {}, **json)
        transaction.set_rollback(True)
    return answer


# --- every address is listed --------------------------------------------------------------------
def walk(patterns: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from walk(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route, entry.callback


def methods_of(view: Any) -> set[str]:
    kind = getattr(view, "cls", None) or getattr(view, "view_class", None)
    if kind is None:
        return {"GET"}
    allowed = set(kind.http_method_names)
    found = {m for m in METHODS if m.lower() in allowed and hasattr(kind, m.lower())}
    # Django's own forms also take PUT as if it were POST.
    return found - {"PUT"} if hasattr(kind, "form_class") else found


def test_every_address_and_every_method_is_in_the_table_of_doors():
    listed = {(door.route, method) for door in DOORS for method in door.who}
    real = {
        (route, method)
        for route, view in walk()
        if not route.startswith("admin/")
        for method in methods_of(view)
    }
    missing, gone = sorted(real - listed), sorted(listed - real)
    assert not missing, f"Say in tests/doors.py (DOORS) who may enter: {missing}"
    assert not gone, f"Take out of tests/doors.py (DOORS), nothing answers there: {gone}"


def test_the_table_names_every_role():
    assert set(PERSON_OF) == set(ROLES)
    assert {who for who, spec in ROLES.items() if spec.is_staff} == STAFF
    assert all(DEMO_SIGN_INS[person][2] == role for role, person in PERSON_OF.items())


# --- every address with every sign-in -----------------------------------------------------------
def wrong_at(door: Door, method: str, name: str, answer: Any) -> str:
    """Empty if the door did what the table says, else what was wrong."""
    status = answer.status_code
    is_let_in = name in door.who[method]
    if is_let_in and method == "GET":
        is_right = status in door.answers
    elif is_let_in:  # an empty form is refused by what it lacks, not by who sends it
        is_right = status < 500 and status not in (401, 403, 404, 405)
        is_right &= not str(answer.headers.get("Location", "")).startswith("/accounts/login/?")
    elif name == STRANGER and door.is_api:
        is_right = status == 401 and answer.json()["code"] != ""
    elif name == STRANGER and not door.is_bare:
        is_right = status == 302 and answer["Location"].startswith("/accounts/login/?next=")
    elif door.is_api:
        # A verb tells all that is missing at once, and the right among it.
        lacks = [one["code"] for one in answer.json().get("unmet", [])]
        is_right = status == 403 or (status == 409 and "missing_right" in lacks)
    else:
        is_right = status == 403
    return "" if is_right else f"{method} /{door.route} as {name}: {status}"


@pytest.mark.parametrize("name", [*EVERYBODY, CURIOUS])
def test_every_door_opens_for_those_whom_the_table_names_and_tells_them_no_more(planted, name):
    """Who enters, and what those who entered may read: no figure without the right to it, and
    nothing of a private team's incidents."""
    client, wrong, leaks, seen, hushed = signed_in(name, planted), [], [], set(), []
    person = person_of(name, planted)
    for door in DOORS:
        for method in ("GET",) if name == CURIOUS else door.who:
            if method not in door.who:
                continue
            url = "/" + door.url.format(**planted)
            answer = ask(client, method, url, door.sent(planted))
            if name != CURIOUS:
                wrong.append(wrong_at(door, method, name, answer))
            if method == "GET":
                assert answer.status_code < 500 or url == "/readyz", url
                seen |= marks_in(said(answer))
                leaks += leaked(url, answer, person)
                hushed += [url] if HUSH in said(answer) else []
            if name != STRANGER and door.route == "accounts/logout/":
                client = signed_in(name, planted)
    assert not list(filter(None, wrong))
    assert not leaks
    assert bool(hushed) == (name in LET_IN), hushed[:3]
    if name in ("governance_committee", "auditor"):
        # Else this test would see nothing at all. Answers to senders stand in governance alone.
        secrets = {mark for mark, right in RIGHT_OF.items() if right == OWN_SECRETS}
        assert seen == set(MARKS) - {"delivery_answer"} - secrets
    if name == "agent":
        assert seen == set(CONTACT_MARKS)


def test_the_outsider_sees_only_sign_in_sign_out_profile_and_help(planted):
    open_pages = {
        "accounts/login/",
        "accounts/logout/",
        "accounts/profile/",
        "accounts/profile/absences/",
        "accounts/profile/contact-methods/",
        "help/",
        "help/roles/",
        "favicon.ico",
        "healthz",
        "readyz",
        "calendars/<str:token>.ics",
        "api/schema/",
        "api/docs/",
    }
    assert {d.route for d in DOORS if any(OUTSIDER in who for who in d.who.values())} == open_pages


def test_agent_and_agent2_are_on_one_team(planted):
    def teams(name):
        rows = Membership.objects.filter(user__username=name, valid_to=None)
        return set(rows.values_list("team__code", flat=True))

    assert teams("agent") & teams("agent2")


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


def readable(planted: dict[str, Any]) -> list[str]:
    return ["/" + door.url.format(**planted) for door in DOORS if "GET" in door.who]


def said(answer: Any) -> str:
    """The text of an answer, its figures without separators."""
    text = answer.text if hasattr(answer, "text") else answer.content.decode()
    return re.sub(r"(?<=\d)[\s,.\u00a0\u202f'](?=\d{3}(?!\d))", "", text)


def marks_in(text: str) -> set[str]:
    return {name for name, mark in MARKS.items() if mark in text}


def leaked(url: str, answer: Any, person: Any) -> list[tuple[str, str]]:
    """The marks that this person has no right to, and where; nobody has none."""
    found = marks_in(said(answer))
    return [(url, mark) for mark in found if not (person and person.has_perm(RIGHT_OF[mark]))]


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
        probes = PROBES if url.startswith("/admin/") else PLAIN_PROBES
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


def test_no_mail_says_a_sensitive_figure_to_whom_may_not_see_it(planted, at):
    deliver_due(at)
    assert mail.outbox
    people = {person.email: person for person in planted["people"].values()}
    for letter in mail.outbox:
        found = marks_in(said_in(letter.subject + letter.body))
        for reader in letter.to:
            assert all(people[reader].has_perm(RIGHT_OF[mark]) for mark in found), letter.subject


def said_in(text: str) -> str:
    return text.replace(",", "").replace("\u00a0", "")


def test_every_sensitive_field_is_planted(planted):
    """A field that joins config.lib.sensitive gets a mark here too."""
    known = {
        "accounts.account": {"arr", "lifetime_value"},
        "accounts.contact": {"email", "phone"},
        "accounts.contactmethod": {"address", "secret", "old_secret", "code_hash"},
        "escalations.threshold": {"revenue_exposed", "warn_facts", "breach_facts"},
        "escalations.incident": {"explanation"},
        "escalations.fact": {"value"},
        "escalations.signal": {"facts", "anchors", "body"},
        "escalations.delivery": {"answer"},
        "escalations.postincidentreview": {"revenue_exposed", "credits"},
        "escalations.timelineevent": {"detail"},
    }
    assert {model: set(fields) for model, fields in SENSITIVE.items()} == known
    incident = Incident.objects.get(number=planted["incident"])
    mark = MARKS["arr_at_risk"]
    assert mark in str(incident.explanation)
    assert mark in str(list(incident.signals.values_list("facts")))
    assert Fact.objects.filter(incident=incident, name="arr_at_risk").exists()
    assert mark in str(list(TimelineEvent.objects.filter(incident=incident).values("detail")))


# --- a private team -----------------------------------------------------------------------------
PRIVATE = ("{incident}", "{clock}", "{ladder_run}", "{run}", "{reviewed}", "{action}")
PRIVATE += ("{evidence}", "{decision}", "{milestone}")


@pytest.mark.parametrize("name", [*sorted(PERSON_OF), CURIOUS])
def test_an_incident_of_a_private_team_does_not_exist_for_others(planted, name):
    client, wrong = signed_in(name, planted), []
    private = planted | planted["hush"]
    for door in DOORS:
        for method, who in door.who.items():
            if not any(word in door.url for word in PRIVATE):
                continue
            answer = ask(client, method, "/" + door.url.format(**private), door.sent(private))
            is_absent = answer.status_code == 404
            if (name in LET_IN) == is_absent and (name in who or name not in LET_IN):
                wrong.append(f"{method} {door.route}: {answer.status_code}")
    assert not wrong
    assert Incident.objects.get(number=private["incident"]).title == HUSH


def test_hidden_fields_are_what_the_roles_say(planted):
    people = planted["people"]
    for role, person in PERSON_OF.items():
        sees = role in ("governance_committee", "auditor", "executive_sponsor")
        assert bool(hidden_fields(Account, people[person])) != sees, role
