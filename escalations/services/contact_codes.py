"""Codes and tests, sent by the very way they are about."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from accounts.models import ContactMethod
from accounts.rules.contact_methods import ContactKind
from accounts.services.contact_methods import code_digest
from escalations.channels import apprise, email, webhook
from escalations.channels.letters import Letter, Refused, TryLater, Unanswered

SENDERS: dict[str, Callable[[Letter], None]] = {
    ContactKind.EMAIL.value: email.send_plain,
    ContactKind.WEBHOOK.value: webhook.send,
    ContactKind.APPRISE.value: apprise.send,
}


def send_code(pk: int, *, at: datetime) -> bool:
    """A new code: only its digest stays here. Whether it left; why not is kept on the way."""
    code = f"{secrets.randbelow(10**6):06}"
    with transaction.atomic():
        method = ContactMethod.objects.live().select_for_update().filter(pk=pk).first()
        if method is None or method.verified_at is not None:
            return False
        _keep(method, code_hash=code_digest(method, code), code_sent_at=at, code_tries=0)
    text = (
        f"{code} is your code for Belay.\n\nEnter it on your profile within ten minutes:\n"
        f"{settings.BASE_URL}/accounts/profile/\n\nDid not ask for it? Then ignore it.\n"
    )
    return _send(method, "code", f"{code} is your code for Belay", text, at)


def send_test(pk: int, *, at: datetime) -> bool:
    method = ContactMethod.objects.verified().filter(pk=pk).first()
    if method is None:
        return False
    text = f"This is a test: Belay reaches you here.\n\n{settings.BASE_URL}/accounts/profile/\n"
    return _send(method, "test", "A test from Belay", text, at)


def _send(method: ContactMethod, kind: str, subject: str, text: str, at: datetime) -> bool:
    old = method.old_secret_until
    keys = (method.secret, method.old_secret if old and old > at else "")
    letter = Letter(
        key=f"{kind}:{method.pk}:{secrets.token_hex(8)}",
        kind=kind,
        subject=subject,
        text=text,
        address=method.address,
        created_at=at,
        recipient=method.person.username,
        secrets=tuple(filter(None, keys)),
    )
    try:
        SENDERS[method.kind](letter)
    except (Refused, TryLater, Unanswered) as error:
        _keep(method, last_error=str(error)[:300])
    except Exception as error:  # a mail server has many ways to say no
        _keep(method, last_error=f"Not sent: {type(error).__name__}.")
    else:
        _keep(method, last_ok_at=at, last_error="")
        return True
    return False


def _keep(method: ContactMethod, **values: object) -> None:
    ContactMethod.objects.filter(pk=method.pk).update(**values)
