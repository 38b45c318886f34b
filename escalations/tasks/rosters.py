"""Rosters looked ahead: every hour, and after every change of one."""

from __future__ import annotations

from accounts.models import Roster, Swap
from config.lib.clock import now
from escalations.services import rosters


def look_at_all() -> int:
    return rosters.look_ahead(Roster.objects.select_related("team"), now())


def look_at(pk: int) -> int:
    return rosters.look_ahead(Roster.objects.filter(pk=pk).select_related("team"), now())


def tell_of_swap(pk: int) -> int:
    swap = Swap.objects.select_related("roster", "asked_by", "partner").get(pk=pk)
    return rosters.tell_of_swap(swap, now())
