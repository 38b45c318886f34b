"""Sends one letter to a customer."""

from __future__ import annotations

from config.lib.clock import now
from escalations.services.letters import send_letter


def send(pk: int) -> str:
    return send_letter(pk, now())
