"""The doors of ways to be reached and of messages out; with all the others they are DOORS."""

from __future__ import annotations

from tests import doors
from tests.act_doors import ACT_DOORS
from tests.doors import KEEP_WINDOWS, ROLED, SIGNED_IN, Door, api, page, press
from tests.queue_doors import QUEUE_DOORS

AGENT = frozenset({"agent"})
WAYS = "accounts/profile/contact-methods/"
WAY_VERBS = ("send-code", "verify", "make-first", "send-test", "rotate-secret", "withdraw")

DOORS: tuple[Door, ...] = (
    *doors.DOORS,
    *QUEUE_DOORS,
    *ACT_DOORS,
    Door(WAYS, WAYS, {"POST": SIGNED_IN}, {"add": "1"}),
    api(
        "contact-methods/",
        "contact-methods/",
        POST=ROLED,
        body={"kind": "email", "address": "door@people.example"},
    ),
    # the agent's own
    *(
        press(f"contact-methods/<int:id>/{part}", f"contact-methods/{{way}}/{part}", AGENT, by=by)
        for part, by in (("", "GET"), *((f"{verb}/", "POST") for verb in WAY_VERBS))
    ),
    page("notices/<int:pk>/", "notices/{notice}/"),
    Door("notices/<int:pk>/send-again/", "notices/{notice}/send-again/", {"POST": KEEP_WINDOWS}),
    press("notices/<int:id>/send-again/", "notices/{notice}/send-again/", KEEP_WINDOWS),
)
