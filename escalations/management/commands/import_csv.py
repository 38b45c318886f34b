"""Accounts, contacts, KPIs, people or rosters from a CSV file: all of it or nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from accounts.models import User
from config.lib.clock import now
from config.lib.errors import DomainError
from escalations.selectors.sheets import TABLES
from escalations.services.sheets import import_sheet


class Command(BaseCommand):
    help = "Import a CSV file. Rows are found again by their key and changed, else added."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("table", choices=list(TABLES))
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="Check every row, keep nothing.")
        parser.add_argument("--reason", default="", help="Kept in the history of each row.")
        parser.add_argument("--by", metavar="USERNAME", help="Whose rights and name it bears.")

    def handle(self, *args: Any, **asked: Any) -> None:
        table, by = TABLES[asked["table"]], None
        if asked["by"]:
            by = User.objects.filter(username=asked["by"], is_active=True).first()
            if by is None:
                raise CommandError(f"There is nobody active called {asked['by']!r}.")
        try:
            raw = asked["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{asked['file']}: {error.strerror}") from error
        with tqdm(
            total=max(0, raw.count(b"\n") - 1), unit="rows", disable=not sys.stderr.isatty()
        ) as bar:
            try:
                done = import_sheet(
                    table,
                    raw,
                    by=by,
                    at=now(),
                    reason=asked["reason"] or f"Imported from {asked['file'].name}",
                    is_dry_run=asked["dry_run"],
                    progress=bar.update,
                )
            except DomainError as error:
                raise CommandError(error.detail) from error
        for wrong in done.errors:
            self.stdout.write(str(wrong))
        if done.errors:
            raise CommandError(f"{len(done.errors)} errors; nothing was kept.")
        kept = " (dry run: nothing was kept)" if done.is_dry_run else ""
        self.stdout.write(f"{done.added} added, {done.changed} changed, {done.same} same{kept}")
