"""Accounts, contacts, KPIs, people or rosters as CSV. No cell starts a formula."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config.lib.errors import DomainError
from escalations.selectors.sheets import TABLES, exported


class Command(BaseCommand):
    help = "Write a table as CSV, to a file or to the terminal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", choices=list(TABLES))
        parser.add_argument("file", type=Path, nargs="?", help="Default: the terminal.")
        parser.add_argument("--by", metavar="USERNAME", help="Only what this person may see.")

    def handle(self, *args: Any, **asked: Any) -> None:
        by = None
        if asked["by"]:
            by = User.objects.filter(username=asked["by"], is_active=True).first()
            if by is None:
                raise CommandError(f"There is nobody active called {asked['by']!r}.")
        try:
            parts = exported(TABLES[asked["table"]], by)
            if asked["file"] is None:
                for part in parts:
                    self.stdout.write(part, ending="")
                return
            with asked["file"].open("w", encoding="utf-8", newline="") as out:
                out.writelines(parts)
        except DomainError as error:
            raise CommandError(error.detail) from error
        except OSError as error:
            raise CommandError(f"{asked['file']}: {error.strerror}") from error
