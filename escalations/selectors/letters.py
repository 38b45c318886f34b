"""An update as the customer reads it, and to whom it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Contact
from escalations.models import Clock, CustomerLetter, Incident
from escalations.rules.cadence import cadence_state
from escalations.rules.clock_events import ClockEvent
from escalations.selectors.clocks import SECOND_US, rule_events
from escalations.templatetags.belay import utc

NO_CHANGE = "There is no change since our last update. We are still working on it."


@dataclass(frozen=True, slots=True)
class LetterView:
    """`to` are names; `unreached` are contacts without an address."""

    to: tuple[str, ...]
    unreached: tuple[str, ...]
    subject: str
    text: str


def contacts_of(incident: Incident) -> list[Contact]:
    """Active contacts, the first to be told first. One query."""
    if incident.account_id is None:
        return []
    rows = Contact.objects.filter(account=incident.account_id, is_active=True)
    return list(rows.order_by("-is_primary", "name"))


def letter_of(incident: Incident, text: str, at: datetime, next_at: datetime | None) -> LetterView:
    """`next_at` is when the next update is promised once this one is out."""
    contacts = contacts_of(incident)
    name = incident.account.name if incident.account else ""
    word = utc(next_at, at) if next_at else ""
    promise = f"You hear from us again by {word}." if word and word not in text else ""
    about = f"This is about {incident.key}, {name}." if name else f"This is about {incident.key}."
    return LetterView(
        to=tuple(each.name for each in contacts if each.email),
        unreached=tuple(each.name for each in contacts if not each.email),
        subject=f"[{incident.key}] {incident.title}".replace("\n", " ")[:400],
        text="\n\n".join(part for part in (text, promise, about) if part),
    )


def next_promise(clock: Clock | None, at: datetime) -> datetime | None:
    """When the update after one sent now would be due, by the very rule of the cadence."""
    if clock is None or clock.run_state != "running":
        return None
    calendar, ledger = rule_events(clock)
    update = ClockEvent(at=at, type="update", seq=len(ledger) + 1)
    interval_us = clock.target_s * SECOND_US
    found = cadence_state([*ledger, update], interval_us=interval_us, calendar=calendar, at=at)
    return found.next_due_at


def cadence_clock(incident: Incident) -> Clock | None:
    rows = incident.clocks.filter(kind="cadence", run_state="running")
    return rows.prefetch_related("events").order_by("-cycle").first()


def arrival(letter: CustomerLetter, at: datetime) -> str:
    """What became of it, in words."""
    if letter.sent_at:
        return f"taken by the mail server {utc(letter.sent_at, at)}"
    if letter.failed_at:
        return f"did not arrive: {letter.last_error}"
    return "trying again" if letter.attempts else "on its way"
