"""The people who serve. People at a customer are contacts, never users."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from config.lib.models import check, recorded

TALLEST = 10  # managers above one another


def validate_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(
            f"{value!r} is no time zone. Use a name like Europe/London.", code="unknown_zone"
        )


class User(AbstractUser):
    """Reachable means: active, with a mail address or another way that was verified."""

    time_zone = models.CharField(max_length=64, default="UTC", validators=[validate_zone])
    manager = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="reports"
    )
    keys_enabled = models.BooleanField(
        "single-letter keys", default=True, help_text="j, k, c, a, u and so on in the queue."
    )

    quiet_from = models.TimeField(
        null=True, blank=True, help_text="Local time. Empty: as the policy says."
    )
    quiet_to = models.TimeField(null=True, blank=True, help_text="Local time.")

    left_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Off every roster from here on."
    )

    history = recorded(excluded=("password", "last_login"), links=("groups",))

    class Meta(AbstractUser.Meta):
        constraints = [
            check(
                "user_left_is_inactive",
                Q(left_at=None) | Q(is_active=False),
                "Who left cannot be active: take the date of leaving away first.",
            ),
            check(
                "user_quiet_hours",
                Q(quiet_from=None, quiet_to=None)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False)
                & ~Q(quiet_from=F("quiet_to")),
                "Quiet hours have a start and another end, or neither.",
                code="quiet_hours",
            ),
        ]

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Rights that were read with the person (accounts.backends) answer at once: pages ask for
        some hundred, and Django imports and asks every backend for each."""
        held = getattr(self, "_perm_cache", None)
        if held is None or obj is not None or self.is_superuser or not self.is_active:
            return super().has_perm(perm, obj)
        return perm in held

    def clean(self) -> None:
        """Managers lead upwards, and never back to oneself."""
        super().clean()
        seen, above = {self.pk}, self.manager
        for _ in range(TALLEST):
            if above is None:
                return
            if above.pk in seen:
                raise ValidationError(
                    {"manager": ValidationError("Managers form a circle.", code="manager_circle")}
                )
            seen.add(above.pk)
            above = above.manager
        raise ValidationError(
            {"manager": ValidationError("Over ten managers above.", code="manager_circle")}
        )

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_reachable(self) -> bool:
        """Costs a query for whoever has no mail address."""
        if not self.is_active or self.email:
            return self.is_active
        ways = self.contact_methods.filter(verified_at__isnull=False, withdrawn_at=None)
        return bool(self.pk) and ways.exists()

    @property
    def initials(self) -> str:
        words = str(self).split()
        return (words[0][:1] + (words[-1][:1] if len(words) > 1 else "")).upper()
