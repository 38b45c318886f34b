"""The doors of exceptions and of pauses of automation; with all the others they are DOORS."""

from __future__ import annotations

from tests import room_doors
from tests.doors import GOVERN, KEEP_WINDOWS, ROLED, Door, api, page, press

ASK = GOVERN | {"duty_manager", "agent", "senior_engineer", "remediation_leader"}
SEE = ASK | {"executive_sponsor", "auditor"}
ANSWER = GOVERN | {"executive_sponsor"}
END = ANSWER | {"agent"}  # the planted one is the agent's
PAUSE = KEEP_WINDOWS
UNTIL = {"reason": "Longer.", "expires_at": "2026-11-20T10:00:00Z"}
ASKED = {"policy": "{policy}", "rule": "By phone.", **UNTIL}
PAUSED = {"scope": "all", "reason": "Odd.", "ends_at": "2026-11-17T12:00:00Z"}
ONE = "exceptions/<int:id>/"

DOORS: tuple[Door, ...] = (
    *room_doors.DOORS,
    page("exceptions/", "exceptions/", SEE),
    page("exceptions/export.csv", "exceptions/export.csv", SEE),
    page("exceptions/ask/", "exceptions/ask/", ASK, who={"POST": ASK}),
    page("exceptions/<int:pk>/", "exceptions/{exception}/", SEE),
    Door("exceptions/<int:pk>/renew/", "exceptions/{exception}/renew/", {"POST": ASK}),
    Door(
        "exceptions/<int:pk>/<slug:verb>/",
        "exceptions/{exception}/end/",
        {"POST": SEE},
    ),
    page("automation/", "automation/"),
    page("automation/pause/", "automation/pause/", PAUSE, who={"POST": PAUSE}),
    Door("automation/<int:pk>/end/", "automation/{pause}/end/", {"POST": PAUSE}),
    api("exceptions/", "exceptions/", SEE, POST=ASK, body=ASKED),
    api(ONE, "exceptions/{exception}/", SEE),
    press(f"{ONE}approve/", "exceptions/{exception}/approve/", ANSWER),
    press(f"{ONE}refuse/", "exceptions/{exception}/refuse/", ANSWER, {"answer": "No."}),
    press(f"{ONE}end/", "exceptions/{exception}/end/", END, {"reason": "No."}),
    press(f"{ONE}renew/", "exceptions/{exception}/renew/", ASK, UNTIL),
    api("automation-pauses/", "automation-pauses/", ROLED, POST=PAUSE, body=PAUSED),
    api("automation-pauses/<int:id>/", "automation-pauses/{pause}/"),
    press("automation-pauses/<int:id>/end/", "automation-pauses/{pause}/end/", PAUSE),
)
