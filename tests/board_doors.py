"""The doors of the letter to the board; with all the others they are DOORS."""

from __future__ import annotations

from tests import exception_doors
from tests.doors import SEE_POLICIES, Door, api, page

READ_BOARD = SEE_POLICIES | {"executive_sponsor"}

DOORS: tuple[Door, ...] = (
    *exception_doors.DOORS,
    page("board/", "board/", READ_BOARD),
    page("board/<str:month>/", "board/2026-11/", READ_BOARD),
    api("board/<str:month>/", "board/2026-11/", READ_BOARD),
)
