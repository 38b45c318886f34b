"""Mail out. The stable key is the Message-ID, so that a repeat after a crash is recognised."""

from __future__ import annotations

import re
from collections.abc import Sequence
from smtplib import SMTPServerDisconnected
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from escalations.channels.letters import Letter, Unanswered
from escalations.models import Notice


def joined(notice: Notice, more: Sequence[Notice] = ()) -> tuple[str, str]:
    """Subject and text; `more` are further pages for the same person that travel with it."""
    if not more:
        return notice.subject, notice.text
    subject = f"{len(more) + 1} pages together: {notice.subject}"[:400]
    return subject, "\n\n".join(each.text for each in (notice, *more))


def send(notice: Notice, more: Sequence[Notice] = ()) -> None:
    """One mail. Raises what smtplib raises; Unanswered where it left and no answer came."""
    subject, text = joined(notice, more)
    host = urlsplit(settings.BASE_URL).hostname or "belay"
    thread = f"<incident.{notice.incident_id}@{host}>"
    _send(
        EmailMessage(
            subject=subject,
            body=text,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[notice.address],
            headers=_headers(notice.key, host) | {"References": thread, "In-Reply-To": thread},
        )
    )


def send_plain(letter: Letter) -> None:
    """A mail about the address itself: a code, a test."""
    host = urlsplit(settings.BASE_URL).hostname or "belay"
    _send(
        EmailMessage(
            subject=letter.subject,
            body=letter.text,
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[letter.address],
            headers=_headers(letter.key, host),
        )
    )


def _headers(key: str, host: str) -> dict[str, str]:
    local = re.sub(r"[^A-Za-z0-9.-]+", ".", key)
    return {
        "Message-ID": f"<{local}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Belay-Key": key,
    }


def _send(message: EmailMessage) -> None:
    """First the line, then the mail: what fails before the line stands never left."""
    line = get_connection()
    line.open()
    try:
        line.send_messages([message])
    except (SMTPServerDisconnected, TimeoutError) as error:
        raise Unanswered(f"The mail server did not answer: {type(error).__name__}.") from error
    finally:
        line.close()
