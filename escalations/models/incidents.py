"""A declared disruption, whatever its source."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Upper

from accounts.models import Account, Membership, Team, User
from config.lib.models import check, one_of, paired, recorded, unique
from escalations.models.drills import Operational, OperationalQuerySet
from escalations.models.incident_words import Kind, StateChoice
from escalations.models.kpis import SEVERITIES, Kpi
from escalations.models.persons import person
from escalations.rules.lifecycle import OPEN_STATES, State

# What the machine derives or counts: the change history would drown in it. The timeline and the
# ledgers tell these.
UNRECORDED = (
    "drill",
    "parent",
    "held_by",
    "version",
    "updated_at",
    "explanation",
    "score_bp",
    "priority_bp",
    "sorting_confidence",
    "monitor_until",
    "close_due_at",
    "ping_pong_at",
    "keep_owner_until",
    "has_missed",
    "is_paused",
    "next_due_at",
    "next_late_at",
    "next_warn_at",
)


# In one order everywhere: PostgreSQL knows that an index holds the open ones by the same words.
OPEN = sorted(state.value for state in OPEN_STATES)
IS_OPEN = Q(drill=None, state__in=OPEN)


def hidden_teams(user: User) -> models.QuerySet[Team]:
    """Private teams of others."""
    own = Membership.objects.filter(user=user, valid_to=None)
    return Team.objects.filter(is_private=True).exclude(pk__in=own.values("team"))


class IncidentQuerySet(OperationalQuerySet):
    def open(self) -> Self:
        return self.filter(state__among=OPEN)

    def visible_to(
        self, user: User | AnonymousUser, *, hidden: Iterable[int] | None = None
    ) -> Self:
        """What this person may see; every page, list and API answer starts here.

        With `view_incident`: all incidents but those of private teams. Of a private team only its
        members, the people on the incident, and those who oversee everything see anything.
        `hidden`: the keys of `hidden_teams`, where they were read already.
        """
        if not user.is_authenticated or not user.is_active:
            return self.none()
        if not user.has_perm("escalations.view_incident"):
            return self.none()
        if user.has_perm("escalations.oversee_incidents"):
            return self
        teams: Any = hidden_teams(user).values("pk") if hidden is None else list(hidden)
        if teams == []:
            return self
        is_responder = Responder.objects.filter(
            user=user, ended_at=None, incident=OuterRef("number")
        )
        # No join: a list is read by its index alone, and the few hidden teams once.
        return self.filter(Q(team=None) | ~Q(team__in=teams) | Exists(is_responder))


class Incident(Operational):
    """`number` is the name everyone uses (INC-42). Fields marked *queue* repeat what clocks and
    responders say, so that the queue is one indexed read; only services write them."""

    number = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=16, choices=Kind)
    title = models.CharField(max_length=300)
    body = models.TextField(blank=True)
    state = models.CharField(max_length=12, choices=StateChoice, default=State.NEW)
    version = models.PositiveIntegerField(default=1, help_text="Counts every change.")
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    auto_severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    needs_severity_check = models.BooleanField(default=False)
    score_bp = models.PositiveIntegerField("score, basis points")
    priority_bp = models.PositiveIntegerField("account priority, basis points", default=0)
    explanation = models.JSONField(default=dict)
    policy_version = models.ForeignKey(
        "escalations.PolicyVersion", models.PROTECT, related_name="incidents", db_index=False
    )
    source = models.CharField(max_length=120)
    dedup_key = models.CharField(max_length=255, blank=True)
    kpi = models.ForeignKey(
        Kpi, models.PROTECT, null=True, blank=True, related_name="incidents", db_index=False
    )
    segment = models.CharField(max_length=120, blank=True)
    channel = models.CharField(max_length=80, blank=True)
    period_start = models.DateTimeField(null=True, blank=True)
    period_end = models.DateTimeField(null=True, blank=True)
    account = models.ForeignKey(
        Account, models.PROTECT, null=True, blank=True, related_name="incidents"
    )
    product_area = models.CharField(max_length=80, blank=True)
    category = models.CharField(max_length=60, blank=True)
    sorting_confidence = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="A person has to say the category: how sure a rule was."
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="incidents")
    parent = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        db_index=False,
        help_text="The first of the incidents that came together.",
    )
    held_by = models.ForeignKey(
        "escalations.Storm",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="held",
        db_index=False,
        help_text="The storm in which the first of them pages for this one.",
    )
    commander = person()
    accepted_at = models.DateTimeField(null=True, blank=True)

    received_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    opened_by = person()
    classified_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    acknowledged_by = person()
    verification = models.CharField(max_length=12, blank=True)  # confirmed, data_fault, ...
    verified_at = models.DateTimeField(null=True, blank=True)
    verified_by = person()
    containment_proposed_at = models.DateTimeField(null=True, blank=True)
    containment_proposed_by = person()
    contained_at = models.DateTimeField(null=True, blank=True)
    contained_by = person()
    monitor_until = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = person()
    resolved_by_source = models.BooleanField(default=False)
    resolution_code = models.CharField(max_length=24, blank=True)
    cause_category = models.CharField(max_length=24, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    close_due_at = models.DateTimeField(null=True, blank=True)
    reopen_count = models.PositiveSmallIntegerField(default=0)
    is_void = models.BooleanField(default=False)
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="merged_from",
        db_index=False,
    )
    ping_pong_at = models.DateTimeField(
        null=True, blank=True, help_text="Sent to and fro: a duty manager names its owner."
    )
    keep_owner_until = models.DateTimeField(
        null=True, blank=True, help_text="Named by a duty manager: no hand-off before."
    )
    updated_at = models.DateTimeField()

    has_missed = models.BooleanField(default=False)  # queue
    is_paused = models.BooleanField(default=False)  # queue
    next_due_at = models.DateTimeField(null=True, blank=True)  # queue
    # queue: late from here; after `next_due_at` where that falls on closing time
    next_late_at = models.DateTimeField(null=True, blank=True)
    next_warn_at = models.DateTimeField(null=True, blank=True)  # queue: at risk from here

    objects = IncidentQuerySet.as_manager()

    _as_loaded: dict[str, Any]
    # What the change history reads from an object that is saved.
    _history_user: User | None
    _history_date: datetime
    _change_reason: str
    skip_history_when_saving: bool

    history = recorded(excluded=UNRECORDED)

    class Meta:
        permissions = [
            ("respond_incident", "May claim, acknowledge and work incidents"),
            ("triage_incident", "May set severity, category and team"),
            ("confirm_containment", "May confirm that an incident is contained"),
            ("cancel_incident", "May cancel and merge incidents"),
            ("waive_review", "May waive a review that the rules ask for"),
            ("oversee_incidents", "Sees incidents of private teams too"),
            ("view_board", "Reads the monthly letter to the board"),
            ("send_signals", "May send signals and readings"),
        ]
        constraints = [
            one_of("incident_state", "state", StateChoice),
            one_of("incident_kind", "kind", Kind),
            check(
                "incident_severity", Q(severity__gte=1, severity__lte=4), "Severity is S1 to S4."
            ),
            check("incident_score", Q(score_bp__lte=10000), "A score is 0 to 100."),
            check(
                "incident_accepted",
                Q(accepted_at=None) | Q(commander__isnull=False),
                "Somebody accepted, so there is a commander.",
            ),
            check(
                "incident_resolved",
                ~Q(state="resolved") | Q(resolved_at__isnull=False),
                "A resolved incident says when.",
            ),
            check(
                "incident_parent",
                Q(parent=None) | ~Q(parent=F("number")),
                "An incident is not a part of itself.",
            ),
            check(
                "incident_held",
                Q(held_by=None) | Q(parent__isnull=False),
                "Another pages for this one, so it is a part of that one.",
            ),
            check(
                "incident_merged",
                Q(state="merged", merged_into__isnull=False)
                | (~Q(state="merged") & Q(merged_into=None)),
                "A merged incident names the one it went into, and no other does.",
            ),
            check(
                "incident_merged_elsewhere",
                Q(merged_into=None) | ~Q(merged_into=F("number")),
                "An incident is not merged into itself.",
            ),
            paired("incident", at="acknowledged_at", by="acknowledged_by"),
            paired("incident", at="verified_at", by="verified_by"),
            paired("incident", at="containment_proposed_at", by="containment_proposed_by"),
            paired("incident", at="contained_at", by="contained_by"),
            # One incident per KPI and segment while it is not ok.
            unique(
                "incident_open_kpi",
                "kpi",
                "segment",
                condition=Q(
                    kpi__isnull=False, drill=None, state__in=sorted(s.value for s in OPEN_STATES)
                ),
                sentence="This KPI and segment has an open incident.",
            ),
        ]
        indexes = [
            # The queue, in its order (SEMANTICS 4.1): late first, severity, next deadline.
            models.Index(
                fields=[
                    "has_missed",
                    "severity",
                    "next_due_at",
                    "-score_bp",
                    "-priority_bp",
                    "received_at",
                    "number",
                    "team",  # so that counting reads nothing but the index
                ],
                name="incident_order",
                condition=IS_OPEN,
            ),
            # The queue by next deadline, what became late just now, and what is due soon.
            models.Index(
                fields=["has_missed", "next_late_at", "severity", "number", "team"],
                name="incident_next_late",
                condition=IS_OPEN,
            ),
            models.Index(
                fields=["has_missed", "opened_at", "number", "team"],
                name="incident_oldest",
                condition=IS_OPEN,
            ),
            # A search reads every title and account of the open ones, and nothing else of them.
            # PostgreSQL wants the bare title too before it reads the other from the index alone.
            models.Index(
                Upper("title"),
                F("title"),
                F("number"),
                F("team"),
                F("account"),
                name="incident_words",
                condition=IS_OPEN,
            ),
            # Few at a time, wherever many are open.
            models.Index(
                fields=["next_warn_at", "next_late_at", "number", "team"],
                name="incident_at_risk",
                condition=IS_OPEN & Q(has_missed=False),
            ),
            models.Index(
                fields=["severity", "number", "team"],
                name="incident_no_owner",
                condition=IS_OPEN & Q(accepted_at=None),
            ),
            models.Index(
                fields=["severity", "number", "team"],
                name="incident_paused",
                condition=IS_OPEN & Q(is_paused=True),
            ),
            models.Index(fields=["-received_at", "-number"], name="incident_received"),
            models.Index(fields=["commander", "state"], name="incident_commander"),
            # How much each person has on hand.
            models.Index(
                fields=["commander", "severity", "number", "team"],
                name="incident_load",
                condition=IS_OPEN,
            ),
            models.Index(
                fields=["-sorting_confidence", "number", "team"],
                name="incident_to_sort",
                condition=IS_OPEN & Q(sorting_confidence__isnull=False),
            ),
            models.Index(
                fields=["close_due_at"],
                name="incident_close_due",
                condition=Q(close_due_at__isnull=False),
            ),
            models.Index(fields=["updated_at"], name="incident_updated"),
            # Its parts, in their order: few incidents are a part of another.
            models.Index(
                fields=["parent", "number"],
                name="incident_parts",
                condition=Q(parent__isnull=False),
            ),
            # Few incidents have one of these: a full index would be written by all.
            *(
                models.Index(
                    fields=[name],
                    name=f"incident_by_{name}",
                    condition=Q(**{f"{name}__isnull": False}),
                )
                for name in ("kpi", "held_by", "merged_into")
            ),
            # What came together lately is found through this.
            models.Index(fields=["opened_at"], name="incident_opened"),
            # What was over is looked up by what it was like, newest first.
            *(
                models.Index(
                    fields=[name, "-resolved_at"],
                    name=f"incident_past_{name}",
                    condition=Q(resolved_at__isnull=False),
                )
                for name in ("kpi", "account", "category")
            ),
        ]

    def __str__(self) -> str:
        # No title: other things name their incident to people who may not see it.
        return self.key

    @classmethod
    def from_db(cls, db: Any, field_names: Any, values: Any, **more: Any) -> Self:
        found = super().from_db(db, field_names, values, **more)
        found._as_loaded = dict(zip(field_names, values, strict=False))
        return found

    @property
    def is_recorded_change(self) -> bool:
        """Does this object differ from its row, as it was loaded, in a field of the history?"""
        loaded = getattr(self, "_as_loaded", {})
        return any(
            loaded.get(field.attname) != getattr(self, field.attname)
            for field in self._meta.concrete_fields
            if field.attname not in UNRECORDED and field.name not in UNRECORDED
        )

    @property
    def key(self) -> str:
        return f"INC-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class Role(models.TextChoices):
    COMMANDER = "commander", "Owner"
    BACKUP = "backup", "Backup"
    SPONSOR = "sponsor", "Sponsor"
    FACILITATOR = "facilitator", "Facilitator"
    FIX_LEAD = "fix_lead", "Fix lead"
    CUSTOMER_LEAD = "customer_lead", "Customer lead"


class Responder(models.Model):
    incident = models.ForeignKey(Incident, models.PROTECT, related_name="responders")
    role = models.CharField(max_length=16, choices=Role)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    assigned_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["assigned_at", "id"]
        constraints = [
            one_of("responder_role", "role", Role),
            unique(
                "responder_one_commander",
                "incident",
                condition=Q(role="commander", ended_at=None),
                sentence="An incident has one commander.",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "role", "-assigned_at"], name="responder_last_assigned")
        ]

    def __str__(self) -> str:
        return self.role
