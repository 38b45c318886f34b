"""When a playbook is proposed, and which run belongs to which incident. Both point down: a
playbook knows no KPI and a run no incident."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models.customers import TierChoice
from config.lib.models import STAMPS, Stamped, check, recorded, unique
from escalations.models.incidents import Incident, Kind
from escalations.models.kpis import SEVERITIES, Kpi
from playbooks.models import Playbook, PlaybookRun


class FailureMode(models.TextChoices):
    WARN = "warn", "Warning"
    BREACH = "breach", "Breach"
    NO_DATA = "no_data", "No data"
    SUSPECT = "suspect", "Suspect"


class PlaybookTrigger(Stamped):
    """Every condition that is given must hold; what is unknown of an incident never holds."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="triggers")
    position = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField("kind of incident", max_length=16, choices=Kind, blank=True)
    kpi = models.ForeignKey(Kpi, models.PROTECT, null=True, blank=True, related_name="+")
    failure_mode = models.CharField(
        "state of the KPI", max_length=8, choices=FailureMode, blank=True
    )
    product_area = models.CharField(max_length=80, blank=True)
    tier = models.CharField("customer's tier", max_length=16, choices=TierChoice, blank=True)
    category = models.CharField(max_length=60, blank=True)
    severity_at_least = models.PositiveSmallIntegerField(choices=SEVERITIES, null=True, blank=True)

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["playbook", "position", "pk"]
        constraints = [
            unique("playbook_trigger_position", "playbook", "position", sentence="Place taken."),
            check(
                "playbook_trigger_says_something",
                ~Q(
                    kind="",
                    kpi=None,
                    failure_mode="",
                    product_area="",
                    tier="",
                    category="",
                    severity_at_least=None,
                ),
                "A trigger names at least one condition.",
                "no_condition",
            ),
            check(
                "playbook_trigger_words",
                Q(kind__in=["", *Kind.values])
                & Q(failure_mode__in=["", *FailureMode.values])
                & Q(tier__in=["", *TierChoice.values]),
                "Kind, state and tier are words of their lists, or empty.",
            ),
            check(
                "playbook_trigger_severity",
                Q(severity_at_least=None) | Q(severity_at_least__gte=1, severity_at_least__lte=4),
                "Severity is S1 to S4.",
            ),
        ]

    def __str__(self) -> str:
        return f"trigger {self.position}"


class IncidentPlaybook(models.Model):
    """`why` is the sentence it was proposed with; empty when somebody chose it from the library."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="playbooks")
    run = models.OneToOneField(PlaybookRun, models.PROTECT, related_name="incident_playbook")
    why = models.TextField(blank=True)
    started_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"run {self.run_id}"
