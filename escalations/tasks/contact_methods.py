"""Sends codes and tests by the ways they are about; asked for by accounts.services."""

from __future__ import annotations

from config.lib.clock import now
from escalations.services import contact_codes


def send_code(pk: int) -> str:
    return "sent" if contact_codes.send_code(pk, at=now()) else "not sent"


def send_test(pk: int) -> str:
    return "sent" if contact_codes.send_test(pk, at=now()) else "not sent"
