"""Messages out: who may read of which, and what became of one, try by try."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from escalations.models import Incident, Notice
from escalations.models.notices import Outcome
from escalations.selectors.delivery_words import CHANNEL_WORDS, delivery_words

TRIES = 100
OUTCOME_WORDS = {
    Outcome.SENT.value: "Sent",
    Outcome.FAILED.value: "Not taken, tried again",
    Outcome.REFUSED.value: "Refused for good",
    Outcome.UNCERTAIN.value: "Uncertain: it left, and no answer came",
    Outcome.AGAIN.value: "Sent again by hand",
}


def visible_notices(user: User) -> QuerySet[Notice]:
    """Of incidents they see, their own, and with the right all that belong to no incident."""
    seen = Q(incident__in=Incident.objects.visible_to(user)) | Q(incident=None, recipient=user)
    if user.has_perm("escalations.view_notice"):
        seen |= Q(incident=None)
    return Notice.objects.real().filter(seen)


@dataclass(frozen=True, slots=True)
class Try:
    number: int
    at: datetime
    words: str
    error: str
    took_ms: int
    by: str
    is_good: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    pk: int
    subject: str
    recipient: str
    channel: str
    address: str
    kind: str
    key: str
    incident: Incident | None
    created_at: datetime
    due_at: datetime
    status: str
    status_at: datetime
    delay_reason: str
    tries: tuple[Try, ...]
    may_send_again: bool


def notice_page(pk: int, user: User) -> NoticePage | None:
    """Three queries; None for what this reader may not see."""
    rows = visible_notices(user).select_related("recipient", "incident", "method")
    notice = rows.filter(pk=pk).first()
    if notice is None:
        return None
    tries = notice.tries.select_related("by").order_by("at", "pk")[:TRIES]
    status, status_at = delivery_words(notice)
    return NoticePage(
        pk=notice.pk,
        subject=notice.subject,
        recipient=str(notice.recipient),
        channel=CHANNEL_WORDS[notice.channel],
        address=notice.method.shown if notice.method else "the address of the account",
        kind=notice.get_kind_display(),
        key=notice.key,
        incident=notice.incident,
        created_at=notice.created_at,
        due_at=notice.not_before,
        status=status,
        status_at=status_at,
        delay_reason=notice.delay_reason,
        tries=tuple(
            Try(
                number=each.number,
                at=each.at,
                words=OUTCOME_WORDS[each.outcome],
                error=each.error,
                took_ms=each.took_ms,
                by=str(each.by) if each.by else "",
                is_good=each.outcome == Outcome.SENT,
            )
            for each in tries
        ),
        may_send_again=notice.failed_at is not None and user.has_perm("escalations.resend_notice"),
    )
