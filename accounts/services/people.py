"""People who come and go."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from knox.models import AuthToken

from accounts.models import Absence, Membership, User
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from config.lib.queue import enqueue

RELEASE = "escalations.tasks.people.release_incidents_of"
LEFT = "escalations.tasks.rosters.somebody_left"


@transaction.atomic
def deactivate(person: User, *, by: User, at: datetime, reason: str) -> None:
    """From `at` on this person signs in nowhere, is on no roster and in no team, and is paged no
    more. What they own is handed to the ladder, and who plans their rosters is told, by jobs of
    this same transaction.

    Raises DomainError `own_account` for oneself, `reason_missing` without a reason.
    """
    if person.pk == by.pk:
        raise Conflict("own_account", "Ask another governor: nobody deactivates themselves.")
    if not reason.strip():
        raise DomainError("reason_missing", "Say why.")
    person = User.objects.select_for_update().get(pk=person.pk)
    person.is_active, person.left_at = False, at
    told(person, by=by, reason=reason).save(update_fields=["is_active", "left_at"])
    for membership in Membership.objects.filter(user=person, valid_to=None):
        told(membership, by=by, reason=reason)
        if membership.valid_from >= at:
            membership.delete()  # it never began
        else:
            membership.valid_to = at
            membership.save()
    AuthToken.objects.filter(user=person).delete()
    enqueue(RELEASE, person.pk)
    enqueue(LEFT, person.pk)


@transaction.atomic
def reactivate(person: User, *, by: User, at: datetime, reason: str) -> None:
    """May sign in again, with the roles of before; teams and rosters are given anew."""
    person = User.objects.select_for_update().get(pk=person.pk)
    if person.left_at is not None and person.left_at < at:
        # Rosters remember: meanwhile somebody else answered, or nobody.
        Absence.objects.create(
            user=person,
            start_at=person.left_at,
            end_at=at,
            reason="Had left",
            recorded_at=person.left_at,
            recorded_by=by,
        )
    person.is_active, person.left_at = True, None
    told(person, by=by, reason=reason).save(update_fields=["is_active", "left_at"])
