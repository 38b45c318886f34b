"""The rules of a roster as a document that others approve. Stand-ins, absences and swaps are none
of it: they stay live."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.rosters import Roster, RosterVersion
from config.lib.models import STAMPS, check, recorded
from config.lib.versions import Version, approved_is_hashed, version_constraints


class RosterPlan(Version):
    """`layers`: lowest first, each {zone, handoff, unit, every, start_on, restrict, people,
    continue_with}, people by their ids. `outlook`: who would answer instead of whom, as the rules
    were when it was drafted. `written`: the roster's version that it became."""

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="plans")
    layers = models.JSONField(default=list)
    fallback = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    accepts_gaps = models.BooleanField(default=False)
    outlook = models.JSONField(default=dict)
    written = models.OneToOneField(
        RosterVersion, models.PROTECT, null=True, blank=True, related_name="plan"
    )

    history = recorded(excluded=(*STAMPS, "outlook"))

    class Meta:
        ordering = ["roster", "number"]
        constraints = [
            *version_constraints("roster_plan", "roster"),
            approved_is_hashed("roster_plan"),
            check(
                "roster_plan_written",
                ~Q(state__in=["scheduled", "in_force"]) | Q(written__isnull=False),
                "What is scheduled or in force is a version of the roster.",
            ),
        ]
