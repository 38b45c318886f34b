"""The doors of sorting into categories; with all the others they are DOORS."""

from __future__ import annotations

from tests import board_doors
from tests.doors import SEE_POLICIES, Door, page

DOORS: tuple[Door, ...] = (
    *board_doors.DOORS,
    page("to-sort/", "to-sort/"),
    page("policies/<slug:code>/sorting/", "policies/{policy}/sorting/", SEE_POLICIES),
)
