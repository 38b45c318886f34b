"""How people are reached: added, verified by a code, put first, removed. Each only by oneself.

The code itself is made where it is sent (escalations): it rests nowhere but in that message.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils.crypto import constant_time_compare, salted_hmac

from accounts.models import ContactMethod, User
from accounts.rules import contact_methods as rules
from accounts.rules.contact_methods import ContactKind
from config.lib import outward
from config.lib.errors import Conflict, DomainError, field_error
from config.lib.history import told
from config.lib.queue import enqueue

SEND_CODE = "escalations.tasks.contact_methods.send_code"
SEND_TEST = "escalations.tasks.contact_methods.send_test"


def code_digest(method: ContactMethod, code: str) -> str:
    return salted_hmac(f"belay.code.{method.pk}", code, algorithm="sha256").hexdigest()


def new_secret() -> str:
    """As Standard Webhooks writes it: 32 random bytes."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


@transaction.atomic
def add_method(person: User, kind: str, address: str, label: str, *, at: datetime) -> ContactMethod:
    """Unverified: a code is on its way to it. A webhook's `secret` is in the answer, and is shown
    to its person once.

    Raises DomainError `bad_address` or `address_forbidden` on the field, `too_many`, `unique`.
    """
    address = address.strip()
    problem = rules.problem_with(kind, address, frozenset(settings.APPRISE_SCHEMES))
    if problem:
        raise field_error("address", "bad_address", problem)
    if kind == ContactKind.WEBHOOK:
        try:
            outward.look_at(address)
        except outward.Forbidden as error:
            raise field_error("address", "address_forbidden", str(error)) from None
    mine = _locked(person)
    if mine.live().count() >= rules.MOST_METHODS:
        raise Conflict("too_many", f"{rules.MOST_METHODS} ways are the most: remove one first.")
    if mine.filter(created_at__gt=at - timedelta(days=1)).count() >= rules.MOST_ADDED_A_DAY:
        raise _too_often("You added many today. Try again tomorrow.", timedelta(hours=12))
    if mine.live().filter(address=address).exists():
        raise Conflict("unique", "You have this address already.")
    method = ContactMethod(
        person=person,
        kind=kind,
        address=address,
        shown=rules.masked(kind, address),
        label=label.replace("\0", "").strip()[:80],
        position=mine.live().count() + 1,
        created_at=at,
        secret=new_secret() if kind == ContactKind.WEBHOOK else "",
    )
    told(method, by=person, reason="Added by themselves.", at=at).save()
    _ask(method, SEND_CODE, at)
    return method


@transaction.atomic
def ask_code(method: ContactMethod, *, at: datetime) -> None:
    """A new code; the one before no longer counts. Raises DomainError 429 `too_often`, Conflict
    `verified_already`."""
    method = _mine(method)
    if method.verified_at is not None:
        raise Conflict("verified_already", "This way is verified already.")
    _ask(method, SEND_CODE, at)


@transaction.atomic
def ask_test(method: ContactMethod, *, at: datetime) -> None:
    """A test message. Raises DomainError 429 `too_often`, Conflict `not_verified`."""
    method = _mine(method)
    if method.verified_at is None:
        raise Conflict("not_verified", "Verify it first: it gets nothing before.")
    _ask(method, SEND_TEST, at)


def _ask(method: ContactMethod, job: str, at: datetime) -> None:
    lately = ContactMethod.objects.filter(person=method.person_id, sends_from__gt=at - rules.HOUR)
    of_all = lately.aggregate(all=Sum("sends"))["all"] or 0
    if method.sends_from is None or method.sends_from <= at - rules.HOUR:
        method.sends_from, method.sends = at, 0
    if method.sends >= rules.MOST_SENDS or of_all >= rules.MOST_SENDS_OF_PERSON:
        raise _too_often("Enough was sent for now. Try again in an hour.", rules.HOUR)
    method.sends += 1
    changes = {"sends_from": method.sends_from, "sends": method.sends, "last_error": ""}
    if job == SEND_CODE:
        changes |= {"code_hash": "", "code_sent_at": None, "code_tries": 0}
    ContactMethod.objects.filter(pk=method.pk).update(**changes)
    if job == SEND_CODE:
        enqueue(SEND_CODE, method.pk)
    else:
        enqueue(SEND_TEST, method.pk)


