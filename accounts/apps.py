from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate, pre_migrate

from config.lib.compilers import word_quickly
from config.lib.databases import read_instants_quickly
from config.lib.stamps import unwatch, watch

# Read with every signal and seldom changed: processes keep these (`config.lib.stamps`).
WATCHED = (
    "accounts.Absence",
    "accounts.Account",
    "accounts.ContactMethod",
    "accounts.Layer",
    "accounts.LayerPerson",
    "accounts.Membership",
    "accounts.Override",
    "accounts.Roster",
    "accounts.RosterVersion",
    "accounts.ServiceHoursVersion",
    "accounts.Team",
    "accounts.User",
    "accounts.User_groups",
    "accounts.User_user_permissions",
    "accounts.ValueRubricVersion",
    "auth.Group",
    "auth.Group_permissions",
    "knox.AuthToken",
)


# Written with every message that leaves and every sign-in, and read by nobody who decides.
COUNTS = {
    "accounts.ContactMethod": ("last_ok_at", "last_error"),
    "accounts.User": ("last_login",),
}


def _watch(using: str, **_: Any) -> None:
    watch({apps.get_model(name): COUNTS.get(name, ()) for name in WATCHED}, using)


def _unwatch(using: str, plan: Sequence[Any] = (), **_: Any) -> None:
    if plan:  # tables may change
        unwatch(using)


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        connection_created.connect(read_instants_quickly)
        connection_created.connect(word_quickly)
        pre_migrate.connect(_unwatch, sender=self)
        post_migrate.connect(_watch, sender=self)
