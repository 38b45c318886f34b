"""Duty plans. Layers are versioned; overrides are recorded and withdrawn, never deleted."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models.people import User, validate_zone
from accounts.models.strain import STRAIN_CHECKS, StrainLimits
from accounts.models.teams import Team
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique


class RosterQuerySet(models.QuerySet["Roster"]):
    def owned_by(self, person: User) -> RosterQuerySet:
        """Those that this person plans: as their owner, or as the lead of a team without one."""
        return self.filter(Q(owner=person) | Q(owner=None, team__lead=person))


class Roster(StrainLimits, Stamped):
    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, models.PROTECT, related_name="rosters")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="owned_rosters",
        help_text="Plans it, and hears of gaps ahead. Nobody: the lead of the team does.",
    )

    by_request = models.BooleanField(
        "rules by request",
        default=False,
        help_text="Layers change only when others approve it. Stand-ins and swaps stay free.",
    )

    objects = RosterQuerySet.as_manager()

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name"]
        constraints = [*STRAIN_CHECKS]

    def __str__(self) -> str:
        return self.name


class RosterVersion(Stamped):
    """In force from `effective_from` until the next one is. One that has not begun may be
    withdrawn; none is deleted, so that what was planned at a time stays known."""

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    effective_from = models.DateTimeField()
    recorded_at = models.DateTimeField(default=timezone.now)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    fallback = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Answers whenever nobody else would.",
    )
    accepts_gaps = models.BooleanField(
        default=False, help_text="Times in which nobody is planned are meant so."
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["roster", "number"]
        constraints = [
            unique(
                "roster_version_number",
                "roster",
                "number",
                sentence="This version number exists already.",
            ),
            unique(
                "roster_version_effective",
                "roster",
                "effective_from",
                condition=Q(withdrawn_at=None),
                sentence="Another version takes effect at the same instant.",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number}"


class LayerUnit(models.TextChoices):
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Layer(models.Model):
    """One rotation. Of two layers the one with the higher position wins where both are on."""

    version = models.ForeignKey(RosterVersion, models.CASCADE, related_name="layers")
    position = models.PositiveSmallIntegerField()
    zone = models.CharField(max_length=64, validators=[validate_zone])
    start_on = models.DateField()
    handoff = models.TimeField(help_text="Local time of the hand-over.")
    unit = models.CharField(max_length=8, choices=LayerUnit)
    every = models.PositiveSmallIntegerField(default=1)
    restrict = models.JSONField(
        default=dict, blank=True, help_text="Weekly windows in which this layer is on duty."
    )
    first_number = models.PositiveIntegerField(
        default=0, editable=False, help_text="Shifts are counted on from the version before."
    )

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            unique(
                "layer_position", "version", "position", sentence="Two layers share a position."
            ),
            one_of("layer_unit", "unit", LayerUnit),
            check("layer_every", Q(every__gte=1), "A rotation changes every 1 or more units."),
        ]

    def __str__(self) -> str:
        return f"layer {self.position}"


class LayerPerson(models.Model):
    layer = models.ForeignKey(Layer, models.CASCADE, related_name="people")
    position = models.PositiveSmallIntegerField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    history = recorded()

    class Meta:
        ordering = ["layer", "position"]
        constraints = [
            unique("layer_person_position", "layer", "position", sentence="Two share one position.")
        ]

    def __str__(self) -> str:
        return f"place {self.position}"


class Override(models.Model):
    """For a while somebody else is on duty. Of two, the later recorded wins. Without `user` it is a
    shift of a calendar file whose person nobody knows: a gap, whose reason quotes the name.

    One half of a swap names the shift it is bound to: `layer` (position) and `shift_number`, and
    whom it replaces there.
    """

    roster = models.ForeignKey(Roster, models.PROTECT, related_name="overrides")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    start_at = models.DateTimeField()
    end_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    swap = models.ForeignKey(
        "accounts.Swap", models.PROTECT, null=True, blank=True, related_name="overrides"
    )
    layer = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    shift_number = models.PositiveIntegerField(null=True, blank=True, editable=False)
    instead_of = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    history = recorded()

    class Meta:
        ordering = ["recorded_at", "id"]
        indexes = [models.Index(fields=["roster", "end_at"], name="override_roster_end")]
        constraints = [
            check(
                "override_period", Q(end_at__gt=F("start_at")), "An override ends after it begins."
            ),
            check(
                "override_of_nobody",
                Q(user__isnull=False) | Q(swap=None) & ~Q(reason=""),
                "A stand-in names a person, or says whom it could not find.",
            ),
            check(
                "override_of_swap",
                Q(swap=None, layer=None, shift_number=None, instead_of=None)
                | Q(
                    swap__isnull=False,
                    layer__isnull=False,
                    shift_number__isnull=False,
                    instead_of__isnull=False,
                ),
                "Half of a swap names its shift and whom it replaces; any other override does not.",
            ),
        ]

    def __str__(self) -> str:
        return f"override {self.pk}"
