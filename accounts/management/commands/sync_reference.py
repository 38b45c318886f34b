from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from accounts.services.roles import sync_roles


class Command(BaseCommand):
    help = "Bring the roles into line with the table in the code. May run any number of times."

    def handle(self, *args: Any, **options: Any) -> None:
        changed = sync_roles()
        self.stdout.write(f"Roles: {', '.join(changed) if changed else 'up to date'}.")
