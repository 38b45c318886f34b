"""Pausing automation where no page can be opened: manage.py automation pause|resume|status."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from accounts.models import User
from config.lib.clock import now
from config.lib.errors import DomainError
from escalations.models.automation import PauseScope
from escalations.rules.durations import DurationError, parse_duration
from escalations.selectors.automation import kept_now, lasting
from escalations.services.automation import end_pause, pause_automation


class Command(BaseCommand):
    help = (
        "Pauses what ladders and KPIs do by themselves, ends a pause, and says what lasts. Clocks "
        "run on; what fell due happens once when the pause ends."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="act", required=True)
        acts.add_parser("status", help="what is paused, until when, and what it keeps")
        stop = acts.add_parser("pause", help="pause from now on")
        stop.add_argument("--scope", choices=PauseScope.values, default="all", help="default: all")
        stop.add_argument("--policy", help="code, for the scopes policy and ladder")
        stop.add_argument("--kpi", help="code, for the scope kpi")
        stop.add_argument("--ladder", help="name, for the scope ladder")
        stop.add_argument("--reason", required=True, help="everybody reads it while it lasts")
        stop.add_argument("--for", dest="length", required=True, help="such as 2h; 24h at most")
        stop.add_argument("--by", required=True, help="username of who pauses")
        stop.add_argument(
            "--approver", help="username of another person who agrees; needed while an S1 is open"
        )
        go_on = acts.add_parser("resume", help="end a pause now")
        go_on.add_argument("number", type=int, help="of the pause, as status says")
        go_on.add_argument("--by", required=True, help="username of who ends it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['act']}")(options)
        except (DomainError, DurationError) as error:
            raise CommandError(str(error)) from None

    def _status(self, options: dict[str, Any]) -> None:
        views = lasting(now())
        for view in views:
            row = view.row
            agreed = f", agreed with {row.approver}" if row.approver else ""
            self.stdout.write(
                f"{row.pk}: {view.covers} until {row.ends_at:%d %b %H:%M} UTC, by "
                f"{row.paused_by}{agreed}: {row.reason}"
            )
        if not views:
            self.stdout.write("Nothing is paused.")
        steps, openings = kept_now()
        self.stdout.write(f"Kept: {steps} ladders, {openings} openings of KPIs.")

    def _pause(self, options: dict[str, Any]) -> None:
        at = now()
        names = ("scope", "policy", "kpi", "ladder", "reason", "approver")
        given = {name: options[name] for name in names}
        given["ends_at"] = at + timedelta(seconds=parse_duration(options["length"]))
        pause = pause_automation(given, by=_person(options["by"]), at=at)
        self.stdout.write(f"Paused until {pause.ends_at:%d %b %H:%M} UTC: pause {pause.pk}.")

    def _resume(self, options: dict[str, Any]) -> None:
        end_pause(options["number"], by=_person(options["by"]), at=now())
        self.stdout.write("Ended. What was due happens now.")


def _person(name: str) -> User:
    found = User.objects.filter(username=name, is_active=True).first()
    if found is None:
        raise CommandError(f"There is nobody called {name!r}.")
    return found
