"""What becomes of an approved change: it waits, takes effect, is confirmed or taken back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.history import told
from escalations.models import ChangeRequest
from escalations.rules.changes import CONFIRM_WITHIN, RequestState, effective_at
from escalations.services import change_news, governed


def approved(request: ChangeRequest, *, by: User, at: datetime) -> None:
    """Enough people said yes. The caller holds the lock of the request."""
    for change in request.changes.all():
        governed.seal(change, by=by, at=at)
    if request.is_emergency:
        _put_in_force(request, by=by, at=at)
        return
    request.effective_at = request.settle_at = effective_at(request.effective_from, at)
    request.state = RequestState.SCHEDULED.value
    reason = f"Takes effect at {request.effective_at:%Y-%m-%d %H:%M} UTC."
    for change in request.changes.all():
        governed.schedule(change, since=request.effective_at, by=by, at=at, reason=reason)
    told(request, by=by, reason=reason, at=at).save()
    change_news.tell_scheduled(request, at)


def settle_change(pk: int, at: datetime) -> bool:
    """Its instant has come: in force, or taken back where nobody confirmed it."""
    request = ChangeRequest.objects.select_for_update(of=("self",)).get(pk=pk)
    if request.settle_at is None or request.settle_at > at:
        return False
    if request.state == RequestState.SCHEDULED:
        _put_in_force(request, by=_last_approver(request), at=at)
    else:
        take_back(request, by=None, at=at, reason="Nobody confirmed it within 24 hours.")
    return True


def _put_in_force(request: ChangeRequest, *, by: User, at: datetime) -> None:
    """All versions of the request or none."""
    try:
        with transaction.atomic():
            for change in request.changes.all():
                governed.enforce(change, by=by, at=at, reason=request.reason)
    except DomainError as error:
        _stop(request, error, at)
        return
    request.state, request.effective_at = RequestState.IN_FORCE.value, at
    request.settle_at = None
    if request.is_emergency and request.needed > 1:
        request.settle_at = at + CONFIRM_WITHIN
    elif request.is_emergency:
        request.confirmed_at = at
    told(request, by=by, reason="In force.", at=at).save()
    change_news.tell_in_force(request, at)


def _stop(request: ChangeRequest, error: DomainError, at: datetime) -> None:
    """What was approved cannot decide about anybody: it is a draft again, and they are told."""
    request.state = RequestState.SENT_BACK.value
    request.settle_at, request.stopped_why = None, error.detail[:400]
    for change in request.changes.all():
        governed.reopen(change, by=None, at=at, reason=request.stopped_why)
    told(request, by=None, reason=request.stopped_why, at=at).save()
    change_news.tell_ended(request, f"Did not take effect ({request.stopped_why})", at)


def take_back(request: ChangeRequest, *, by: User | None, at: datetime, reason: str) -> None:
    """The rules from before decide again. The caller holds the lock of the request."""
    for change in request.changes.all():
        governed.bring_back(change, by=by, at=at, reason=reason)
    request.state, request.settle_at, request.ended_at = RequestState.EXPIRED.value, None, at
    told(request, by=by, reason=reason, at=at).save()
    change_news.tell_ended(request, "Taken back:", at)


def _last_approver(request: ChangeRequest) -> User:
    """Whoever's word was the last that it needed put it in force."""
    said = request.approvals.filter(round=request.round, verdict="approved")
    return said.select_related("person").latest("pk").person
