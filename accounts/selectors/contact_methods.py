"""By which ways people are reached."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import ContactMethod, User
from accounts.rules.contact_methods import CODE_LIVES, MOST_TRIES, ContactKind


@dataclass(frozen=True, slots=True)
class Way:
    """`shown` is the address of a mail, and no more than a hint of any other."""

    kind: str
    shown: str
    method: int | None = None


def ways_of(people: Iterable[User]) -> dict[int, tuple[Way, ...]]:
    """Person id -> verified ways, the first first. Whoever verified none is reached at the address
    that the committee keeps for them, if there is one. One query."""
    rows = list(people)
    found: dict[int, list[Way]] = {person.pk: [] for person in rows}
    verified = ContactMethod.objects.verified().filter(person__in=found)
    columns = ("person", "kind", "address", "shown", "pk")
    for person, kind, address, shown, pk in verified.order_by("position", "pk").values_list(
        *columns
    ):
        is_mail = kind == ContactKind.EMAIL
        found[person].append(Way(kind, address if is_mail else shown, pk))
    for person in rows:
        if not found[person.pk] and person.email:
            found[person.pk].append(Way(ContactKind.EMAIL.value, person.email))
    return {person: tuple(ways) for person, ways in found.items()}


def reachable(people: QuerySet[User]) -> QuerySet[User]:
    """Those of them who are active and have some way to be reached."""
    verified = ContactMethod.objects.verified().filter(person=OuterRef("pk"))
    return people.filter(~Q(email="") | Exists(verified), is_active=True)


def without_verified(people: QuerySet[User]) -> QuerySet[User]:
    """Those of them who verified no way to be reached."""
    verified = ContactMethod.objects.verified().filter(person=OuterRef("pk"))
    return people.filter(~Exists(verified))


@dataclass(frozen=True, slots=True)
class OwnMethod:
    """A way as its person sees it."""

    pk: int
    kind: str
    kind_label: str
    label: str
    shown: str
    is_first: bool
    is_verified: bool
    awaits_code: bool
    tries_left: int
    last_ok_at: datetime | None
    last_error: str
    old_secret_until: datetime | None


KIND_LABELS = {
    ContactKind.EMAIL.value: "E-mail",
    ContactKind.WEBHOOK.value: "Webhook",
    ContactKind.APPRISE.value: "Chat, SMS or push",
}


def own_methods(person: User, at: datetime) -> tuple[OwnMethod, ...]:
    """One query."""
    rows = list(ContactMethod.objects.live().filter(person=person).order_by("position", "pk"))
    first = next((row.pk for row in rows if row.verified_at), None)
    return tuple(
        OwnMethod(
            pk=row.pk,
            kind=row.kind,
            kind_label=KIND_LABELS[row.kind],
            label=row.label,
            shown=row.address if row.kind == ContactKind.EMAIL else row.shown,
            is_first=row.pk == first,
            is_verified=row.verified_at is not None,
            awaits_code=awaits_code(row, at),
            tries_left=MOST_TRIES - row.code_tries,
            last_ok_at=row.last_ok_at,
            last_error=row.last_error,
            old_secret_until=row.old_secret_until
            if row.old_secret_until and row.old_secret_until > at
            else None,
        )
        for row in rows
    )


def awaits_code(method: ContactMethod, at: datetime) -> bool:
    """Was a code sent that still counts?"""
    if method.verified_at or not method.code_sent_at or method.code_tries >= MOST_TRIES:
        return False
    return at < method.code_sent_at + CODE_LIVES
