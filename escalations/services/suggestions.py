"""Words to the committee: anybody who works incidents says what should be otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from escalations.models import Incident, Policy, Suggestion

ANSWER = "escalations.approve_policy"
WRITE = "escalations.view_incident"


def suggest(code: str, given: Mapping[str, Any], *, by: User, at: datetime) -> Suggestion:
    """`given`: text, and where wanted about (a row of the policy) and incident (its number).

    Raises DomainError 403 `missing_right`, 404 `not_found`, 400 `unknown_incident`, `text_missing`.
    """
    if not by.has_perm(WRITE):
        raise NotAllowed("missing_right", "Your role does not suggest changes.")
    policy = Policy.objects.filter(code=code).first()
    if policy is None:
        raise DomainError("not_found", f"There is no policy {code!r}.", status=404)
    if not str(given.get("text") or "").strip():
        raise field_error("text", "text_missing", "Say what should be otherwise.")
    suggestion = Suggestion(
        policy=policy,
        about=str(given.get("about") or "")[:160],
        incident=_incident(given, by),
        text=given["text"].strip(),
        suggested_at=at,
        suggested_by=by,
    )
    told(suggestion, by=by, at=at).save()
    return suggestion


def _incident(given: Mapping[str, Any], by: User) -> Incident | None:
    number = given.get("incident")
    if number is None:
        return None
    found = Incident.objects.visible_to(by).real().filter(pk=number).first()
    if found is None:
        raise field_error("incident", "unknown_incident", "There is no such incident.")
    return found


@transaction.atomic
def answer_suggestion(pk: int, text: str, *, by: User, at: datetime) -> Suggestion:
    """Raises DomainError 403 `missing_right`, 404 `not_found`, 409 `answered`, 400
    `text_missing`."""
    if not by.has_perm(ANSWER):
        raise NotAllowed("missing_right", "The committee answers.")
    suggestion = Suggestion.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if suggestion is None:
        raise DomainError("not_found", f"There is no suggestion {pk}.", status=404)
    if suggestion.answered_at is not None:
        raise Conflict("answered", "It is answered already.")
    if not text.strip():
        raise field_error("answer", "text_missing", "Answer in a sentence.")
    suggestion.answer, suggestion.answered_at, suggestion.answered_by = text.strip(), at, by
    told(suggestion, by=by, at=at).save()
    return suggestion
