"""How the demo's people are reached beside their mail, and two messages that went wrong: one that
was refused, one that nobody is sure of. Both by the real sender, which calls nobody for them."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from accounts.models import ContactMethod, User
from accounts.rules.contact_methods import ContactKind, masked
from accounts.selectors.contact_methods import without_verified
from accounts.services.contact_methods import follow_account, new_secret, remove
from config.lib.history import told
from escalations.models import Notice
from escalations.models.notices import PENDING, Channel, NoticeKind
from escalations.services.leasing import Outgoing
from escalations.services.sending import send_letters

NEWCOMER = "tom"
AGO = timedelta(hours=1)
# sign-in -> (kind, address, name, verified)
WAYS = {
    "agent2": (ContactKind.EMAIL, "sam.night@demo.belay.example", "At night", True),
    "duty": (ContactKind.EMAIL, "duty-desk@demo.belay.example", "The duty desk", True),
    "senior": (ContactKind.APPRISE, "ntfys://priya-on-call", "Phone", False),
}


def tell_ways(people: dict[str, User], at: datetime) -> None:
    """Everybody's mail was proved to arrive, but that of one who has just come."""
    for person in without_verified(User.objects.exclude(username=NEWCOMER).exclude(email="")):
        follow_account(person, by=None, at=at, is_verified=True)
    for name, (kind, address, label, is_verified) in WAYS.items():
        if not ContactMethod.objects.filter(person=people[name], label=label).exists():
            _way(people[name], kind, address, label, at if is_verified else None, at)


def tell_losses(people: dict[str, User], at: datetime) -> None:
    """Of what waits to be sent: one refused for good, one whose sender died over it."""
    log = logging.getLogger("belay.notices")
    log.disabled = True  # these failures are a story, not news for whoever starts the demo
    try:
        _lose(people, at)
    finally:
        log.disabled = False


def _lose(people: dict[str, User], at: datetime) -> None:
    refused = ("agent", ContactKind.WEBHOOK, "https://10.20.30.40/pager", "Old pager")
    doubtful = ("duty", ContactKind.APPRISE, "slack://T0/B0/x", "Team chat")
    for (name, kind, address, label), began in ((refused, None), (doubtful, at - AGO)):
        person = people[name]
        waiting = Notice.objects.filter(
            PENDING, recipient=person, kind=NoticeKind.WARNING, incident__isnull=False
        )
        notice = waiting.select_related("recipient", "incident").order_by("-not_before").first()
        if notice is None:
            continue
        way = _way(person, kind, address, label, at - 2 * AGO, at - 2 * AGO)
        notice.channel, notice.method, notice.address = Channel(kind.value), way, way.shown
        notice.attempts, notice.began_at = (2 if began else 1), began
        notice.save()
        send_letters([[Outgoing.of(notice)]], lambda: at - AGO)
        remove(way, at=at - AGO)


def _way(
    person: User,
    kind: ContactKind,
    address: str,
    label: str,
    verified_at: datetime | None,
    at: datetime,
) -> ContactMethod:
    place = ContactMethod.objects.live().filter(person=person).count() + 1
    way = ContactMethod(
        person=person,
        kind=kind.value,
        address=address,
        shown=masked(kind, address),
        label=label,
        position=place,
        created_at=at,
        verified_at=verified_at,
        secret=new_secret() if kind is ContactKind.WEBHOOK else "",
    )
    told(way, by=person, reason="Added by themselves.", at=at).save()
    return way
