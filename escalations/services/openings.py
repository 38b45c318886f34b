"""A person opens an incident by hand."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from escalations.services.links import link_back, other_incident
from escalations.services.signals import Received, SignalMessage, receive_signal


def open_by_hand(
    message: SignalMessage, *, by: User, at: datetime, follows: int | None = None
) -> Received:
    """`follows`: the incident that this one comes back from, closed too long ago to reopen.

    Raises DomainError 400 `unknown_incident`.
    """
    with transaction.atomic():
        earlier = other_incident(follows, "follows", by=by) if follows else None
        received = receive_signal(message, by=by, at=at)
        if earlier is not None and received.incident is not None:
            link_back(received.incident, earlier, at=at, by=by)
    return received
