"""The doors of policies; with all the others they are DOORS."""

from __future__ import annotations

from tests import channel_doors
from tests.doors import GOVERN, SEE_POLICIES, Door, page

ONE = "policies/<slug:code>/"
DOORS: tuple[Door, ...] = (
    *channel_doors.DOORS,
    page("policies/", "policies/", SEE_POLICIES),
    page(ONE, "policies/{policy}/", SEE_POLICIES),
    page(f"{ONE}compare/", "policies/{policy}/compare/?from=1&to=1", SEE_POLICIES),
    page(f"{ONE}v<int:number>.<slug:kind>", "policies/{policy}/v1.yaml", SEE_POLICIES),
    page(f"{ONE}import/", "policies/{policy}/import/?v=1", GOVERN),
    Door(f"{ONE}import/", "policies/{policy}/import/", {"POST": GOVERN}),
)
