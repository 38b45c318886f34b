"""What changes from one policy version to another, cell by cell and in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from escalations.rules.policy import PolicyDoc
from escalations.rules.policy_tables import Row, Table, tables


class Mark(StrEnum):
    SAME = "same"
    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Cell:
    """`before` and `after` differ in a changed cell; otherwise `after` is what stands there."""

    column: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True, slots=True)
class ComparedRow:
    key: str
    mark: Mark
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ComparedTable:
    code: str
    title: str
    thing: str
    columns: tuple[str, ...]
    rows: tuple[ComparedRow, ...]

    @property
    def changes(self) -> int:
        return sum(row.mark is not Mark.SAME for row in self.rows)


@dataclass(frozen=True, slots=True)
class Comparison:
    tables: tuple[ComparedTable, ...]
    sentences: tuple[str, ...]  # one for each changed cell, added row and removed row


def compare(before: PolicyDoc, after: PolicyDoc) -> Comparison:
    """Tables in the order of `after`; a table that is gone stands last."""
    old = {table.code: table for table in tables(before)}
    new = {table.code: table for table in tables(after)}
    compared = tuple(
        _table(old.get(code), new.get(code))
        for code in [*new, *(code for code in old if code not in new)]
    )
    return Comparison(compared, tuple(s for table in compared for s in _sentences(table)))


def _table(old: Table | None, new: Table | None) -> ComparedTable:
    table = new or old
    assert table is not None
    return ComparedTable(
        table.code,
        table.title,
        table.thing,
        table.columns,
        tuple(_rows(old.rows if old else (), new.rows if new else (), table.columns)),
    )


def _rows(
    old: tuple[Row, ...], new: tuple[Row, ...], columns: tuple[str, ...]
) -> Iterator[ComparedRow]:
    """In the new order, each removed row where it stood: after the row it came after."""
    before = {row.key: row for row in old}
    now = {row.key for row in new}
    gone: dict[str | None, list[Row]] = {}
    last: str | None = None
    for row in old:
        if row.key in now:
            last = row.key
        else:
            gone.setdefault(last, []).append(row)
    yield from (_alone(row, Mark.REMOVED, columns) for row in gone.get(None, []))
    for row in new:
        if row.key in before:
            yield _both(before[row.key], row, columns)
        else:
            yield _alone(row, Mark.ADDED, columns)
        yield from (_alone(each, Mark.REMOVED, columns) for each in gone.get(row.key, []))


def _both(old: Row, new: Row, columns: tuple[str, ...]) -> ComparedRow:
    cells = tuple(map(Cell, columns, old.cells, new.cells))
    is_changed = any(cell.is_changed for cell in cells)
    return ComparedRow(new.key, Mark.CHANGED if is_changed else Mark.SAME, cells)


def _alone(row: Row, mark: Mark, columns: tuple[str, ...]) -> ComparedRow:
    return ComparedRow(row.key, mark, tuple(map(Cell, columns, row.cells, row.cells)))


def _sentences(table: ComparedTable) -> Iterator[str]:
    for row in table.rows:
        name = f"{table.thing} {row.key}"
        said = "; ".join(f"{c.column.lower()}: {c.after}" for c in row.cells)
        if row.mark is Mark.ADDED:
            yield f"{name} is new ({said})."
        elif row.mark is Mark.REMOVED:
            yield f"{name} is gone ({said})."
        else:
            for cell in row.cells:
                what = f"{name}: {cell.column.lower()}" if len(row.cells) > 1 else row.key
                if cell.is_changed:
                    yield f"{what} goes from {cell.before} to {cell.after}."
