"""Two people exchange two shifts of a roster: asked by one, accepted by the other."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.models.rosters import Roster
from config.lib.models import check, one_of, paired, recorded


class SwapState(models.TextChoices):
    ASKED = "asked"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # by either of the two, or by whoever plans the roster
    LAPSED = "lapsed"  # the plan changed: one of the shifts is not theirs any more


class Swap(models.Model):
    """`asked_by` gives shift `give_number` of layer `give_layer` to `partner` and takes theirs.

    Accepted, it holds two overrides bound to those shifts; when a new version of the roster moves
    the shifts, the overrides are recorded anew where they are.
    """

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="swaps")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    partner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    give_layer = models.PositiveSmallIntegerField()
    give_number = models.PositiveIntegerField()
    take_layer = models.PositiveSmallIntegerField()
    take_number = models.PositiveIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=10, choices=SwapState, default=SwapState.ASKED)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    history = recorded()

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            one_of("swap_state", "state", SwapState),
            paired("swap", at="answered_at", by="answered_by"),
            check("swap_of_two", ~Q(partner=F("asked_by")), "Nobody swaps with themselves."),
            check(
                "swap_answered",
                ~Q(state__in=["accepted", "declined"]) | Q(answered_at__isnull=False),
                "An accepted or declined swap says who answered and when.",
            ),
        ]

    def __str__(self) -> str:
        return f"swap {self.pk}"
