"""The doors of policies; with all the others they are DOORS."""

from __future__ import annotations

from tests import channel_doors
from tests.doors import GOVERN, ROLED, SEE_KPIS, SEE_POLICIES, SET_KPIS, Door, api, page, press

VERSION = "versions/<slug:kind>/<slug:code>/<int:number>/"
ONE = "policies/<slug:code>/"
SEE_CHANGES = SEE_POLICIES | {"duty_manager", "kpi_owner", "remediation_leader", "integrator"}
ASKED = {"code": "{policy}", "version": "1", "reason": "Better so."}
DOORS: tuple[Door, ...] = (
    *channel_doors.DOORS,
    page("policies/", "policies/", SEE_POLICIES),
    page(ONE, "policies/{policy}/", SEE_POLICIES),
    page(f"{ONE}compare/", "policies/{policy}/compare/?from=1&to=1", SEE_POLICIES),
    page(f"{ONE}v<int:number>.<slug:kind>", "policies/{policy}/v1.yaml", SEE_POLICIES),
    page(f"{ONE}import/", "policies/{policy}/import/?v=1", GOVERN),
    page(
        f"{ONE}v<int:number>/preview/",
        "policies/{policy}/v1/preview/",
        SEE_POLICIES,
        who={"POST": SEE_POLICIES},
    ),
    Door(f"{ONE}import/", "policies/{policy}/import/", {"POST": GOVERN}),
    page("policies/requests/", "policies/requests/", SEE_CHANGES),
    page("policies/requests/<int:pk>/", "policies/requests/{change}/", SEE_CHANGES),
    Door(
        "policies/requests/<int:pk>/<slug:verb>/",
        "policies/requests/{change}/approve/",
        {"POST": GOVERN},
    ),
    page("versions/<slug:kind>/<slug:code>/", "versions/limits/cpc/", SEE_KPIS),
    *(
        door
        for verb in ("ask", "roll-back")
        for door in (
            page(f"{VERSION}{verb}/", f"versions/limits/cpc/1/{verb}/", SET_KPIS),
            Door(f"{VERSION}{verb}/", f"versions/limits/cpc/1/{verb}/", {"POST": SET_KPIS}),
        )
    ),
    page("policies/approvals/needed/", "policies/approvals/needed/", SEE_CHANGES),
    Door(
        "policies/approvals/needed/",
        "policies/approvals/needed/",
        {"POST": GOVERN},
        {"code": "limits", "needed": "2", "reason": "Two pairs of eyes."},
    ),
    api(
        "approvals-needed/",
        "approvals-needed/",
        SEE_CHANGES,
        POST=GOVERN,
        body={"code": "limits", "needed": 2, "reason": "Two pairs of eyes."},
    ),
    page("policies/approvals/", "policies/approvals/", SEE_CHANGES),
    page(f"{ONE}ask/", "policies/{policy}/ask/?v=5", GOVERN),
    Door(f"{ONE}ask/", "policies/{policy}/ask/?v=5", {"POST": GOVERN}),
    page(f"{ONE}roll-back/", "policies/{policy}/roll-back/?v=1", GOVERN),
    Door(f"{ONE}roll-back/", "policies/{policy}/roll-back/?v=1", {"POST": GOVERN}),
    page(f"{ONE}suggest/", "policies/{policy}/suggest/"),
    Door(f"{ONE}suggest/", "policies/{policy}/suggest/", {"POST": ROLED}),
    page("policies/suggestions/", "policies/suggestions/"),
    Door(
        "policies/suggestions/<int:pk>/answer/",
        "policies/suggestions/{suggestion}/answer/",
        {"POST": GOVERN},
    ),
    Door(
        "api/v1/policies/<slug:code>/versions/<int:number>/preview/",
        "api/v1/policies/{policy}/versions/1/preview/",
        {"POST": SEE_POLICIES},
        {"facts": {"users_pct": 35}},
    ),
    api("change-requests/", "change-requests/", SEE_CHANGES, POST=GOVERN, body=ASKED),
    api("change-requests/<int:id>/", "change-requests/{change}/", SEE_CHANGES),
    press("change-requests/roll-back/", "change-requests/roll-back/", GOVERN, ASKED),
    press("change-requests/<int:id>/approve/", "change-requests/{change}/approve/", GOVERN),
    press(
        "change-requests/<int:id>/send-back/",
        "change-requests/{change}/send-back/",
        GOVERN,
        {"comment": "Not yet."},
    ),
    press("change-requests/<int:id>/withdraw/", "change-requests/{own_change}/withdraw/", GOVERN),
    api(
        "suggestions/",
        "suggestions/",
        POST=ROLED,
        body={"policy": "{policy}", "text": "Otherwise."},
    ),
    press(
        "suggestions/<int:id>/answer/",
        "suggestions/{suggestion}/answer/",
        GOVERN,
        {"answer": "Yes."},
    ),
)
