"""Which template fits what the customer has heard so far: told by how a template's code begins."""

from __future__ import annotations

from collections.abc import Iterable

from escalations.rules.situation import State

ENDING = frozenset({State.MONITORING, State.RESOLVED})


def proposed(codes: Iterable[str], state: State, *, has_update: bool) -> str | None:
    """The first code that begins with `first`, `still` or `resolved`, as the moment asks."""
    word = "still" if has_update else "first"
    if state in ENDING and has_update:
        word = "resolved"
    return next((code for code in codes if code.split("-")[0] == word), None)
