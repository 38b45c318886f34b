"""Take a calendar file over into a roster: `manage.py import_roster primary plan.ics --by duty`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Roster, User
from accounts.services.roster_import import import_calendar
from config.lib.clock import now
from config.lib.errors import DomainError


class Command(BaseCommand):
    help = "Take the shifts of an iCalendar file over into a roster. Looks only, without --write."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("roster", help="Code of the roster.")
        parser.add_argument("file", type=Path)
        parser.add_argument("--by", required=True, help="Sign-in of who plans the roster.")
        parser.add_argument("--zone", default="", help="Zone of times that name none.")
        parser.add_argument("--write", action="store_true", help="Record the shifts.")

    def handle(self, *args: Any, **options: Any) -> None:
        roster = Roster.objects.select_related("team").filter(code=options["roster"]).first()
        by = User.objects.filter(username=options["by"], is_active=True).first()
        if roster is None or by is None:
            raise CommandError("There is no such roster or person.")
        try:
            report = import_calendar(
                roster,
                options["file"].read_bytes(),
                by=by,
                at=now(),
                zone=options["zone"],
                is_dry_run=not options["write"],
            )
        except OSError as error:
            raise CommandError(f"The file cannot be read: {error.strerror}.") from error
        except DomainError as error:
            raise CommandError(f"{error.detail} ({error.code})") from error
        for row in report.rows:
            who = row.person or f"GAP, nobody fits {row.said!r}"
            word = "new" if row.is_new else "" if row.person is None else "known"
            self.stdout.write(f"{row.start:%Y-%m-%d %H:%M} {row.end:%Y-%m-%d %H:%M} {who} {word}")
        for warning in report.warnings:
            self.stderr.write(warning)
        done = "would be recorded" if report.is_dry_run else "recorded"
        self.stdout.write(f"{report.new} {done}, {report.gaps} gaps, of {len(report.rows)} shifts.")
