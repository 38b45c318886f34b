"""Who is told of a change of the rules, and who has read it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings

from accounts.models import User
from config.lib.queue import enqueue
from config.lib.statements import insert
from escalations.models import ChangeReader, ChangeRequest, Notice
from escalations.models.notices import NoticeKind
from escalations.services import governed
from escalations.services.addressing import Ways

DELIVER = "escalations.tasks.delivery.deliver"
COMMITTEE = "governance_committee"
CONCERNED = (COMMITTEE, "duty_manager")
SAID = 40  # sentences of a mail


def members(*roles: str) -> list[User]:
    rows = User.objects.filter(is_active=True, groups__name__in=roles).distinct()
    return list(rows.order_by("pk"))


def tell_asked(request: ChangeRequest, at: datetime) -> None:
    others = [person for person in members(COMMITTEE) if person.pk != request.author_id]
    headline = f"{request.author} asks for your approval: {request.title}"
    _tell(request, others, f"asked:{request.round}", headline, at)


def tell_sent_back(request: ChangeRequest, comment: str, at: datetime) -> None:
    key = f"back:{request.round}"
    _tell(request, [request.author], key, f"Sent back: {request.title}", at, (comment, ""))


def tell_scheduled(request: ChangeRequest, at: datetime) -> None:
    when = f"{request.effective_at:%d %b %Y, %H:%M} UTC"
    headline = f"From {when}: {request.title}"
    _tell(request, members(*CONCERNED), f"scheduled:{request.round}", headline, at)


def tell_in_force(request: ChangeRequest, at: datetime) -> None:
    """Everybody concerned gets a line of their own, to be read by opening the request."""
    people = members(*CONCERNED)
    rows = [ChangeReader(request=request, person=person, told_at=at) for person in people]
    ChangeReader.objects.bulk_create(rows, ignore_conflicts=True)
    headline = f"In force now: {request.title}"
    lines: tuple[str, ...] = ()
    if request.settle_at is not None:
        until = f"{request.settle_at:%d %b %Y, %H:%M} UTC"
        lines = (f"An emergency: taken back at {until} unless others confirm it.", "")
    _tell(request, people, f"in-force:{request.round}", headline, at, lines)


def tell_ended(request: ChangeRequest, sentence: str, at: datetime) -> None:
    """It was taken back, or could not take effect."""
    key = f"ended:{request.round}"
    _tell(request, members(*CONCERNED), key, f"{sentence} {request.title}", at)


def mark_read(request: ChangeRequest, *, by: User, at: datetime) -> None:
    """Only those who were told are counted, each once."""
    unread = ChangeReader.objects.filter(request=request, person=by, read_at=None)
    unread.filter(told_at__lte=at).update(read_at=at)


def _tell(
    request: ChangeRequest,
    people: Iterable[User],
    key: str,
    headline: str,
    at: datetime,
    lines: tuple[str, ...] = (),
) -> None:
    said: list[str] = []
    for change in request.changes.all():
        found = governed.sentences(change)
        said += [f"{governed.name_of(change)}:", *(f"- {each}" for each in found[:SAID])]
        if len(found) > SAID:
            said.append(f"... and {len(found) - SAID} more.")
    url = f"{settings.BASE_URL}/policies/requests/{request.pk}/"
    text = "\n".join((headline, "", *lines, f"Why: {request.reason}", "", *said, "", url, ""))
    notices = [
        Notice(
            key=f"change:{request.pk}:{key}:{person.pk}",
            kind=NoticeKind.NEWS,
            recipient=person,
            subject=" ".join(headline.split())[:400],
            text=text,
            created_at=at,
            not_before=at,
        )
        for person in people
        if person.is_reachable
    ]
    if letters := Ways().address(notices):
        insert(letters, is_repeat_fine=True)
        enqueue(DELIVER)
