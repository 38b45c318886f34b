"""Looks whether anybody bent the record: exit 0 when it is intact, 1 when it is not."""

from __future__ import annotations

import re
import sys
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from config.lib.clock import now
from escalations.selectors.chains import chains
from escalations.selectors.seals import rows_sealed, verified
from escalations.services.seals import keep_verification

HASH = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class Command(BaseCommand):
    help = (
        "Check every sealed row of histories, timelines, ledgers and sign-offs against its seal. "
        "Prints `intact: N rows, M chains`, or a line for each fault and exits with 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--chain", metavar="TABLE", help="Only the rows of this table.")
        parser.add_argument(
            "--head",
            metavar="HASH",
            help="A head from the log, or the whole line: it must still be in the record.",
        )

    def handle(self, *args: Any, **asked: Any) -> None:
        only, head = asked["chain"], None
        if only is not None and only not in chains():
            raise CommandError(f"There is no chain {only!r}. Use one of {', '.join(chains())}.")
        if asked["head"] is not None:
            named = HASH.search(asked["head"].lower())
            if named is None:
                raise CommandError("A head is 64 hexadecimal digits, as the log of seals has it.")
            head = named[0]
        at, began = now(), monotonic()
        with tqdm(
            total=rows_sealed(only), unit="rows", disable=not sys.stderr.isatty(), leave=False
        ) as bar:
            found = verified(only, head=head, progress=bar.update)
        if only is None:
            keep_verification(found, at, by=None, took_ms=int((monotonic() - began) * 1000))
        for fault in found.faults:
            self.stdout.write(f"broken: {fault}")
        if not found.faults:
            self.stdout.write(f"intact: {found.rows} rows, {found.chains} chains")
        if found.unsealed:
            self.stdout.write(f"not sealed yet: {found.unsealed} rows")
        if found.head:
            self.stdout.write(f"head: {found.head}")
        if found.faults:
            sys.exit(1)
