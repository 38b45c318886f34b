"""Mail is handed over by noting what came when: a line `time incident key` each."""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class Sink(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with open(settings.SINK, "a") as file:
            for message in email_messages:
                key = message.extra_headers.get("X-Belay-Key", "")
                file.write(f"{time.time():.6f} {key.partition(':')[0]} {key}\n")
        return len(email_messages)
