"""Runs worked cases through the production rules; needs no database."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from escalations.rules import rule_cases, worked_cases

KINDS = ("clocks", "rosters", "rules")


class Command(BaseCommand):
    help = "Run worked cases (clocks, rosters or rules) of a JSON file through the rules."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=KINDS)
        parser.add_argument("file", type=Path, help="A JSON file in the format of tests/cases/.")

    def handle(self, *args: Any, **options: Any) -> None:
        kind, path = options["kind"], options["file"]
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise CommandError(f"{path}: {error}") from error
        try:
            cases, checks, found = (
                rule_cases.differences(document)
                if kind == "rules"
                else worked_cases.differences(kind, document)
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise CommandError(
                f"{path} is no file of {kind} cases: {type(error).__name__} {error}"
            ) from error
        for difference in found:
            self.stdout.write(str(difference))
        self.stdout.write(f"{cases} cases, {checks} checks, {len(found)} differ")
        if found:
            sys.exit(1)
