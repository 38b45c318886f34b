"""Mail out. The stable key is the Message-ID, so that a repeat after a crash is recognised."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage

from escalations.models import Notice


def send(notice: Notice, more: Sequence[Notice] = ()) -> None:
    """One mail; `more` are further pages for the same person that travel in it."""
    subject, text = notice.subject, notice.text
    if more:
        subject = f"{len(more) + 1} pages together: {subject}"[:400]
        text = "\n\n".join(each.text for each in (notice, *more))
    host = urlsplit(settings.BASE_URL).hostname or "belay"
    local = re.sub(r"[^A-Za-z0-9.-]+", ".", notice.key)
    thread = f"<incident.{notice.incident_id}@{host}>"
    EmailMessage(
        subject=subject,
        body=text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[notice.address],
        headers={
            "Message-ID": f"<{local}@{host}>",
            "References": thread,
            "In-Reply-To": thread,
            "Auto-Submitted": "auto-generated",
            "X-Belay-Key": notice.key,
        },
    ).send()
