"""Every address with every sign-in, and figures that stay with those who may see them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Account, Membership
from accounts.roles import ROLES
from config.lib.sensitive import OWN_SECRETS, SENSITIVE, hidden_fields
from escalations.demo.people import DEMO_SIGN_INS
from escalations.models import Fact, Incident, TimelineEvent
from escalations.services.notices import deliver_due
from tests.doors import OUTSIDER, PERSON_OF, STAFF, STRANGER, Door
from tests.factories.marks import CONTACT_MARKS, HUSH, MARKS, RIGHT_OF, planted
from tests.sorting_doors import DOORS
from tests.walking import (
    CURIOUS,
    EVERYBODY,
    LET_IN,
    ask,
    leaked,
    marks_in,
    person_of,
    said,
    signed_in,
)

__all__ = ["planted"]  # the fixture
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


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


@pytest.mark.walk
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


@pytest.mark.walk
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
