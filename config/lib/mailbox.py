"""Mail as files: one `.eml` per message under MAIL_DIR, complete from the moment it is seen."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class FolderBackend(BaseEmailBackend):
    """Names sort by time: `20261120T101500.000123Z-<start of the Message-ID>.eml`."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        sent = 0
        for message in email_messages:
            if not message.recipients():
                continue
            try:
                write(message, Path(settings.MAIL_DIR))
            except OSError:
                if not self.fail_silently:
                    raise
            else:
                sent += 1
        return sent


def write(message: EmailMessage, folder: Path) -> Path:
    """Raises OSError; then no `.eml` is left behind."""
    folder.mkdir(parents=True, exist_ok=True)
    mime = message.message()
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    local_part = mime["Message-ID"].strip("<> ").split("@")[0]
    name = f"{stamp}-{re.sub(r'[^A-Za-z0-9.-]', '-', local_part)[:80]}.eml"
    # Readers that list *.eml never meet half a message: hidden first, then renamed.
    draft = folder / f".{name}.{os.getpid()}"
    try:
        with draft.open("xb") as file:
            # Django 5.2 has `linesep`; the stubs describe Django 6.
            file.write(mime.as_bytes(linesep="\r\n"))  # type: ignore[call-arg]
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / name)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(folder)
    return folder / name


def _sync_folder(folder: Path) -> None:
    """The rename itself must survive a power cut too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
