"""The governed rules as rows. Rules see them as one `PolicyDoc` (escalations.rules.policy)."""

from __future__ import annotations

from datetime import time

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from accounts.models import ServiceHours, Team
from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique
from config.lib.versions import Version, version_constraints
from escalations.models.clocks import ClockKindChoice
from escalations.models.kpis import SEVERITIES
from escalations.rules.policy import LadderStart, Notify, QuietHours, TargetKind


class Policy(Stamped):
    """`product_areas` is the scope; the default policy has none and answers for the rest."""

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=120)
    product_areas = models.JSONField(default=list, blank=True)
    is_default = models.BooleanField(default=False)
    approvals_needed = models.PositiveSmallIntegerField(
        default=2, help_text="People who must approve a version, beside whoever asks."
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "policies"
        constraints = [
            unique(
                "policy_one_default",
                "is_default",
                condition=Q(is_default=True),
                sentence="One policy is the default.",
            ),
            check(
                "policy_approvals",
                Q(approvals_needed__gte=1, approvals_needed__lte=9),
                "A version needs 1 to 9 approvals.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PolicyVersion(Version):
    policy = models.ForeignKey(Policy, models.PROTECT, related_name="versions")
    s1_from_bp = models.PositiveSmallIntegerField("S1 from, basis points", default=8000)
    s2_from_bp = models.PositiveSmallIntegerField("S2 from, basis points", default=6000)
    s3_from_bp = models.PositiveSmallIntegerField("S3 from, basis points", default=3500)
    warn_percents = models.JSONField(default=list)
    min_confidence = models.PositiveSmallIntegerField(default=60)
    category_from = models.PositiveSmallIntegerField(
        "a rule sets the category from, per cent", default=70
    )
    agreed_sources = models.JSONField(
        "agreed channels", default=list, blank=True, help_text="Source codes. None: by any."
    )
    carries_task_forces = models.BooleanField(
        default=True,
        help_text="No: it is older than task forces in versions, and those of the house hold.",
    )
    pages_per_minute = models.PositiveSmallIntegerField(default=1)
    pages_per_quarter = models.PositiveSmallIntegerField("pages in 15 minutes", default=5)
    pages_per_hour = models.PositiveSmallIntegerField(default=11)
    bundle_every_s = models.PositiveIntegerField("then a bundle every, seconds", default=300)
    group_within_s = models.PositiveIntegerField("grouped within, seconds", default=300)
    group_at_most_s = models.PositiveIntegerField("a group lasts, seconds", default=3600)
    storm_of_one = models.PositiveSmallIntegerField("storm: more than, of one cause", default=10)
    storm_overall = models.PositiveSmallIntegerField("storm: more than, overall", default=30)
    storm_within_s = models.PositiveIntegerField("storm: counted within, seconds", default=300)
    storm_calm_s = models.PositiveIntegerField("storm: calm for, seconds", default=900)
    snooze_at_most_s = models.PositiveIntegerField("longest snooze, seconds", default=28_800)
    snooze_margin_percent = models.PositiveSmallIntegerField(
        "time left after a snooze, per cent", default=25
    )
    quiet_from = models.TimeField("quiet hours from, local", default=time(22))
    quiet_to = models.TimeField("quiet hours to, local", default=time(7))
    service_hours = models.ForeignKey(
        ServiceHours,
        models.PROTECT,
        null=True,
        related_name="+",
        help_text="For business clocks where neither account nor team has its own.",
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["policy", "number"]
        constraints = [
            *version_constraints("policy_version", "policy"),
            check(
                "policy_version_approved_is_hashed",
                ~Q(state__in=["approved", "scheduled"]) | ~Q(sha256=""),
                "What is approved has the hash of what it says.",
            ),
            check(
                "policy_version_bands",
                Q(s1_from_bp__gt=F("s2_from_bp"), s2_from_bp__gt=F("s3_from_bp")),
                "Bands fall from S1 to S3.",
            ),
            check(
                "policy_version_limits",
                Q(pages_per_minute__gte=1)
                & Q(pages_per_quarter__gte=1)
                & Q(pages_per_hour__gte=1)
                & Q(storm_of_one__gte=1)
                & Q(storm_overall__gte=1)
                & Q(storm_within_s__gte=1),
                "A limit of pages or of a storm is at least 1.",
            ),
            check(
                "policy_version_category_from",
                Q(category_from__gte=1, category_from__lte=100),
                "A rule sets the category from 1 to 100 per cent.",
            ),
            check(
                "policy_version_snooze",
                Q(snooze_margin_percent__lte=100),
                "The time a snooze leaves is 0 to 100 per cent.",
            ),
        ]


class SeverityRule(models.Model):
    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="severity_rules")
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    ladder = models.CharField(max_length=40, blank=True)
    ladder_start = models.CharField(
        max_length=20, choices=[(s.value, s.value) for s in LadderStart]
    )
    reescalate_after_ack_s = models.PositiveIntegerField(default=0)
    monitor_window_s = models.PositiveIntegerField(default=0)

    history = recorded()

    class Meta:
        ordering = ["version", "severity"]
        constraints = [
            unique("severity_rule_once", "version", "severity", sentence="One row a severity."),
            check("severity_rule_range", Q(severity__gte=1, severity__lte=4), "S1 to S4."),
        ]

    def __str__(self) -> str:
        return f"S{self.severity}"


class ClockTarget(models.Model):
    """No row: no such promise at this severity."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="clock_targets")
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    kind = models.CharField(max_length=12, choices=ClockKindChoice)
    target_s = models.PositiveIntegerField("target, seconds")
    is_business = models.BooleanField("counts service hours", default=False)

    history = recorded()

    class Meta:
        ordering = ["version", "severity", "kind"]
        constraints = [
            unique(
                "clock_target_once",
                "version",
                "severity",
                "kind",
                sentence="One target a clock and severity.",
            ),
            check("clock_target_positive", Q(target_s__gte=1), "A target is at least one second."),
            one_of("clock_target_kind", "kind", ClockKindChoice),
        ]

    def __str__(self) -> str:
        return f"S{self.severity} {self.kind}"


class ScoringFactor(models.Model):
    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="factors")
    position = models.PositiveSmallIntegerField()
    code = models.SlugField(max_length=40)
    label = models.CharField(max_length=120)
    weight = models.PositiveSmallIntegerField(help_text="Per cent; a version's weights sum to 100.")
    default_anchor = models.PositiveSmallIntegerField(default=2)
    anchors = models.JSONField(help_text="Five sentences, for 0 to 4.")

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            unique("factor_code", "version", "code", sentence="This factor is listed."),
            check("factor_weight", Q(weight__lte=100), "A weight is 0 to 100 per cent."),
            check("factor_default", Q(default_anchor__lte=4), "An anchor is 0 to 4."),
        ]

    def __str__(self) -> str:
        return self.label


class FloorTest(models.Model):
    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="floor_tests")
    code = models.CharField(max_length=8)
    label = models.CharField(max_length=160)
    fact = models.CharField(max_length=40)
    op = models.CharField(max_length=2, choices=[(">", "more than"), ("is", "is")])
    value = models.JSONField()

    history = recorded()

    class Meta:
        ordering = ["version", "code"]
        constraints = [unique("floor_test_code", "version", "code", sentence="Listed already.")]

    def __str__(self) -> str:
        return self.code


class Floor(models.Model):
    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="floors")
    position = models.PositiveSmallIntegerField()
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES)
    all_of = models.JSONField(help_text="Codes of tests that must all be true.")

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        constraints = [unique("floor_position", "version", "position", sentence="Place taken.")]

    def __str__(self) -> str:
        return " and ".join(self.all_of)


class Category(models.Model):
    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="categories")
    code = models.SlugField(max_length=60)
    label = models.CharField(max_length=120)
    default_severity = models.PositiveSmallIntegerField(choices=SEVERITIES, null=True, blank=True)

    history = recorded()

    class Meta:
        ordering = ["version", "code"]
        verbose_name_plural = "categories"
        constraints = [unique("category_code", "version", "code", sentence="Listed already.")]

    def __str__(self) -> str:
        return self.label


class RoutingRule(models.Model):
    """`when`: {"match": "all", "parts": [{"field", "op", "value"} or a nested group]}.
    The rule without one is the fallback and stands last."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="routing_rules")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    when = models.JSONField(null=True, blank=True)
    team = models.ForeignKey(Team, models.PROTECT, related_name="+")
    ladder = models.CharField(max_length=40, blank=True)
    skill = models.CharField(max_length=40, blank=True)
    severity_floor = models.PositiveSmallIntegerField(choices=SEVERITIES, null=True, blank=True)

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        constraints = [
            unique("routing_rule_position", "version", "position", sentence="Place taken."),
            unique(
                "routing_rule_one_fallback",
                "version",
                condition=Q(when__isnull=True),
                sentence="A version has one fallback rule.",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Example(models.Model):
    """An input and what the version must make of it. `given` and `anchors` by name."""

    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="examples")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    given = models.JSONField(default=dict, blank=True, help_text="Facts and fields, by name.")
    anchors = models.JSONField(default=dict, blank=True, help_text="Factors, 0 to 4 each.")
    rule = models.CharField("reaches rule", max_length=120)
    severity = models.PositiveSmallIntegerField(choices=SEVERITIES, null=True, blank=True)
    team = models.CharField(max_length=40, blank=True, help_text="Its code. Empty: any.")
    ladder = models.CharField(max_length=40, blank=True, help_text="Its name. Empty: any.")

    history = recorded()

    class Meta:
        ordering = ["version", "position"]
        verbose_name = "worked example"
        constraints = [
            unique("example_name", "version", "name", sentence="An example has this name."),
            check(
                "example_severity",
                Q(severity=None) | Q(severity__gte=1, severity__lte=4),
                "S1 to S4.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        for field in ("given", "anchors"):
            if not isinstance(getattr(self, field), dict):
                said = ValidationError("Write names with a value each.", code="not_an_object")
                raise ValidationError({field: said})


class Ladder(models.Model):
    version = models.ForeignKey(PolicyVersion, models.CASCADE, related_name="ladders")
    name = models.CharField(max_length=40)
    repeat = models.PositiveSmallIntegerField(default=0)
    on_breach_level = models.PositiveSmallIntegerField(default=3)
    fallback_every_s = models.PositiveIntegerField(default=900)
    max_pages_total = models.PositiveSmallIntegerField(default=50)

    history = recorded()

    class Meta:
        ordering = ["version", "name"]
        constraints = [
            unique("ladder_name", "version", "name", sentence="This ladder exists."),
            check("ladder_repeat", Q(repeat__lte=9), "A ladder repeats at most 9 times."),
        ]

    def __str__(self) -> str:
        return self.name


class LadderLevel(models.Model):
    """Number 0 is the fallback, which repeats for ever."""

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="levels")
    number = models.PositiveSmallIntegerField()
    ack_timeout_s = models.PositiveIntegerField("time to answer, seconds")
    notify = models.CharField(
        max_length=4,
        choices=[(n.value, n.value) for n in Notify],
        default=Notify.ALL.value,
        help_text="Of a roster: all who are on call, or who comes next.",
    )
    require_acks = models.PositiveSmallIntegerField("answers needed", default=1)
    channels_min = models.PositiveSmallIntegerField(
        "ways at once",
        default=1,
        help_text="By how many of their ways each person is paged, the first first.",
    )
    quiet_hours = models.CharField(
        max_length=7,
        choices=[(q.value, q.value) for q in QuietHours],
        default=QuietHours.IGNORE.value,
        help_text="An S1 ignores them in any case.",
    )

    history = recorded()

    class Meta:
        ordering = ["ladder", "number"]
        constraints = [
            unique("ladder_level_number", "ladder", "number", sentence="This level exists."),
            check("ladder_level_range", Q(number__lte=10), "A ladder has at most 10 levels."),
            check(
                "ladder_level_timeout",
                Q(ack_timeout_s__gte=60, ack_timeout_s__lte=86_400),
                "People get 1 minute to 24 hours to answer.",
            ),
            check("ladder_level_acks", Q(require_acks__gte=1), "A level needs an answer or more."),
            check(
                "ladder_level_channels",
                Q(channels_min__gte=1, channels_min__lte=5),
                "People are paged by 1 to 5 ways at once.",
            ),
            one_of("ladder_level_notify", "notify", Notify),
            one_of("ladder_level_quiet", "quiet_hours", QuietHours),
        ]

    def __str__(self) -> str:
        return f"level {self.number}"


class LadderTarget(models.Model):
    """`ref` names a roster, role, team or person by its code."""

    level = models.ForeignKey(LadderLevel, models.CASCADE, related_name="targets")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in TargetKind])
    ref = models.CharField(max_length=80, blank=True)
    depth = models.PositiveSmallIntegerField(default=1)

    history = recorded()

    class Meta:
        ordering = ["level", "position"]
        constraints = [
            unique("ladder_target_position", "level", "position", sentence="Place taken."),
            check("ladder_target_depth", Q(depth__gte=1, depth__lte=3), "Managers: 1 to 3 up."),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"