def verify(method: ContactMethod, code: str, *, at: datetime) -> ContactMethod:
    """Raises DomainError `code_missing`, `code_over` (too old, or tried too often) or `code_wrong`
    with `tries_left`; a wrong try counts."""
    with transaction.atomic():
        method = _mine(method)
        if method.verified_at is not None:
            return method
        problem = _judge(method, code.strip(), at)
        if problem is None:
            method.verified_at, method.code_hash = at, ""
            told(method, by=method.person, reason="Verified by a code.", at=at).save()
    if problem is not None:  # outside: the try that was used up must stay
        raise problem
    return method


def _judge(method: ContactMethod, code: str, at: datetime) -> DomainError | None:
    if not method.code_hash or method.code_sent_at is None:
        return field_error("code", "code_missing", "No code is on its way. Ask for one.")
    if at >= method.code_sent_at + rules.CODE_LIVES or method.code_tries >= rules.MOST_TRIES:
        return field_error("code", "code_over", "This code no longer counts. Ask for a new one.")
    ContactMethod.objects.filter(pk=method.pk).update(code_tries=F("code_tries") + 1)
    if constant_time_compare(code_digest(method, code), method.code_hash):
        method.code_tries += 1
        return None
    left = rules.MOST_TRIES - method.code_tries - 1
    return field_error("code", "code_wrong", f"That is another number. {left} tries are left.")


@transaction.atomic
def make_first(method: ContactMethod, *, at: datetime) -> None:
    """Pages go there first. Raises Conflict `not_verified`."""
    method = _mine(method)
    if method.verified_at is None:
        raise Conflict("not_verified", "Verify it first: it gets nothing before.")
    others = ContactMethod.objects.live().filter(person=method.person_id).exclude(pk=method.pk)
    for place, row in enumerate([method, *others.order_by("position", "pk")], 1):
        if row.position != place:
            row.position = place
            told(row, by=method.person, reason=f"{method} goes first.", at=at).save()


@transaction.atomic
def remove(method: ContactMethod, *, at: datetime) -> None:
    """Nothing leaves by it any more. Raises Conflict `last_way` for the last verified one."""
    method = _mine(method)
    verified = ContactMethod.objects.verified().filter(person=method.person_id)
    if method.verified_at and not verified.exclude(pk=method.pk).exists():
        raise Conflict("last_way", "It is the only way to reach you. Verify another one first.")
    method.withdrawn_at = at
    if method.kind != ContactKind.EMAIL:
        method.address = method.shown  # the secret in it is forgotten
    method.secret = new_secret() if method.secret else ""
    method.old_secret, method.old_secret_until = "", None
    told(method, by=method.person, reason="Removed by themselves.", at=at).save()


@transaction.atomic
def rotate_secret(method: ContactMethod, *, at: datetime) -> str:
    """A new secret, to be shown once; for a day the old one signs as well. Raises Conflict
    `no_secret` for what is no webhook."""
    method = _mine(method)
    if method.kind != ContactKind.WEBHOOK:
        raise Conflict("no_secret", "Only what leaves by a webhook is signed.")
    method.old_secret, method.old_secret_until = method.secret, at + rules.OLD_SECRET_LIVES
    method.secret = new_secret()
    told(method, by=method.person, reason="A new secret.", at=at).save()
    return method.secret


@transaction.atomic
def follow_account(
    person: User, *, by: User | None, at: datetime, before: str = "", is_verified: bool = False
) -> None:
    """The address that the committee keeps for this person changed from `before`: the old one is
    no way any more, the new one is a way that its person may verify."""
    mine = _locked(person)
    for row in mine.live().filter(kind=ContactKind.EMAIL, address=before).exclude(address=""):
        row.withdrawn_at = at
        told(row, by=by, reason="The committee changed the address.", at=at).save()
    if not person.email or mine.live().filter(address=person.email).exists():
        return
    method = ContactMethod(
        person=person,
        kind=ContactKind.EMAIL,
        address=person.email,
        shown=rules.masked(ContactKind.EMAIL, person.email),
        position=mine.live().count() + 1,
        created_at=at,
        verified_at=at if is_verified else None,
    )
    told(method, by=by, reason="The address of the account.", at=at).save()


def _locked(person: User):
    """The ways of a person, whose row is locked."""
    User.objects.select_for_update(no_key=True).get(pk=person.pk)
    return ContactMethod.objects.filter(person=person)


def _mine(method: ContactMethod) -> ContactMethod:
    _locked(method.person)
    return ContactMethod.objects.live().get(pk=method.pk)


def _too_often(sentence: str, wait: timedelta) -> DomainError:
    seconds = int(wait.total_seconds())
    return DomainError("too_often", sentence, status=429, headers={"Retry-After": str(seconds)})
