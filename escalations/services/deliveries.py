"""A message received twice is taken once: the second gets the first answer again.

A message is known by its Idempotency-Key. Without a key only a message that carries its own time
can be told from a new one of the same text, and is known by its hash for 24 hours.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from config.lib.errors import Conflict, field_error
from escalations.models import Delivery

HASH_COUNTS_FOR = timedelta(hours=24)
Answer = tuple[int, dict[str, Any]]


def once(
    *,
    source: str,
    key: str,
    body: Any,
    carries_time: bool,
    by: User,
    at: datetime,
    take: Callable[[], Answer],
) -> Answer:
    """Run `take` unless this message was taken; both happen in one transaction or not at all.

    `take` opens its own transaction; without a key nothing else is written.

    Raises Conflict `idempotency_key_reused` for one key with two bodies.
    """
    if len(key) > 200:
        raise field_error("Idempotency-Key", "too_long", "A key has at most 200 characters.")
    name = name_of(key, body, carries_time=carries_time, by=by)
    if not name:
        return take()
    digest = digest_of(body)
    for _ in range(4):
        known = Delivery.objects.filter(source=source, key=name).first()
        if known is not None and key and known.body_sha256 != digest:
            raise Conflict(
                "idempotency_key_reused", "This Idempotency-Key came with another body before."
            )
        if known is not None and (key or at - known.received_at <= HASH_COUNTS_FOR):
            return 200, known.answer
        try:
            with transaction.atomic():
                if known is not None:
                    known.delete()
                row = Delivery.objects.create(
                    source=source,
                    key=name,
                    body_sha256=digest,
                    received_at=at,
                    received_from=by,
                    status=202,
                    answer={},
                )
                status, answer = take()
                row.status, row.answer = status, answer
                row.save(update_fields=["status", "answer"])
                return status, answer
        except IntegrityError:
            continue  # another process took it, or opened the same episode: look again
    raise Conflict("busy", "The same message is being taken in. Send it again.")


def name_of(key: str, body: Any, *, carries_time: bool, by: User) -> str:
    """What a message is known by; empty where a repeat cannot be told from a new one."""
    if key:
        return f"key:{by.pk}:{key}"
    return f"hash:{digest_of(body)}" if carries_time else ""


def digest_of(body: Any) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True, default=str).encode()).hexdigest()
