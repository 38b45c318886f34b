"""Who is told what about an incident, how often, and through which channel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from accounts.models import Contact, User
from escalations.models import Clock, CustomerLetter, Incident
from escalations.rules.policy import ClockKind, PolicyDoc, Severity
from escalations.selectors.letters import arrival, contacts_of, next_promise
from escalations.templatetags.belay import duration

LAST = 6


@dataclass(frozen=True, slots=True)
class Party:
    """One line of the contract: who, what they hear, when, by which channel."""

    icon: str
    who: str
    what: str
    when: str
    channel: str


@dataclass(frozen=True, slots=True)
class Sent:
    name: str
    at: datetime
    arrival: str
    is_bad: bool


@dataclass(frozen=True, slots=True)
class Contract:
    """`next_at` is when the customer is promised to hear from us, `then_at` when again if an update
    left now; None where nothing is promised."""

    parties: tuple[Party, ...]
    next_at: datetime | None
    then_at: datetime | None
    kept: int
    missed: int
    letters: tuple[Sent, ...]
    language: str  # of whoever is told first


def contract_of(
    incident: Incident, clocks: Iterable[Clock], doc: PolicyDoc, user: User, at: datetime
) -> Contract:
    """Two queries: contacts, letters. `clocks` are the incident's."""
    severity = doc.severities[Severity(incident.severity)]
    cadence = [each for each in clocks if each.kind == ClockKind.CADENCE.value]
    target = severity.targets.get(ClockKind.CADENCE)
    running = [each for each in cadence if each.run_state == "running"]
    every = (
        f"every {duration(running[0].target_s if running else target.target_s)}" if target else ""
    )
    contacts = contacts_of(incident)
    parties = [_customer(incident, contacts, every, user)] if incident.account_id else []
    if incident.account and incident.account.sponsor:
        sponsor = f"{incident.account.sponsor}, sponsor"
        parties.append(Party("shield-alert", sponsor, "Each missed update", "at once", "mail"))
    percents = ", ".join(f"{each} %" for each in sorted(doc.warn_percents))
    owner = f"{incident.commander}, owner" if incident.commander else "The owner, once there is one"
    parties.append(Party("user", owner, f"Clocks at {percents}, and late", "at once", "mail"))
    if severity.ladder:
        name = incident.explanation.get("ladder") or severity.ladder
        climbs = f"Pages of ladder {name}"
        parties.append(
            Party("bell", "Who is on call", climbs, "until somebody answers", "their first ways")
        )
    letters = CustomerLetter.objects.filter(incident=incident).order_by("-pk")[:LAST]
    return Contract(
        parties=tuple(parties),
        next_at=running[0].due_at if running else None,
        then_at=next_promise(running[0] if running else None, at),
        kept=sum(each.on_time for each in cadence),
        missed=sum(each.missed for each in cadence),
        letters=tuple(
            Sent(row.name, row.created_at, arrival(row, at), row.failed_at is not None)
            for row in letters
        ),
        language=contacts[0].language if contacts else "en",
    )


def _customer(incident: Incident, contacts: list[Contact], every: str, user: User) -> Party:
    reached = [each.name for each in contacts if each.email]
    assert incident.account is not None
    who = incident.account.name
    if reached and user.has_perm("accounts.view_account"):
        who += f": {', '.join(reached)}"
    channel = "mail" if reached else "no address: tell them another way"
    return Party("building", who, "Updates", every or "when there is news", channel)
