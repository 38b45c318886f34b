"""A table as a file to keep."""

from __future__ import annotations

from django.http import HttpResponse


def as_csv(text: str, name: str) -> HttpResponse:
    """`name` without its ending. The caller has guarded the cells."""
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer
