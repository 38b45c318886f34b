"""Asking for a change of the rules, and answering: never one's own, each word once in a round."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from escalations.models import AnsweredWarning, Approval, Change, ChangeRequest
from escalations.rules.changes import (
    NOTICE,
    RequestState,
    Verdict,
    finding_key,
    may_withdraw,
    refusal,
    unanswered,
)
from escalations.rules.routing_lint import Finding
from escalations.selectors.changes import APPROVE, approvers, standing_of
from escalations.services import backtests, change_effects, change_news, governed
from escalations.services.governed_kinds import GovernedVerbs, verbs_named


@transaction.atomic
def ask_approval(
    code: str,
    number: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    kind: str = "policy",
) -> ChangeRequest:
    """Send a draft to review. `given`: reason, and where wanted title, effective_from (empty: as
    soon as approved), is_emergency, acknowledged (keys of warnings).

    Raises DomainError 403 `missing_right`, `not_author`, 404 `not_found`, 400 `too_soon`,
    `emergency_has_no_date`, `no_emergency`, `reason_missing`, 409 `not_draft`, `nothing_before`,
    `lint_errors`, `warnings_open` (the warnings are in `warnings`), `less_severe`,
    `too_few_approvers`, and what a version must hold.
    """
    verbs = check_right(kind, by)
    found = verbs.reads.find(code, number)
    verbs.check_asker(found, by)
    sent_back = _sent_back(verbs, found)
    version = verbs.lock(found.pk)
    _check_asked(verbs, version, given, at)
    warnings = verbs.look_over(version, at)
    if open_warnings := unanswered(warnings, given.get("acknowledged") or ()):
        raise Conflict(
            "warnings_open",
            f"Read {len(open_warnings)} warnings first, and acknowledge each.",
            warnings=[_as_json(each) for each in open_warnings],
        )
    tried = verbs.guard(version, given, at)
    request = _ask(verbs, version, sent_back, given, warnings, by, at)
    if tried is not None:
        backtests.keep(request, version, tried, at)
    return request


def roll_back(
    code: str,
    number: int,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    kind: str = "policy",
) -> ChangeRequest:
    """Ask for an older version again, by a copy of it. `given`: reason, is_emergency,
    effective_from. Its warnings count as read: it was in force with them.

    Raises as `ask_approval` does, and 409 `not_retired` for what was not in force before.
    """
    verbs = check_right(kind, by)
    with transaction.atomic():
        old = verbs.reads.find(code, number)
        verbs.check_asker(old, by)
        if old.state != "retired":
            raise Conflict("not_retired", f"v{number} was not in force before.")
        _reason(given)
        note = f"As v{number} was: {given['reason']}"
        copy = verbs.copy(old, by=by, at=at, note=note[:500])
        keys = [finding_key(each) for each in verbs.look_over(copy, at)]
        title = f"{verbs.reads.title_of(old)}: back to v{number}"
        asked = {"title": title, **given, "acknowledged": keys, "is_roll_back": True}
        request = ask_approval(code, copy.number, asked, by=by, at=at, kind=kind)
        change = request.changes.get()
        change.restores_number = old.number
        told(change, by=by, reason=given["reason"], at=at).save()
    return request


def check_right(kind: str, by: User) -> GovernedVerbs[Any]:
    """Raises DomainError 403 `missing_right`, 404 `not_found`."""
    verbs = verbs_named(kind)
    if not verbs.may_ask(by):
        raise NotAllowed("missing_right", "Your role does not change the rules.")
    return verbs


@transaction.atomic
def approve(pk: int, *, by: User, at: datetime, comment: str = "") -> ChangeRequest:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, `own_request`, `own_draft`, 409
    `not_waiting`, `already_answered`."""
    request = _lock(pk)
    _say(request, Verdict.APPROVED, by, at, comment)
    standing = standing_of(request)
    if not standing.is_enough:
        return request
    if request.state == RequestState.IN_REVIEW:
        change_effects.approved(request, by=by, at=at)
    else:
        request.confirmed_at, request.settle_at = at, None
        told(request, by=by, reason="Confirmed.", at=at).save()
    return request


@transaction.atomic
def send_back(pk: int, *, by: User, at: datetime, comment: str) -> ChangeRequest:
    """A draft again, or, in force by an emergency, taken back. Raises as `approve`, and 400
    `reason_missing`."""
    if not comment.strip():
        raise field_error("comment", "reason_missing", "Say what is to be mended.")
    request = _lock(pk)
    _say(request, Verdict.SENT_BACK, by, at, comment)
    if request.state == RequestState.IN_FORCE:
        change_effects.take_back(request, by=by, at=at, reason=comment)
        return request
    _reopen(request, RequestState.SENT_BACK, by, at, comment)
    change_news.tell_sent_back(request, comment, at)
    return request


@transaction.atomic
def withdraw(pk: int, *, by: User, at: datetime) -> ChangeRequest:
    """By its author, as long as it is not in force. Raises DomainError 404 `not_found`, 403
    `not_author`, 409 `not_waiting`."""
    request = _lock(pk)
    if request.author_id != by.pk:
        raise NotAllowed("not_author", "Whoever asked withdraws it; others send it back.")
    if not may_withdraw(standing_of(request), by.pk):
        raise Conflict("not_waiting", f"It is {request.get_state_display().lower()} already.")
    request.ended_at = at
    _reopen(request, RequestState.WITHDRAWN, by, at, "Withdrawn.")
    return request


