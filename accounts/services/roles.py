from __future__ import annotations

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.roles import ROLES
from config.lib.history import told


@transaction.atomic
def sync_roles() -> list[str]:
    """One group per role, with exactly the table's permissions. May run any number of times.

    Returns the codes whose group was made or changed. Raises LookupError when the table names a
    permission that does not exist. Groups that are no role stay as they are.
    """
    known: dict[str, Permission] = {}
    for permission in Permission.objects.select_related("content_type"):
        known[f"{permission.content_type.app_label}.{permission.codename}"] = permission
    changed = []
    for code, role in ROLES.items():
        group, is_new = Group.objects.get_or_create(name=code)
        wanted = {known[name] for name in role.names(known)}
        if is_new or set(group.permissions.all()) != wanted:
            told(group, by=None, reason="The table of roles says so.").permissions.set(wanted)
            changed.append(code)
    return changed
