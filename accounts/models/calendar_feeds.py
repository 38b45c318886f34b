"""Secret addresses of calendars. Only a digest is kept: the address is shown once."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.rosters import Roster
from config.lib.models import unique


class CalendarFeed(models.Model):
    """What `user` reads in a calendar: a roster, or without one all shifts of their own."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="feeds")
    roster = models.ForeignKey(
        Roster, models.CASCADE, null=True, blank=True, related_name="calendar_feeds"
    )
    digest = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-id"]
        constraints = [
            unique(
                "feed_of_roster",
                "user",
                "roster",
                condition=Q(revoked_at=None, roster__isnull=False),
                sentence="There is an address for this roster: make a new one instead.",
            ),
            unique(
                "feed_of_person",
                "user",
                condition=Q(revoked_at=None, roster=None),
                sentence="There is an address for your shifts: make a new one instead.",
            ),
        ]

    def __str__(self) -> str:
        return f"calendar {self.pk}"
