"""Readings of one KPI from a CSV file: the whole file or nothing."""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from tqdm import tqdm

from config.lib.clock import now
from config.lib.errors import DomainError
from escalations.models import Kpi, KpiFlip, KpiState
from escalations.rules.reading_rows import BadField, NewReading, checked_time, text
from escalations.services.readings import Status, store_readings
from escalations.services.thresholds import check_thresholds

MOST_SHOWN = 50
BATCH = 10_000


class Command(BaseCommand):
    help = (
        "Import readings of one KPI from a CSV file: the whole file, or nothing of it when a row "
        "is bad. Then judge that KPI and print its changes of state. Importing a file twice "
        "stores nothing twice; another value for a stored time is kept as suspect."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help="UTF-8 text with a header line; commas or semicolons."
        )
        parser.add_argument("--kpi", required=True, metavar="CODE", help="Code of the KPI.")
        parser.add_argument(
            "--segment", default="", help="Part of the KPI with a state of its own, such as emea."
        )
        parser.add_argument("--channel", default="", help="Where it was measured, such as web.")
        parser.add_argument("--source", default="csv", help="Who measured it (default: csv).")
        parser.add_argument(
            "--time-column",
            default="timestamp",
            metavar="NAME",
            help="Header of the times, ISO 8601 (default: timestamp).",
        )
        parser.add_argument(
            "--value-column",
            default="value",
            metavar="NAME",
            help="Header of the values, plain numbers (default: value).",
        )
        parser.add_argument(
            "--tz",
            default="UTC",
            metavar="ZONE",
            help="Zone of times without an offset, such as Europe/Berlin (default: UTC).",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check every row, keep nothing.")

    def handle(self, *args: Any, **asked: Any) -> None:
        at = now()
        if asked["tz"] not in available_timezones():
            raise CommandError(f"{asked['tz']!r} is no time zone. Use a name like Europe/Berlin.")
        labels = {}
        for name, longest in (("kpi", 60), ("segment", 120), ("channel", 80), ("source", 80)):
            try:
                labels[name] = text(asked[name], longest)
            except BadField as bad:
                raise CommandError(f"--{name}: {bad.detail}") from None
        kpi = Kpi.objects.filter(code=labels["kpi"]).first()
        if kpi is None:
            raise CommandError(f"There is no KPI {labels['kpi']!r}.")
        rows = self._read(asked, labels, at)
        counts: Counter[Status] = Counter()
        with transaction.atomic():
            with tqdm(total=len(rows), unit="rows", disable=not sys.stderr.isatty()) as bar:
                for start in range(0, len(rows), BATCH):
                    batch = rows[start : start + BATCH]
                    try:
                        counts.update(store_readings(batch, by=None, at=at))
                    except DomainError as error:
                        raise CommandError(error.detail) from None
                    bar.update(len(batch))
            if asked["dry_run"]:
                transaction.set_rollback(True)
        shown = ", ".join(f"{counts[status]} {status.value}" for status in Status)
        if asked["dry_run"]:
            self.stdout.write(f"{shown} (dry run: nothing was kept)")
            return
        self.stdout.write(shown)
        before = KpiFlip.objects.order_by("id").values_list("id", flat=True).last() or 0
        try:
            while check_thresholds(at, kpi=kpi):
                pass
        except Exception as error:
            raise CommandError(
                f"The readings are stored, but judging them failed: {error}. "
                "The workers try again; do not import the file again."
            ) from error
        parked = KpiState.objects.filter(kpi=kpi, segment=labels["segment"]).exclude(
            parked_until=None
        )
        if state := parked.first():
            raise CommandError(
                "The readings are stored, but they cannot be judged before "
                f"{state.parked_until:%Y-%m-%d %H:%M} UTC: {state.parked_error}"
            )
        flips = KpiFlip.objects.filter(
            kpi=kpi, segment=labels["segment"], id__gt=before, superseded_at=None
        ).order_by("at", "id")
        self.stdout.write(f"{len(flips)} changes of state")
        for flip in flips:
            value = "no reading" if flip.value is None else f"{flip.value:g} {kpi.unit}".strip()
            self.stdout.write(
                f"  {flip.at:%Y-%m-%d %H:%M} {flip.from_state} to {flip.to_state} ({value})"
            )

    def _read(
        self, asked: dict[str, Any], labels: dict[str, Any], at: datetime
    ) -> list[NewReading]:
        path: Path = asked["file"]
        try:
            content = path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            raise CommandError(f"There is no file {path}.") from None
        except IsADirectoryError:
            raise CommandError(f"{path} is a directory, not a CSV file.") from None
        except UnicodeDecodeError as error:
            raise CommandError(
                f"{path} is not UTF-8 (byte {error.start + 1}). Save it as UTF-8."
            ) from None
        except OSError as error:
            raise CommandError(f"Cannot read {path}: {error.strerror}.") from None
        if "\x00" in content:
            line = content.count("\n", 0, content.index("\x00")) + 1
            raise CommandError(f"line {line}: NUL characters. This is not a text file.")
        if not content.strip():
            raise CommandError(f"{path} is empty.")
        head = content.lstrip("\r\n").splitlines()[0]
        table = csv.reader(
            content.splitlines(keepends=True),
            delimiter=";" if head.count(";") > head.count(",") else ",",
            strict=True,
        )
        columns = [asked["time_column"], asked["value_column"]]
        problems: list[str] = []
        rows: list[NewReading] = []
        places: list[int] | None = None
        zone = ZoneInfo(asked["tz"])
        try:
            for cells in table:
                if not any(cell.strip() for cell in cells):
                    continue
                if places is None:
                    places = self._places([cell.strip() for cell in cells], columns)
                    continue
                found: list[Any] = []
                for name, place, read in zip(columns, places, (_time, _value), strict=True):
                    try:
                        cell = cells[place].strip() if place < len(cells) else ""
                        found.append(read(cell, zone, at))
                    except BadField as bad:
                        where = f"line {table.line_num}, column {name}"
                        problems.append(f"{where}: {bad.detail} ({bad.code})")
                if len(found) == 2:
                    rows.append(NewReading(at=found[0], value=found[1], **labels))
        except csv.Error as error:
            problems.append(f"line {table.line_num}, column {columns[0]}: {error}")
        if problems:
            for problem in problems[:MOST_SHOWN]:
                self.stderr.write(problem)
            more = len(problems) - MOST_SHOWN
            rest = f" ({more} more not shown)" if more > 0 else ""
            raise CommandError(f"{len(problems)} problems{rest}. Nothing was stored.")
        if not rows:
            raise CommandError(f"{path} has no readings below its header.")
        return rows

    def _places(self, header: list[str], columns: list[str]) -> list[int]:
        missing = [name for name in columns if name not in header]
        if missing:
            raise CommandError(
                f"line 1: no column {', '.join(missing)}; found {', '.join(header)[:200]}. "
                "Name them by --time-column and --value-column."
            )
        for name in columns:
            if header.count(name) > 1:
                raise CommandError(f"line 1: two columns are named {name}.")
        return [header.index(name) for name in columns]


def _time(cell: str, zone: tzinfo, at: datetime) -> datetime:
    if not cell:
        raise BadField("required", "the time is missing")
    try:
        when = datetime.fromisoformat(cell)
    except ValueError:
        raise BadField("not_a_time", f"{cell[:60]!r} is not a time") from None
    if when.tzinfo is None:
        local = when.replace(tzinfo=zone)
        # An hour that the clocks skip does not come back as itself.
        if zone is not UTC and local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != when:
            raise BadField("no_such_time", f"{cell[:60]!r} does not exist in {zone}")
        when = local
    return checked_time(when, at=at)


def _value(cell: str, zone: tzinfo, at: datetime) -> float:
    if not cell:
        raise BadField("required", "the value is missing")
    try:
        value = float(cell) if "_" not in cell and cell.isascii() else math.nan
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadField("not_a_number", f"{cell[:60]!r} is not a finite number")
    return value
