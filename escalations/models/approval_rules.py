"""How many people must approve a change, by its kind: itself governed, so that nobody lowers the
number alone."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from config.lib.models import STAMPS, Stamped, check, one_of, recorded, unique
from config.lib.versions import Version, approved_is_hashed, version_constraints
from escalations.models.policies import Policy


class ApprovalScope(models.TextChoices):
    POLICY = "policy", "A policy"
    LIMITS = "limits", "Limits of a KPI"
    CRITICAL_LIMITS = "critical_limits", "Limits of a critical KPI"
    PLAYBOOK = "playbook", "Playbooks"
    HOURS = "hours", "Service hours"
    ACCOUNT_VALUE = "account_value", "Account value"
    ROSTER = "roster", "Rules of a roster"
    APPROVALS = "approvals", "This table"


class ApprovalRule(Stamped):
    """`code` is the scope, or `policy-` and the code of the policy whose rule it is."""

    code = models.SlugField(max_length=60, unique=True)
    scope = models.CharField(max_length=16, choices=ApprovalScope)
    policy = models.OneToOneField(
        Policy, models.PROTECT, null=True, blank=True, related_name="approval_rule"
    )

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["scope", "code"]
        constraints = [
            one_of("approval_rule_scope", "scope", ApprovalScope),
            check(
                "approval_rule_of_policy",
                Q(scope="policy", policy__isnull=False) | ~Q(scope="policy") & Q(policy=None),
                "Only a rule of a policy names one.",
            ),
            unique(
                "approval_rule_once",
                "scope",
                condition=Q(policy=None),
                sentence="This scope has its rule.",
            ),
        ]

    def __str__(self) -> str:
        return self.code


class ApprovalRuleVersion(Version):
    rule = models.ForeignKey(ApprovalRule, models.PROTECT, related_name="versions")
    needed = models.PositiveSmallIntegerField("approvals needed")

    history = recorded(excluded=STAMPS)

    class Meta:
        ordering = ["rule", "number"]
        constraints = [
            *version_constraints("approval_rule_version", "rule"),
            approved_is_hashed("approval_rule_version"),
            check(
                "approval_rule_version_needed", Q(needed__gte=1, needed__lte=9), "1 to 9 approvals."
            ),
        ]
