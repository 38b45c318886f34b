"""A person named by a row. Where rows are looked up by one, the model declares that index."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.expressions import Combinable

from accounts.models import User


def person() -> models.ForeignKey[User | Combinable | None, User | None]:
    # Every new row would be written into it, and people are never deleted.
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
    )
