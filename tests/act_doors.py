"""The doors of acts that go back, of letters and of the screen at night."""

from __future__ import annotations

from tests.doors import ROLED, WORKERS, Door, button, page, press

ACT_DOORS: tuple[Door, ...] = (
    page(
        "incidents/<int:number>/<slug:verb>/",
        "incidents/{incident}/note/",
        WORKERS,
        who={"POST": ROLED},
    ),
    button("undo/", "undo/"),
    Door("incidents/<int:number>/draft/", "incidents/{incident}/draft/", {"POST": WORKERS}),
    Door("incidents/<int:number>/no-change/", "incidents/{incident}/no-change/", {"POST": WORKERS}),
    page("incidents/<int:number>/page/", "incidents/{incident}/page/", who={"POST": WORKERS}),
    press(
        "incidents/<int:number>/replies/",
        "incidents/{incident}/replies/",
        WORKERS | {"integrator"},
        {"text": "It works again."},
    ),
)