def _reopen(
    request: ChangeRequest, state: RequestState, by: User, at: datetime, reason: str
) -> None:
    is_draft = request.state == RequestState.SENT_BACK
    request.state, request.settle_at, request.effective_at = state.value, None, None
    for change in () if is_draft else request.changes.all():
        governed.reopen(change, by=by, at=at, reason=reason)
    told(request, by=by, reason=reason, at=at).save()


def _ask(
    verbs: GovernedVerbs[Any],
    version: Any,
    request: ChangeRequest | None,
    given: Mapping[str, Any],
    warnings: Iterable[Finding],
    by: User,
    at: datetime,
) -> ChangeRequest:
    if request is None:
        request = ChangeRequest(author=by)
    elif request.author_id != by.pk:
        raise NotAllowed("not_author", f"{request.author} asked for this: they ask again.")
    else:
        request.round += 1
    title = given.get("title") or verbs.reads.name_of(version)
    request.title, request.reason = title[:160], given["reason"]
    request.asked_at, request.state = at, RequestState.IN_REVIEW.value
    request.needed = verbs.reads.needed(version)
    request.is_emergency = bool(given.get("is_emergency"))
    request.effective_from = given.get("effective_from")
    request.stopped_why = ""
    told(request, by=by, reason=request.reason, at=at).save()
    if request.round == 1:
        change = Change(request=request, **{verbs.reads.field: version})
        told(change, by=by, reason=request.reason, at=at).save()
    Approval.objects.create(
        request=request,
        round=request.round,
        person=by,
        verdict=Verdict.ASKED.value,
        comment=request.reason,
        at=at,
    )
    AnsweredWarning.objects.bulk_create(
        AnsweredWarning(
            request=request,
            round=request.round,
            key=finding_key(each),
            code=each.code,
            where=each.where[:200],
            sentence=each.sentence[:600],
        )
        for each in warnings
    )
    _check_enough(request)
    governed.move(version, "in_review", by=by, at=at, reason=request.reason)
    change_news.tell_asked(request, at)
    return request


def _check_enough(request: ChangeRequest) -> None:
    """A request that too few people may answer would wait for ever."""
    standing = standing_of(request)
    others = approvers().exclude(pk__in=standing.authors).count()
    if others < standing.enough:
        raise Conflict(
            "too_few_approvers",
            f"{standing.enough} others must approve, and {others} may. Add people to the "
            "governance committee.",
        )


def _check_asked(
    verbs: GovernedVerbs[Any], version: Any, given: Mapping[str, Any], at: datetime
) -> None:
    _reason(given)
    if version.state != "draft":
        said = version.get_state_display().lower()
        raise Conflict("not_draft", f"v{version.number} is {said}: only a draft goes to review.")
    when, is_emergency = given.get("effective_from"), bool(given.get("is_emergency"))
    if when is not None and is_emergency:
        raise field_error("effective_from", "emergency_has_no_date", "An emergency has no date.")
    if when is not None and when < at + NOTICE:
        raise field_error("effective_from", "too_soon", "Give people an hour: choose a later time.")
    if is_emergency and not verbs.reads.has_emergency:
        raise field_error("is_emergency", "no_emergency", "This waits for all who must approve it.")
    if is_emergency and verbs.reads.in_force(version) is None:
        raise Conflict("nothing_before", "No version is in force that could come back.")


def _reason(given: Mapping[str, Any]) -> None:
    if not str(given.get("reason") or "").strip():
        raise field_error("reason", "reason_missing", "Say why.")


def _sent_back(verbs: GovernedVerbs[Any], version: Any) -> ChangeRequest | None:
    rows = ChangeRequest.objects.select_for_update(of=("self",)).select_related("author")
    asked = {f"changes__{verbs.reads.field}": version}
    return rows.filter(**asked, state="sent_back").first()


def _lock(pk: int) -> ChangeRequest:
    rows = ChangeRequest.objects.select_for_update(of=("self",)).select_related("author")
    request = rows.filter(pk=pk).first()
    if request is None:
        raise DomainError("not_found", f"There is no request {pk}.", status=404)
    return request


def _say(request: ChangeRequest, verdict: Verdict, by: User, at: datetime, comment: str) -> None:
    refused = refusal(standing_of(request), verdict, by.pk, by.has_perm(APPROVE))
    if refused is not None:
        code, sentence = refused
        if code in ("not_waiting", "already_answered"):
            raise Conflict(code, sentence)
        raise NotAllowed(code, sentence)
    Approval.objects.create(
        request=request,
        round=request.round,
        person=by,
        verdict=verdict.value,
        comment=comment.strip()[:1000],
        at=at,
    )


def _as_json(finding: Finding) -> dict[str, str]:
    return {
        "key": finding_key(finding),
        "code": finding.code,
        "where": finding.where,
        "sentence": finding.sentence,
    }
