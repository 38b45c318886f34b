"""The doors of what people bring to an incident; with all the others they are DOORS."""

from __future__ import annotations

from tests import policy_doors
from tests.doors import CANCEL, ROLED, SIGN_OFF, WORKERS, Door, api, button, page, press

DECIDE = SIGN_OFF | {"remediation_leader"}
OWN = CANCEL | {"agent"}  # what the agent brought, a duty manager may take back too
UNTIL = {"due_at": "2026-11-18T10:00:00Z", "reason": "Later."}

DOORS: tuple[Door, ...] = (
    *policy_doors.DOORS,
    api("letters/", "letters/"),
    api("letters/<int:id>/", "letters/{letter}/"),
    Door(
        "incidents/<int:number>/notes/<int:seq>/withdraw/",
        "incidents/{incident}/notes/{note}/withdraw/",
        {"POST": OWN},
        {"reason": "No."},
    ),
    button("incidents/<int:number>/decisions/", "incidents/{incident}/decisions/"),
    *(
        Door(
            f"incidents/<int:number>/decisions/<int:pk>/{verb}/",
            f"incidents/{{incident}}/decisions/{{decision}}/{verb}/",
            {"POST": who},
            {"answer": "No."},
        )
        for verb, who in {
            "approve": DECIDE,
            "decline": DECIDE,
            "withdraw": DECIDE | {"agent"},
        }.items()
    ),
    button("incidents/<int:number>/workstreams/", "incidents/{incident}/workstreams/"),
    Door(
        "incidents/<int:number>/workstreams/<int:pk>/end/",
        "incidents/{incident}/workstreams/{workstream}/end/",
        {"POST": WORKERS},
    ),
    button("incidents/<int:number>/milestones/", "incidents/{incident}/milestones/"),
    *(
        Door(
            f"incidents/<int:number>/milestones/<int:pk>/{verb}/",
            f"incidents/{{incident}}/milestones/{{milestone}}/{verb}/",
            {"POST": WORKERS},
            UNTIL if verb == "move" else {"reason": "Later."},
        )
        for verb in ("move", "drop", "done")
    ),
    *(
        Door(
            f"incidents/<int:number>/task-force/{verb}/",
            f"incidents/{{incident}}/task-force/{verb}/",
            {"POST": WORKERS},
        )
        for verb in ("form", "change", "end")
    ),
    Door(
        "evidence/incidents/<int:number>/",
        "evidence/incidents/{incident}/",
        {"POST": WORKERS},
    ),
    page("evidence/<int:pk>/", "evidence/{evidence}/"),
    Door(
        "evidence/<int:pk>/withdraw/",
        "evidence/{evidence}/withdraw/",
        {"POST": ROLED},  # why is asked for first
    ),
    api(
        "incidents/<int:number>/notes/",
        "incidents/{incident}/notes/",
        POST=WORKERS,
        body={"text": "Seen."},
    ),
    api(
        "incidents/<int:number>/decisions/",
        "incidents/{incident}/decisions/",
        POST=WORKERS,
        body={"kind": "plain", "title": "Wait", "rationale": "It mends itself."},
    ),
    api(
        "incidents/<int:number>/milestones/",
        "incidents/{incident}/milestones/",
        POST=WORKERS,
        body={"title": "Look", "owner": "agent", "due_at": "2026-11-18T10:00:00Z"},
    ),
    api(
        "evidence/",
        "evidence/",
        POST=WORKERS,
        body={"incident": "{incident}", "title": "Graph", "url": "https://graphs.example/1"},
    ),
    press(
        "decisions/<int:id>/approve/", "decisions/{decision}/approve/", DECIDE, {"answer": "Yes."}
    ),
    press(
        "decisions/<int:id>/decline/", "decisions/{decision}/decline/", DECIDE, {"answer": "No."}
    ),
    press(
        "decisions/<int:id>/withdraw/",
        "decisions/{decision}/withdraw/",
        DECIDE | {"agent"},
        {"answer": "No."},
    ),
    press("milestones/<int:id>/move/", "milestones/{milestone}/move/", WORKERS, UNTIL),
    press(
        "milestones/<int:id>/drop/", "milestones/{milestone}/drop/", WORKERS, {"reason": "Later."}
    ),
    press("milestones/<int:id>/done/", "milestones/{milestone}/done/", WORKERS),
    api(
        "incidents/<int:number>/workstreams/",
        "incidents/{incident}/workstreams/",
        POST=WORKERS,
        body={"name": "Third line", "owner": "agent"},
    ),
    api("workstreams/", "workstreams/"),
    api("workstreams/<int:id>/", "workstreams/{workstream}/"),
    press("workstreams/<int:id>/end/", "workstreams/{workstream}/end/", WORKERS),
    api("task-forces/", "task-forces/"),
    api("task-forces/<int:number>/", "task-forces/{incident}/"),
    *(
        press(f"task-forces/<int:number>/{verb}/", f"task-forces/{{incident}}/{verb}/", WORKERS)
        for verb in ("form", "change", "end")
    ),
    press("evidence/<int:id>/withdraw/", "evidence/{evidence}/withdraw/", OWN, {"reason": "No."}),
)
