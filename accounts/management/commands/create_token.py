from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from knox.models import get_token_model

from accounts.models import User

MAX_DAYS = 3650


class Command(BaseCommand):
    help = "Make an API token for a person or a machine. The last line printed is the token."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--days", type=int, help="Days until it expires; never if left out.")

    def handle(self, *args: Any, username: str, days: int | None, **options: Any) -> None:
        user = User.objects.filter(username=username).first()
        if user is None:
            raise CommandError(f"There is no user {username!r}.")
        if not user.is_active:
            raise CommandError(f"{username!r} is not active and cannot sign in.")
        if days is not None and not 1 <= days <= MAX_DAYS:
            raise CommandError(f"--days is 1 to {MAX_DAYS}.")
        expiry = None if days is None else timedelta(days=days)
        _, token = get_token_model().objects.create(user=user, expiry=expiry)
        if not user.groups.exists() and not user.is_superuser:
            self.stderr.write(f"{username} has no role yet: the API will answer 403.")
        self.stdout.write("It is shown once: keep it safe.")
        self.stdout.write(token)
