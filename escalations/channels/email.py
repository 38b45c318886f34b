"""Mail out. The stable key is the Message-ID, so that a repeat after a crash is recognised."""

from __future__ import annotations

import re
from smtplib import SMTPServerDisconnected
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from escalations.channels.letters import Letter, Unanswered


def send(letter: Letter) -> None:
    """One mail. Raises what smtplib raises; Unanswered where it left and no answer came."""
    host = _host()
    thread = f"<incident.{letter.incident}@{host}>"
    _send(letter, _headers(letter.key, host) | {"References": thread, "In-Reply-To": thread})


def send_plain(letter: Letter) -> None:
    """A mail of no incident's thread: a code, a test, a letter to a customer."""
    _send(letter, _headers(letter.key, _host()))


def _host() -> str:
    return urlsplit(settings.BASE_URL).hostname or "belay"


def _headers(key: str, host: str) -> dict[str, str]:
    local = re.sub(r"[^A-Za-z0-9.-]+", ".", key)
    return {
        "Message-ID": f"<{local}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Belay-Key": key,
    }


def _send(letter: Letter, headers: dict[str, str]) -> None:
    """First the line, then the mail: what fails before the line stands never left."""
    message = EmailMessage(
        subject=letter.subject,
        body=letter.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[letter.address],
        headers=headers,
    )
    line = get_connection()
    line.open()
    try:
        line.send_messages([message])
    except (SMTPServerDisconnected, TimeoutError) as error:
        raise Unanswered(f"The mail server did not answer: {type(error).__name__}.") from error
    finally:
        line.close()
