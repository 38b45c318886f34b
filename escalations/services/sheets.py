"""A table comes in as CSV: every row is checked, then all are written or none, with history.

Rows go to the database in sets. When a set breaks a constraint it is halved until the row stands
alone that does, so that errors name lines without a query for each constraint of each row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from simple_history.utils import bulk_create_with_history, get_history_manager_for_model

from accounts.models import Account, User
from accounts.services.value_rubrics import stamp_new
from config.lib.errors import DomainError, NotAllowed, from_integrity_error
from config.lib.history import told
from escalations.rules.sheets import BadSheet, RowError, Sheet, read_sheet
from escalations.selectors.sheets import Table

BATCH = 2000
MOST_ERRORS = 100
YES, NO = frozenset({"yes", "true", "1"}), frozenset({"no", "false", "0"})
Progress = Callable[[int], Any]


@dataclass(slots=True)
class Imported:
    """`errors` holds at most the first 100; where there is one, nothing was written."""

    added: int = 0
    changed: int = 0
    same: int = 0
    is_dry_run: bool = False
    errors: list[RowError] = field(default_factory=list)

    @property
    def is_full(self) -> bool:
        return len(self.errors) >= MOST_ERRORS

    def add(self, line: int, column: str, code: str, detail: str) -> None:
        if not self.is_full:
            self.errors.append(RowError(line, column, code, detail))


Row = tuple[int, dict[str, Any]]  # line, values by column


def import_sheet(
    table: Table,
    raw: bytes,
    *,
    by: User | None,
    at: datetime,
    reason: str,
    is_dry_run: bool = False,
    most: int | None = None,
    progress: Progress | None = None,
) -> Imported:
    """`by` None is the house itself (a command). Raises DomainError where the file as a whole
    cannot be read; errors of rows come back with their lines."""
    if by is not None and not table.is_writable(by):
        raise NotAllowed("forbidden", "Your role does not write this.")
    try:
        sheet = read_sheet(raw, most=most) if most else read_sheet(raw)
    except BadSheet as bad:
        raise DomainError(bad.code, bad.detail) from bad
    _check_header(table, sheet, by)
    done = Imported(is_dry_run=is_dry_run, errors=sheet.errors[:MOST_ERRORS])
    with transaction.atomic():
        rows = _parsed(table, sheet, done)
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            _write(table, batch, done, by=by, at=at, reason=reason)
            if progress:
                progress(len(batch))
        if done.errors or is_dry_run:
            transaction.set_rollback(True)
    done.errors.sort(key=lambda error: error.line)
    return done


def _check_header(table: Table, sheet: Sheet, by: User | None) -> None:
    known = table.columns_for(by)
    if unknown := [name for name in sheet.header if name not in known]:
        detail = f"No column {', '.join(map(repr, unknown))} here. Known: {', '.join(known)}."
        raise DomainError("unknown_column", detail)
    if lacking := [name for name in table.key if name not in sheet.header]:
        raise DomainError("no_key", f"The column {', '.join(lacking)} is needed to find rows.")


def _parsed(table: Table, sheet: Sheet, done: Imported) -> list[Row]:
    """Values of every good row; the database is asked once for each kind of link."""
    links = {
        name: _linked(table.links[name], {cells[place] for _, cells in sheet.rows})
        for place, name in enumerate(sheet.header)
        if name in table.links
    }
    fields = {name: table.model._meta.get_field(name) for name in sheet.header}
    found: list[Row] = []
    lines: dict[tuple[Any, ...], int] = {}
    for line, cells in sheet.rows:
        values: dict[str, Any] = {}
        before = len(done.errors)
        for name, cell in zip(sheet.header, cells, strict=True):
            try:
                values[name] = _value(fields[name], cell, links.get(name), name in table.key)
            except ValidationError as bad:
                done.add(line, name, bad.error_list[0].code or "invalid", bad.messages[0])
        if len(done.errors) > before:
            if done.is_full:
                break
            continue
        key = tuple(values[name] for name in table.key)
        if key in lines:
            done.add(line, table.key[-1], "twice", f"Line {lines[key]} is the same row.")
            continue
        lines[key] = line
        found.append((line, values))
    return found


def _linked(link: tuple[type[models.Model], str], names: set[str]) -> dict[str, int]:
    model, named_by = link
    found: dict[str, int] = {}
    wanted = sorted(names - {""})
    for start in range(0, len(wanted), BATCH):
        part = {f"{named_by}__in": wanted[start : start + BATCH]}
        found |= dict(model._default_manager.filter(**part).values_list(named_by, "pk"))
    return found


def _value(each: Any, cell: str, linked: dict[str, int] | None, is_key: bool) -> Any:
    if cell == "":
        if is_key:
            raise ValidationError("This column finds the row and cannot be empty.", "required")
        return _empty(each)
    if linked is not None:
        if cell not in linked:
            raise ValidationError(f"There is no {each.verbose_name} {cell!r}.", "unknown")
        return linked[cell]
    if isinstance(each, models.BooleanField):
        if cell.lower() not in YES | NO:
            raise ValidationError("Write yes or no.", "invalid")
        return cell.lower() in YES
    return each.clean(cell, None)


def _empty(each: Any) -> Any:
    """An empty cell empties what may be empty; else it stands for the usual value."""
    if each.null:
        return None
    if each.has_default():
        return each.get_default()
    if each.blank:
        return ""
    raise ValidationError("This cannot be empty.", "required")


def _write(
    table: Table, rows: list[Row], done: Imported, *, by: User | None, at: datetime, reason: str
) -> None:
    known = _known(table, rows)
    names = [name for name in rows[0][1] if name not in table.key]
    attributes = {name: _attname(table, name) for name in rows[0][1]}
    fresh: list[tuple[int, Any]] = []
    changed: list[tuple[int, Any]] = []
    for line, values in rows:
        given = {attributes[name]: value for name, value in values.items()}
        row = known.get(tuple(values[name] for name in table.key))
        if row is None:
            row = table.model(**given)
            lacking = _lacking(row, rows[0][1])
            if lacking:
                done.add(line, lacking, "required", "A new row needs this column.")
                continue
            if isinstance(row, User):
                row.set_unusable_password()
            if isinstance(row, Account):
                stamp_new(row)
            fresh.append((line, row))
            continue
        if all(getattr(row, name) == value for name, value in given.items()):
            done.same += 1
            continue
        if isinstance(row, User) and row.is_superuser and by is not None and not by.is_superuser:
            done.add(line, "username", "forbidden", "Only a superuser changes a superuser.")
            continue
        for name, value in given.items():
            setattr(row, name, value)
        if hasattr(row, "updated_at"):
            row.updated_at = at
        changed.append((line, row))
    stamped = [*names, "updated_at"] if hasattr(table.model, "updated_at") else names
    told_as = {"default_user": by, "default_change_reason": reason, "default_date": at}

    def add(some: list[Any]) -> None:
        bulk_create_with_history(some, table.model, batch_size=BATCH, **told_as)

    def change(some: list[Any]) -> None:
        # One INSERT that meets its own key: seven times as quick as an UPDATE with a CASE per row.
        table.model._default_manager.bulk_create(
            some, BATCH, update_conflicts=True, unique_fields=["pk"], update_fields=stamped
        )
        history = get_history_manager_for_model(table.model)
        history.bulk_history_create(some, BATCH, update=True, **told_as)

    def save(some: list[Any]) -> None:
        """Kept with its links (a person's roles), which a set leaves out of the history."""
        for row in some:
            told(row, by=by, reason=reason, at=at).save()

    has_links = bool(table.model._meta.many_to_many)
    done.added += _in_sets(fresh, save if has_links else add, done)
    done.changed += _in_sets(changed, save if has_links else change, done)


def _attname(table: Table, name: str) -> str:
    found = table.model._meta.get_field(name)
    assert isinstance(found, models.Field), "tables are made of columns"
    return found.attname


def _known(table: Table, rows: list[Row]) -> dict[tuple[Any, ...], Any]:
    names = [_attname(table, name) for name in table.key]
    wanted = {f"{names[-1]}__in": [values[table.key[-1]] for _, values in rows]}
    found = table.model._default_manager.filter(**wanted)
    if connection.features.has_select_for_update:
        found = found.select_for_update(of=("self",))
    return {tuple(getattr(row, name) for name in names): row for row in found}


def _lacking(row: Any, given: dict[str, Any]) -> str:
    """The first column that a new row cannot do without."""
    for each in row._meta.concrete_fields:
        is_needed = not (each.null or each.blank or each.has_default() or each.primary_key)
        if is_needed and each.editable and each.name not in given and each.name != "password":
            return each.name
    return ""


def _in_sets(
    pairs: list[tuple[int, Any]], write: Callable[[list[Any]], Any], done: Imported
) -> int:
    """Write a set, or halve it until the rows that break a constraint stand alone."""
    if not pairs or done.is_full:
        return 0
    try:
        with transaction.atomic():
            write([row for _, row in pairs])
        return len(pairs)
    except IntegrityError as error:
        if len(pairs) == 1:
            said = from_integrity_error(error)
            done.add(pairs[0][0], "", said.code, said.detail)
            return 0
    half = len(pairs) // 2
    return _in_sets(pairs[:half], write, done) + _in_sets(pairs[half:], write, done)
