"""Ways to reach a person: what an address may be, and how little of it is shown."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from urllib.parse import urlsplit

CODE_LIVES = timedelta(minutes=10)
MOST_TRIES = 5
# Codes and tests sent within an hour: by one way, and to one person by all of them.
HOUR = timedelta(hours=1)
MOST_SENDS = 5
MOST_SENDS_OF_PERSON = 10
MOST_METHODS = 10
MOST_LETTERS = 1000
MOST_ADDED_A_DAY = 20
OLD_SECRET_LIVES = timedelta(hours=24)

MAIL = re.compile(r"[^@\s<>,;:\"'()\[\]\\]+@[A-Za-z0-9.-]+\.[A-Za-z0-9-]+")
# Of these the part after // is a host and not a secret.
WITH_HOST = frozenset({"json", "jsons"})


class ContactKind(StrEnum):
    EMAIL = "email"
    WEBHOOK = "webhook"
    APPRISE = "apprise"  # chat, SMS, push


KINDS = [kind.value for kind in ContactKind]


def scheme_of(address: str) -> str:
    scheme, colon, _ = address.partition("://")
    return scheme.lower() if colon else ""


def masked(kind: str, address: str) -> str:
    """What others, logs and histories see: never enough to use it."""
    if kind == ContactKind.EMAIL:
        name, _, host = address.rpartition("@")
        return f"{name[:1]}…@{host}"
    scheme = scheme_of(address)
    if kind == ContactKind.WEBHOOK or scheme in WITH_HOST:
        try:
            host = urlsplit(address).hostname or ""
        except ValueError:
            host = ""
        return f"{scheme}://{host}/…"[:200]
    return f"{scheme}://…"


def problem_with(kind: str, address: str, schemes: frozenset[str]) -> str:
    """A sentence about an address that cannot be right; empty if it may be. Where a webhook leads
    is judged apart, before each call."""
    if kind not in list(ContactKind):
        return f"Use one of these kinds: {', '.join(ContactKind)}."
    if len(address) > MOST_LETTERS or any(ord(letter) < 33 for letter in address):
        return f"An address has at most {MOST_LETTERS} letters and no spaces."
    if kind == ContactKind.EMAIL:
        is_mail = len(address) <= 254 and MAIL.fullmatch(address)
        return "" if is_mail else "Give an e-mail address, such as ana@example.com."
    if kind == ContactKind.WEBHOOK:
        return "" if scheme_of(address) in ("https", "http") else "Give an https:// address."
    if scheme_of(address) not in schemes:
        return f"Give an address of one of these: {', '.join(sorted(schemes))}."
    return ""
