"""Going through every door as somebody: what both walks over all addresses share."""

from __future__ import annotations

import re
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import Client

from tests.doors import ANYBODY, OUTSIDER, PERSON_OF, STRANGER
from tests.factories.marks import MARKS, RIGHT_OF

EVERYBODY = sorted(ANYBODY)
CURIOUS = "curious"
OVERSEERS = {"governance_committee", "duty_manager", "integrator", "auditor"}
LET_IN = OVERSEERS | {"senior_engineer"}  # to what belongs to a private team


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
