"""The library: a playbook, its versions, and the ordered steps of each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Team
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique
from config.lib.versions import Version, version_constraints

SHORTEST_S = 60
LONGEST_S = 30 * 86_400


class PlaybookKind(models.TextChoices):
    REMEDIATION = "remediation", "Remediation"
    INCIDENT = "incident", "Incident response"
    COMMUNICATION = "communication", "Communication"
    RECOVERY = "recovery", "Recovery"


class OwnerRole(models.TextChoices):
    """Who does a step. Kept here: a run needs no incident, so these are not its responders."""

    COMMANDER = "commander", "Owner of the incident"
    BACKUP = "backup", "Backup"
    FIX_LEAD = "fix_lead", "Fix lead"
    CUSTOMER_LEAD = "customer_lead", "Customer lead"
    FACILITATOR = "facilitator", "Facilitator"
    SPONSOR = "sponsor", "Sponsor"
    KPI_OWNER = "kpi_owner", "KPI owner"
    DATA_STEWARD = "data_steward", "Data steward"
    REMEDIATION_LEADER = "remediation_leader", "Remediation leader"
    DUTY_MANAGER = "duty_manager", "Duty manager"


class Playbook(Stamped):
    """`product_area` empty: for every area."""

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=160)
    summary = models.TextField(blank=True, max_length=2000)
    product_area = models.CharField(max_length=80, blank=True)
    kind = models.CharField(max_length=16, choices=PlaybookKind)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    is_active = models.BooleanField(default=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name", "pk"]
        permissions = [
            ("run_playbook", "May start and work through playbooks"),
            ("approve_run", "May approve runs of playbooks and their steps"),
        ]
        constraints = [one_of("playbook_kind", "kind", PlaybookKind)]

    def __str__(self) -> str:
        return self.name


class PlaybookVersion(Version):
    """What a run of it would claim and how it would be undone. Only a draft is edited."""

    playbook = models.ForeignKey(Playbook, models.PROTECT, related_name="versions")
    when_to_use = models.TextField(blank=True)
    hypothesis = models.TextField(blank=True, help_text="What is believed to be wrong.")
    success_criterion = models.TextField(blank=True, help_text="What shows that it worked.")
    rollback = models.TextField(blank=True, help_text="How to undo it.")
    needs_approval = models.BooleanField("a second person approves the run", default=False)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["playbook", "number"]
        constraints = version_constraints("playbook_version", "playbook")


class PlaybookStep(models.Model):
    version = models.ForeignKey(PlaybookVersion, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=160)
    instructions = models.TextField(blank=True)
    expected_outcome = models.TextField(blank=True)
    owner_role = models.CharField(
        max_length=20, choices=OwnerRole, default=OwnerRole.COMMANDER, verbose_name="who does it"
    )
    timebox_s = models.PositiveIntegerField("time box, seconds", default=900)
    needs_approval = models.BooleanField("a second person approves it", default=False)

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            unique("playbook_step_position", "version", "position", sentence="Place taken."),
            one_of("playbook_step_role", "owner_role", OwnerRole),
            check("playbook_step_first", Q(position__gte=1), "Steps count from 1."),
            check(
                "playbook_step_timebox",
                Q(timebox_s__gte=SHORTEST_S, timebox_s__lte=LONGEST_S),
                "A time box is one minute to 30 days.",
            ),
        ]

    def __str__(self) -> str:
        return self.title
