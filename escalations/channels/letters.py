"""What leaves by a channel, and what may become of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

REPEATED = "Repeat: it may have reached you before."


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one address. `key` is the same however often it is tried; `secrets` sign it,
    the newest first. `is_repeat`: an earlier try may have arrived."""

    key: str
    kind: str
    subject: str
    text: str
    address: str
    created_at: datetime
    incident: int | None = None
    recipient: str = ""
    secrets: tuple[str, ...] = ()
    is_repeat: bool = False


class Refused(Exception):
    """It will not be taken, however often it is tried."""


class TryLater(Exception):
    """Not taken now. `after_s` is what the other side asked us to wait, if it did."""

    def __init__(self, sentence: str, after_s: int | None = None) -> None:
        super().__init__(sentence)
        self.after_s = after_s


class Unanswered(Exception):
    """It left, and nobody said what became of it: it may have arrived."""
