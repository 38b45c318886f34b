"""The one life of a governed version: drafted, checked, in force, retired.

A version in force is sealed: it carries its date and the hash of what it said, and the next change
is the next version.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from config.lib.models import Stamped, check, one_of, unique


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    IN_REVIEW = "in_review", "In review"
    APPROVED = "approved", "Approved"
    SCHEDULED = "scheduled", "Scheduled"
    IN_FORCE = "in_force", "In force"
    RETIRED = "retired", "Retired"


class Version(Stamped):
    """The model that inherits this adds its owner and `version_constraints` of it."""

    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=VersionState, default=VersionState.DRAFT)
    effective_from = models.DateTimeField(null=True, blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.TextField(blank=True)

    class Meta:
        abstract = True

    @property
    def since(self) -> datetime:
        """When it began, or begins, to decide. Only of what is, or was, in force."""
        assert self.effective_from is not None
        return self.effective_from

    def __str__(self) -> str:
        return f"v{self.number}"


DECIDING = ("in_force", "retired")  # what decides by its `effective_from`, or did


def version_constraints(prefix: str, owner: str) -> list[models.BaseConstraint]:
    """Named `prefix_...`; `owner` is the field that names whose versions these are."""
    return [
        unique(f"{prefix}_number", owner, "number", sentence="This version exists."),
        one_of(f"{prefix}_state", "state", VersionState),
        unique(
            f"{prefix}_one_in_force",
            owner,
            condition=Q(state="in_force"),
            sentence=f"One version of a {owner} is in force.",
        ),
        check(
            f"{prefix}_in_force_is_sealed",
            ~Q(state="in_force") | (Q(effective_from__isnull=False) & ~Q(sha256="")),
            "A version in force has its date and its hash.",
        ),
    ]


def approved_is_hashed(prefix: str) -> models.CheckConstraint:
    """For the kinds that go by requests."""
    return check(
        f"{prefix}_approved_is_hashed",
        ~Q(state__in=["approved", "scheduled"]) | ~Q(sha256=""),
        "What is approved has the hash of what it says.",
    )


def digest(content: Any) -> str:
    """SHA-256 of what a version says, as JSON with sorted keys."""
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
