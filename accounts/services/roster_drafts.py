"""A version that is only looked at: made by the verb itself, read, and taken back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Roster, RosterVersion, User
from accounts.selectors.rosters import clear_caches
from accounts.services.roster_versions import NewLayer, edit_roster


@contextmanager
def as_planned(
    roster: Roster, layers: Sequence[NewLayer], *, by: User, at: datetime, **more: Any
) -> Iterator[RosterVersion]:
    """The version that `edit_roster` would write, for reads inside; nothing of it stays. Raises
    what `edit_roster` raises, gaps apart."""
    try:
        with transaction.atomic():
            yield edit_roster(roster, layers, by=by, at=at, **{**more, "accept_gaps": True})
            transaction.set_rollback(True)
    finally:
        clear_caches()  # a later version may get the key of this one
