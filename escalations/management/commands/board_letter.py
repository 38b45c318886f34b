"""The letter to the board as text, for a mail or a file."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config.lib.clock import now
from config.lib.errors import DomainError
from escalations.selectors.board import READ, board_letter, month_of


class Command(BaseCommand):
    help = "Print the letter to the board of a month such as 2026-10."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", help="Year and month, like 2026-10.")
        parser.add_argument(
            "--by",
            metavar="USERNAME",
            help="As this person may read it. Default: every incident, and no revenue.",
        )

    def handle(self, *args: Any, **asked: Any) -> None:
        by = None
        if asked["by"]:
            by = User.objects.filter(username=asked["by"], is_active=True).first()
            if by is None or not by.has_perm(READ):
                raise CommandError(f"{asked['by']!r} is nobody who may read the letter.")
        at = now()
        try:
            month = month_of(asked["month"], at)
        except DomainError as error:
            raise CommandError(error.detail) from error
        self.stdout.write(board_letter(by, month, at).as_text(), ending="")
