from __future__ import annotations

from django.contrib.auth.models import AnonymousUser, Group, Permission
from django.db.models import Q

from accounts.models import Account, Team, User
from accounts.roles import ROLES, RoleSpec
from accounts.selectors.contact_methods import reachable
from config.lib.stamps import kept

_APP = "escalations."


def rights_of(user: User | AnonymousUser) -> frozenset[str]:
    """Bare codenames on escalations, such as "respond_incident". One query per user object.

    A superuser has all of them; an inactive or anonymous user none.
    """
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    return frozenset(
        name.removeprefix(_APP) for name in user.get_all_permissions() if name.startswith(_APP)
    )


def people_who(right: str) -> list[User]:
    """Active, reachable people with this right on escalations (a bare codename), by name."""
    named = Q(codename=right, content_type__app_label="escalations")
    holders = Permission.objects.filter(named)
    return list(
        reachable(
            User.objects.filter(
                Q(groups__permissions__in=holders) | Q(user_permissions__in=holders)
            )
        )
        .distinct()
        .order_by("first_name", "last_name", "username")
    )


def names_of_people_who(right: str) -> tuple[tuple[str, str], ...]:
    """Username and name of each of `people_who`, for lists to choose from; kept by this process
    until a person, a role or a way to reach somebody changes."""

    def read() -> tuple[tuple[str, str], ...]:
        return tuple((each.username, str(each)) for each in people_who(right))

    return kept().one(("people who", right), read)


def roles_of(user: User | AnonymousUser) -> dict[str, RoleSpec]:
    """Code -> role, in the table's order. One query."""
    if not user.is_authenticated:
        return {}
    held = set(Group.objects.filter(user=user).values_list("name", flat=True))
    return {code: role for code, role in ROLES.items() if code in held}


def teams_of(user: User) -> list[Team]:
    return list(Team.objects.filter(memberships__user=user, memberships__valid_to=None).distinct())


def duties_left(person: User) -> list[str]:
    """Where somebody who left is still named, such as "owner of 3 accounts"; for a successor."""
    counts = {
        "owner of {} account{}": Account.objects.filter(owner=person).count(),
        "backup of {} account{}": Account.objects.filter(backup=person).count(),
        "sponsor of {} account{}": Account.objects.filter(sponsor=person).count(),
        "lead of {} team{}": Team.objects.filter(lead=person).count(),
        "manager of {} active report{}": person.reports.filter(is_active=True).count(),
    }
    return [words.format(n, "" if n == 1 else "s") for words, n in counts.items() if n]
