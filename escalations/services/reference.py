"""What every installation needs before its first signal: a team and a policy in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django_q.models import Schedule

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


# name -> (dotted path, every how many minutes). Made here and nowhere else: one row with a wrong
# path would hold up all the others.
SCHEDULES = {
    "sweep": ("escalations.tasks.schedule.sweep_all", 1),
    "audit": ("escalations.tasks.audit.look", 1),
    "openings": ("escalations.tasks.evidence.keep", 1),
    "seals": ("escalations.tasks.seals.seal", 1),
    "rosters": ("escalations.tasks.rosters.look_at_all", 60),
    "tries": ("escalations.tasks.dead_letters.forget_tries", 24 * 60),
}


def ensure_schedules() -> None:
    """The safety net of the clock process: the job cluster takes the same sweep every minute.
    Rosters are looked ahead every hour, so that a night's missed look is made up in the morning."""
    for name, (path, minutes) in SCHEDULES.items():
        Schedule.objects.update_or_create(
            name=name,
            defaults={"func": path, "schedule_type": Schedule.MINUTES, "minutes": minutes},
        )
    Schedule.objects.exclude(name__in=SCHEDULES).delete()
