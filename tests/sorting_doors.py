"""The doors of sorting into categories; with all the others they are DOORS."""

from __future__ import annotations

from tests import board_doors
from tests.doors import GOVERN, ROLED, SEE_CUSTOMERS, SEE_POLICIES, Door, api, page, press

VALUED = {"value_share": 70, "reason": "Risk is guessed."}

DOORS: tuple[Door, ...] = (
    *board_doors.DOORS,
    page("to-sort/", "to-sort/"),
    page("account-value/", "account-value/", SEE_CUSTOMERS, who={"POST": GOVERN}),
    api("account-value/", "account-value/", SEE_CUSTOMERS, POST=GOVERN, body=VALUED),
    api("account-value/<int:number>/", "account-value/1/", SEE_CUSTOMERS),
    press("roster-drafts/", "roster-drafts/", ROLED),
    page("policies/<slug:code>/sorting/", "policies/{policy}/sorting/", SEE_POLICIES),
)
