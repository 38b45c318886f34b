"""Comma-separated tables, in and out: RFC 4180 text with a header line. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from escalations.rules.seals import plain

MOST_ROWS = 200_000
LONGEST_CELL = 20_000
FORMULA = re.compile(r"^\s*[=+\-@]|^[\t\r]")


@dataclass(frozen=True, slots=True)
class RowError:
    """`line` counts from 1, the header being the first; `column` is "" for a whole row."""

    line: int
    column: str
    code: str
    detail: str

    def __str__(self) -> str:
        where = f"line {self.line}" + (f", {self.column}" if self.column else "")
        return f"{where}: {self.detail}"


class BadSheet(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True)
class Sheet:
    """`rows`: line and cells, as many as the header has."""

    header: list[str]
    rows: list[tuple[int, list[str]]]
    errors: list[RowError]


def read_sheet(raw: bytes, *, most: int = MOST_ROWS) -> Sheet:
    """Commas or semicolons, UTF-8 with or without a mark. Raises BadSheet."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadSheet("not_text", "The file is no UTF-8 text. Save it as CSV UTF-8.") from None
    if "\0" in text:
        raise BadSheet("not_text", "The file is no text. Save it as CSV UTF-8.")
    first = text.split("\n", 1)[0]
    mark = ";" if first.count(";") > first.count(",") else ","
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    rows: list[tuple[int, list[str]]] = []
    errors: list[RowError] = []
    try:
        header = [name.strip() for name in next(lines, [])]
        if not any(header):
            raise BadSheet("empty", "The file is empty. Its first line names the columns.")
        if len(set(header)) < len(header):
            raise BadSheet("column_twice", "A column stands in the header twice.")
        before = lines.line_num
        for cells in lines:
            line, before = before + 1, lines.line_num
            if not any(cells):
                continue
            if len(cells) != len(header):
                detail = f"{len(cells)} cells where the header has {len(header)}."
                errors.append(RowError(line, "", "cells", detail))
            elif any(len(cell) > LONGEST_CELL for cell in cells):
                errors.append(RowError(line, "", "too_long", "A cell is over 20,000 characters."))
            else:
                rows.append((line, [text_of(cell) for cell in cells]))
            if len(rows) > most:
                raise BadSheet("too_many", f"At most {most:,} rows at once. Split the file.")
    except csv.Error as error:
        raise BadSheet("not_csv", f"Line {lines.line_num} is no CSV: {error}.") from None
    return Sheet(header, rows, errors)


def text_of(cell: str) -> str:
    """What was guarded on its way out comes in again as it was."""
    text = cell.strip()
    return text[1:] if text.startswith("'") and FORMULA.match(text[1:]) else text


def cell_of(value: Any) -> str:
    """Exact text. What a spreadsheet would run gets an apostrophe; a number runs nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float | Decimal):
        return str(plain(value))
    text = str(plain(value))
    return f"'{text}" if FORMULA.match(text) else text


def written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """A few hundred lines at a time."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    for number, row in enumerate(rows, 1):
        writer.writerow([cell_of(value) for value in row])
        if number % 500 == 0:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()
