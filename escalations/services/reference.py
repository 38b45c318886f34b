"""What every installation needs before its first signal: a team and a policy in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction

from accounts.models import Team
from escalations.models import Policy, PolicyVersion
from escalations.rules.default_policy import default_policy
from escalations.services.policies import draft_version, put_in_force


@transaction.atomic
def ensure_policy(at: datetime) -> PolicyVersion | None:
    """Put the default policy in force where there is no policy at all; None where there is."""
    if Policy.objects.exists():
        return None
    Team.objects.get_or_create(code="frontline", defaults={"name": "Frontline"})
    policy = Policy.objects.create(code="standard", name="Standard", is_default=True)
    doc = replace(default_policy(), policy=policy.name)
    version = draft_version(policy, doc, by=None, at=at, note="Starting values.")
    return put_in_force(version, by=None, at=at)
