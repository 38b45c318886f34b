"""A message that can be taken back: it carries the address of the way back as a button."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest

WORD = "undo "


def undoable(request: HttpRequest, sentence: str, url: str) -> None:
    """Say that something is done; `url` takes a POST that undoes it."""
    messages.success(request, sentence, extra_tags=WORD + url)
