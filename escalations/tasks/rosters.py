"""Rosters looked ahead: every hour, and after every change of one."""

from __future__ import annotations

from accounts.models import Roster, Swap, User
from config.lib.clock import now
from escalations.services import rosters


def look_at_all() -> int:
    return rosters.look_ahead(Roster.objects.select_related("team"), now())


def look_at(pk: int) -> int:
    return rosters.look_ahead(Roster.objects.filter(pk=pk).select_related("team"), now())


def somebody_left(pk: int) -> int:
    """Told at once, whatever the gaps' stages; then the look that follows any change."""
    said = rosters.tell_of_leaver(User.objects.get(pk=pk), now())
    return said + look_at_all()


def tell_of_swap(pk: int) -> int:
    swap = Swap.objects.select_related("roster", "asked_by", "partner").get(pk=pk)
    return rosters.tell_of_swap(swap, now())
