"""A CSV file handed in on the page: its kind and size are bounded before it is read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from config.lib.errors import field_error
from escalations.selectors.sheets import Table
from escalations.services.sheets import Imported, import_sheet

MOST_BYTES = 4 * 2**20
MOST_ROWS = 10_000  # a request should end; more rows are for the command
LONGEST_REASON = 300


def imported(table: Table, given: Any, files: Any, *, by: User, at: datetime) -> Imported:
    """Without `write` nothing is kept. Raises DomainError."""
    file = files.get("file")
    if file is None:
        raise field_error("file", "required", "Choose a CSV file.")
    if not file.name.lower().endswith(".csv"):
        raise field_error("file", "not_csv", "The file's name ends in .csv.")
    if file.size > MOST_BYTES:
        raise field_error("file", "too_large", "The file is over 4 MB: use manage.py import_csv.")
    reason = str(given.get("reason", "")).strip()
    if not reason or len(reason) > LONGEST_REASON or "\0" in reason:
        raise field_error("reason", "required", "Say why, in at most 300 characters.")
    is_dry_run = given.get("write") != "1"
    return import_sheet(
        table,
        file.read(),
        by=by,
        at=at,
        reason=reason,
        is_dry_run=is_dry_run,
        most=MOST_ROWS,
    )
