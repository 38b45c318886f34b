"""The people, teams, rosters and hours of the demo company."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from accounts.models import (
    Layer,
    LayerPerson,
    Membership,
    Roster,
    RosterVersion,
    ServiceHours,
    Team,
    User,
)
from accounts.roles import ROLES
from accounts.services.contact_methods import follow_account
from accounts.services.service_hours import publish_hours

# sign-in -> (first name, last name, role, zone, manager)
DEMO_SIGN_INS = {
    "governor": ("Grace", "Okafor", "governance_committee", "Europe/London", None),
    "governor2": ("Henrik", "Lund", "governance_committee", "Europe/Copenhagen", None),
    "governor3": ("Noor", "Haddad", "governance_committee", "Europe/Amsterdam", None),
    "agent": ("Ana", "Reyes", "agent", "America/New_York", "duty"),
    "agent2": ("Sam", "Okoro", "agent", "Europe/London", "duty"),
    "duty": ("Dana", "Moreau", "duty_manager", "Europe/Paris", "governor"),
    "senior": ("Priya", "Nair", "senior_engineer", "Asia/Kolkata", "duty"),
    "kpi-owner": ("Kim", "Vega", "kpi_owner", "America/New_York", "governor"),
    "steward": ("Stella", "Brandt", "data_steward", "Europe/Berlin", "governor"),
    "remediation": ("Rosa", "Lindqvist", "remediation_leader", "Europe/Stockholm", "governor"),
    "sponsor": ("Evelyn", "Hart", "executive_sponsor", "Europe/London", None),
    "auditor": ("Aldo", "Ferri", "auditor", "Europe/Rome", None),
    "integrator": ("Ingest", "Robot", "integrator", "UTC", None),
    "outsider": ("Otto", "Quist", None, "UTC", None),
}
TEAMS = {
    "frontline": ("Frontline", "duty", ("agent", "agent2", "senior")),
    "growth": ("Growth", "kpi-owner", ("kpi-owner", "agent", "agent2", "steward", "remediation")),
    "duty": ("Duty managers", "duty", ("duty", "governor")),
}
# roster -> (name, team, weekly rotation)
ROSTERS = {
    "primary": ("Frontline primary", "frontline", ("agent", "agent2")),
    "secondary": ("Frontline secondary", "frontline", ("senior", "agent")),
    "growth": ("Growth on call", "growth", ("kpi-owner",)),
    "duty": ("Duty manager", "duty", ("duty",)),
}


def tell_people(at: datetime) -> dict[str, User]:
    """Every demo sign-in with its role, team and roster; existing people are left as they are."""
    people: dict[str, User] = {}
    password = ""
    for username, (first, last, role, zone, _) in DEMO_SIGN_INS.items():
        user, is_new = User.objects.get_or_create(
            username=username,
            defaults={
                "first_name": first,
                "last_name": last,
                "email": f"{username}@demo.belay.example",
                "time_zone": zone,
                "is_staff": role is not None and ROLES[role].is_staff,
            },
        )
        if is_new:
            # One hash for all: they share the password anyway, and hashing is slow on purpose.
            password = password or make_password(settings.DEMO_PASSWORD)
            user.password = password
            user.save(update_fields=["password"])
            follow_account(user, by=None, at=at, is_verified=True)
            if role:
                user.groups.add(Group.objects.get(name=role))
        people[username] = user
    # Two with hours of their own; everybody else keeps those of the policy.
    for username, start, end in (("senior", 21, time(6, 30)), ("agent2", 23, time(6))):
        User.objects.filter(username=username, quiet_from=None).update(
            quiet_from=time(start), quiet_to=end
        )
    for username, (*_, manager) in DEMO_SIGN_INS.items():
        if manager and people[username].manager_id is None:
            people[username].manager = people[manager]
            people[username].save(update_fields=["manager"])
    hours = _tell_hours(at)
    for code, (name, lead, members) in TEAMS.items():
        team, _ = Team.objects.get_or_create(code=code, defaults={"name": name})
        if not team.memberships.exists():
            team.lead, team.service_hours = people[lead], hours
            team.save(update_fields=["lead", "service_hours", "updated_at"])
            for member in members:
                Membership.objects.create(
                    team=team, user=people[member], valid_from=at - timedelta(days=400)
                )
    for code, (name, team_code, rotation) in ROSTERS.items():
        _tell_roster(code, name, team_code, [people[person] for person in rotation], at)
    return people


def _tell_hours(at: datetime) -> ServiceHours:
    hours, is_new = ServiceHours.objects.get_or_create(
        code="office", defaults={"name": "Office hours, New York"}
    )
    if is_new:
        year = at.year
        publish_hours(
            hours,
            zone="America/New_York",
            weekly={day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
            dates={
                f"{y}-{day}": []
                for y in (year - 1, year, year + 1)
                for day in ("01-01", "07-04", "12-25")
            },
            effective_from=at - timedelta(days=400),
            by=None,
            at=at - timedelta(days=400),
            reason="The first hours.",
        )
    return hours


def _tell_roster(code: str, name: str, team: str, people: list[User], at: datetime) -> None:
    roster, is_new = Roster.objects.get_or_create(
        code=code, defaults={"name": name, "team": Team.objects.get(code=team)}
    )
    if not is_new:
        return
    began = at - timedelta(days=400)
    version = RosterVersion.objects.create(
        roster=roster, number=1, effective_from=began, recorded_at=began
    )
    monday = (at - timedelta(days=364 + at.weekday())).date()
    layer = Layer.objects.create(
        version=version,
        position=1,
        zone="America/New_York",
        start_on=monday,
        handoff=time(9, 0),
        unit="week",
    )
    for place, person in enumerate(people, 1):
        LayerPerson.objects.create(layer=layer, position=place, user=person)
