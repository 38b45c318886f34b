from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate

from config.lib.stamps import watch

# Read with every signal and seldom changed: processes keep these (`config.lib.stamps`).
WATCHED = (
    "accounts.Absence",
    "accounts.Account",
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
    "auth.Group",
    "auth.Group_permissions",
    "knox.AuthToken",
)


def _watch(using: str, **_: Any) -> None:
    watch([apps.get_model(name) for name in WATCHED], using)


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        post_migrate.connect(_watch, sender=self)
