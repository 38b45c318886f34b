"""The doors of the queue's filters and views, and of handing a shift over."""

from __future__ import annotations

from tests.doors import GOVERN, ROLED, Door, api, button, page

SHARE = GOVERN | {"duty_manager"}
NEW_VIEW = {"name": "Worst", "query": {"severity": "1"}}

QUEUE_DOORS: tuple[Door, ...] = (
    page("queue/filters/", "queue/filters/"),
    page("queue/views/", "queue/views/", who={"POST": ROLED}),
    Door("queue/views/<int:pk>/<slug:verb>/", "queue/views/{view}/delete/", {"POST": SHARE}),
    button("queue/together/", "queue/together/", {"verb": "claim"}),
    button("queue/together/<str:numbers>/undo/", "queue/together/0/undo/"),
    page("my-shift/hand-over/", "my-shift/hand-over/", who={"POST": ROLED}),
    button("my-shift/accept-all/", "my-shift/accept-all/"),
    api("saved-views/", "saved-views/", POST=ROLED, body=NEW_VIEW),
    Door(
        "api/v1/saved-views/<int:id>/",
        "api/v1/saved-views/{view}/",
        {"GET": ROLED, "PATCH": SHARE, "DELETE": SHARE},
    ),
)
