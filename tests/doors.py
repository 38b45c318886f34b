"""Every address of the house and who may enter: the table that test_doors walks.

A new page, API address or method is one line here; an address that is not here fails the test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from escalations.rules.action_items import ActionVerb
from escalations.rules.lifecycle import Verb
from escalations.rules.reviews import ReviewVerb

# One demo sign-in for each role, and the two who have none.
PERSON_OF = {
    "governance_committee": "governor",
    "duty_manager": "duty",
    "agent": "agent",
    "senior_engineer": "senior",
    "kpi_owner": "kpi-owner",
    "data_steward": "steward",
    "remediation_leader": "remediation",
    "executive_sponsor": "sponsor",
    "integrator": "integrator",
    "auditor": "auditor",
}
OUTSIDER, STRANGER = "outsider", "stranger"

ROLED = frozenset(PERSON_OF)
SIGNED_IN = ROLED | {OUTSIDER}
ANYBODY = SIGNED_IN | {STRANGER}

STAFF = frozenset("governance_committee duty_manager kpi_owner remediation_leader auditor".split())
WORKERS = frozenset(
    "duty_manager agent senior_engineer kpi_owner data_steward remediation_leader".split()
)
GOVERN = frozenset({"governance_committee"})
KEEPERS = frozenset({"governance_committee", "integrator"})  # of customer accounts
SEE_CUSTOMERS = ROLED - {"kpi_owner", "data_steward"}
SEE_AUDIT = frozenset({"governance_committee", "auditor", "duty_manager"})
SEE_POLICIES = frozenset({"governance_committee", "auditor"})
SET_HOURS = frozenset({"governance_committee"})
SEE_TEAMS = SEE_POLICIES | {"duty_manager", "integrator", "remediation_leader"}
# Who serves in the planted roster stands in themselves; who plans any, names anybody.
PLAN_ROSTERS = frozenset({"governance_committee", "duty_manager"})
SPEAK_FOR_AGENTS = PLAN_ROSTERS | {"agent"}
SEE_KPIS = ROLED
SET_KPIS = frozenset({"governance_committee", "kpi_owner", "integrator"})
# Whoever works incidents also runs playbooks and writes reviews.
RUN_PLAYBOOKS = WORKERS
WRITE_REVIEWS = WORKERS | {"governance_committee"}
APPROVE_RUNS = frozenset(
    {"governance_committee", "duty_manager", "kpi_owner", "remediation_leader"}
)
WRITE_LIBRARY = frozenset({"governance_committee", "remediation_leader"})
SIGN_OFF = frozenset({"governance_committee", "duty_manager", "executive_sponsor"})
CANCEL = frozenset({"duty_manager"})
KEEP_WINDOWS = frozenset({"governance_committee", "duty_manager"})
WINDOW = {"reason": "Move", "source": "nightly", "ends_at": "2026-11-17T12:00:00Z"}


@dataclass(frozen=True, slots=True)
class Door:
    """`url` and `body` name planted things in braces, see `planted` in tests/factories/marks.py.
    `who`: method -> roles."""

    route: str
    url: str
    who: dict[str, frozenset[str]]
    body: dict[str, Any] = field(default_factory=dict)
    is_bare: bool = False  # for machines: a stranger is told, not sent to sign in
    answers: tuple[int, ...] = (200,)  # of GET to those who may enter

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/")

    def sent(self, planted: Mapping[str, Any]) -> dict[str, Any]:
        """The body with its braces filled."""
        return {
            name: value.format(**planted) if isinstance(value, str) else value
            for name, value in self.body.items()
        }


def page(route: str, url: str, get: frozenset[str] = ROLED, **more: Any) -> Door:
    return Door(route, url, {"GET": get, **more.pop("who", {})}, **more)


def api(route: str, url: str, get: frozenset[str] = ROLED, **methods: Any) -> Door:
    body = methods.pop("body", {})
    return Door(f"api/v1/{route}", f"api/v1/{url}", {"GET": get, **methods}, body)


def button(route: str, url: str, body: dict[str, Any] | None = None) -> Door:
    """A form of a page. Its verb says what lacks, as in the API: whoever sees the page sends it."""
    return Door(route, url, {"POST": ROLED}, body or {})


def press(
    route: str, url: str, who: frozenset[str], body: dict[str, Any] | None = None, by: str = "POST"
) -> Door:
    """What the API only takes. The body holds what is asked for before rights are."""
    return Door(f"api/v1/{route}", f"api/v1/{url}", {by: who}, body or {})


CONFIRM = frozenset({"duty_manager", "senior_engineer"})
TRIAGE = frozenset({"duty_manager", "agent", "senior_engineer", "remediation_leader"})
VERB_WHO = {
    Verb.TRIAGE: TRIAGE,
    Verb.CONFIRM_CONTAIN: CONFIRM,
    Verb.CANCEL: frozenset({"duty_manager"}),
    Verb.NAME_OWNER: frozenset({"duty_manager"}),
    Verb.MERGE: frozenset({"duty_manager"}),
    Verb.UNMERGE: frozenset({"duty_manager"}),
    Verb.REOPEN: ROLED,  # anyone may say that it came back
}


def _verb(verb: Verb) -> Door:
    """What a button asks for is checked first; that nobody presses it unasked, below."""
    needs = {Verb.VERIFY: {"outcome": "confirmed"}, Verb.PAUSE: {"reason": "customer_wait"}}
    needs[Verb.SET_SEVERITY] = {"severity": "S1"}
    needs[Verb.LINK] = {"kind": "related"}
    route = f"api/v1/incidents/<int:number>/{verb.value}/"
    url = f"api/v1/incidents/{{incident}}/{verb.value}/"
    return Door(route, url, {"POST": VERB_WHO.get(verb, WORKERS)}, body=needs.get(verb, {}))


REVIEW_WHO = {
    ReviewVerb.REQUEST_CHANGES: SIGN_OFF,
    ReviewVerb.SIGN_OFF: SIGN_OFF,
    ReviewVerb.WAIVE: SIGN_OFF,
}
REVIEW_VERBS = [verb for verb in ReviewVerb if verb not in (ReviewVerb.EDIT, ReviewVerb.ADD_ACTION)]
ACTION_WHO = {ActionVerb.WONT_DO: WRITE_REVIEWS}  # the others ask who owns or verifies it
RUN_WHO = {"approve": APPROVE_RUNS, "stop": RUN_PLAYBOOKS, "finish": RUN_PLAYBOOKS}
STEP_WHO = {"approve": APPROVE_RUNS, "finish": RUN_PLAYBOOKS, "skip": RUN_PLAYBOOKS}
FACTOR = {"category": "process", "text": "Nobody looked."}
ENTRY = {"kind": "addition", "from_at": "2026-11-17T09:00:00Z", "text": "Seen on a screen."}
ACTION = {
    "title": "Look again",
    "kind": "detect",
    "owner": "agent2",
    "verifier": "senior",
    "verification_method": "Break it once.",
}


DOORS: tuple[Door, ...] = (
    # --- open to all ---------------------------------------------------------------------------
    page("favicon.ico", "favicon.ico", ANYBODY, answers=(302,)),
    page("healthz", "healthz", ANYBODY),
    page("readyz", "readyz", ANYBODY, answers=(200, 503)),
    page("api/schema/", "api/schema/", ANYBODY),
    page("api/docs/", "api/docs/", ANYBODY),
    # --- sign-in, profile, help ------------------------------------------------------------------
    page("accounts/login/", "accounts/login/", ANYBODY, who={"POST": ANYBODY}, answers=(200, 302)),
    Door("metrics", "metrics", {"GET": SEE_AUDIT}, is_bare=True),
    page("audit/", "audit/", SEE_AUDIT),
    page("tables/", "tables/"),
    page("tables/<slug:name>.csv", "tables/accounts.csv", SEE_CUSTOMERS),
    page("tables/<slug:name>/", "tables/accounts/", KEEPERS, who={"POST": KEEPERS}),
    page("record/", "record/", SEE_POLICIES, who={"POST": SEE_POLICIES}, answers=(200, 302)),
    Door("accounts/logout/", "accounts/logout/", {"POST": ANYBODY}),
    page("accounts/profile/", "accounts/profile/", SIGNED_IN, who={"POST": SIGNED_IN}),
    button("accounts/profile/calendar/", "accounts/profile/calendar/"),
    Door("accounts/profile/absences/", "accounts/profile/absences/", {"POST": SIGNED_IN}),
    page("help/", "help/", SIGNED_IN),
    page("help/roles/", "help/roles/", SIGNED_IN),
    # --- pages -----------------------------------------------------------------------------------
    page("", ""),
    page("queue/rows/", "queue/rows/"),
    page("clocks/", "clocks/"),
    page("customers/", "customers/", SEE_CUSTOMERS),
    page("customers/<path:external_id>/", "customers/{account}/", SEE_CUSTOMERS),
    page("incidents/new/", "incidents/new/", WORKERS, who={"POST": WORKERS}),
    page("incidents/<int:number>/", "incidents/{incident}/"),
    page("incidents/<int:number>/timeline/", "incidents/{incident}/timeline/"),
    page("incidents/<int:number>/score/", "incidents/{incident}/score/"),
    button("incidents/<int:number>/review/", "incidents/{reviewed}/review/", {"reason": "Luck"}),
    page("kpis/", "kpis/"),
    page("kpis/<slug:code>/", "kpis/cpc/"),
    page("kpis/<slug:code>/figures.csv", "kpis/cpc/figures.csv"),
    page("kpis/<slug:code>/limits/", "kpis/cpc/limits/"),
    Door("kpis/<slug:code>/events/", "kpis/cpc/events/", {"POST": SET_KPIS | {"data_steward"}}),
    page("ladders/", "ladders/", SEE_POLICIES | {"duty_manager"}),
    Door("breaches/<int:pk>/cause/", "breaches/{breach}/cause/", {"POST": WORKERS}),
    page("maintenance/", "maintenance/"),
    page("maintenance/new/", "maintenance/new/", KEEP_WINDOWS, who={"POST": KEEP_WINDOWS}),
    Door("maintenance/<int:pk>/end/", "maintenance/{window}/end/", {"POST": KEEP_WINDOWS}),
    page("clock-repairs/", "clock-repairs/"),
    page("clock-repairs/new/", "clock-repairs/new/", GOVERN, who={"POST": GOVERN}),
    page("clock-repairs/<int:pk>/", "clock-repairs/{repair}/"),
    Door("clock-repairs/<int:pk>/apply/", "clock-repairs/{repair}/apply/", {"POST": CANCEL}),
    Door(
        "clock-repairs/<int:pk>/drop/",
        "clock-repairs/{repair}/drop/",
        {"POST": CANCEL | {"remediation_leader"}},  # who asked
    ),
    page("my-shift/", "my-shift/"),
    page("playbooks/", "playbooks/"),
    page("playbooks/<slug:code>/", "playbooks/{playbook}/"),
    button("playbooks/<slug:code>/start/", "playbooks/{playbook}/start/"),
    page("playbooks/runs/<int:pk>/", "playbooks/runs/{run}/"),
    button("playbooks/runs/<int:pk>/<slug:verb>/", "playbooks/runs/{run}/stop/"),
    button(
        "playbooks/runs/<int:pk>/steps/<int:position>/<slug:verb>/",
        "playbooks/runs/{run}/steps/1/finish/",
    ),
    page("service-hours/", "service-hours/"),
    page("service-hours/<slug:code>/", "service-hours/office/", who={"POST": SET_HOURS}),
    page(
        "service-hours/<slug:code>/holidays/",
        "service-hours/office/holidays/",
        who={"POST": SET_HOURS},
    ),
    page("reviews/", "reviews/"),
    page("reviews/export.csv", "reviews/export.csv"),
    page("reviews/<int:number>/", "reviews/{reviewed}/"),
    page("reviews/<int:number>/edit/", "reviews/{reviewed}/edit/", who={"POST": ROLED}),
    button("reviews/<int:number>/<slug:verb>/", "reviews/{reviewed}/hold/"),
    page("actions/", "actions/"),
    button("actions/<int:pk>/<slug:verb>/", "actions/{action}/start/"),
    page("rosters/", "rosters/"),
    page("rosters/gaps/", "rosters/gaps/"),
    button("calendars/mine/", "calendars/mine/"),
    page("rosters/<slug:code>/", "rosters/primary/"),
    page(
        "rosters/<slug:code>/edit/",
        "rosters/primary/edit/",
        PLAN_ROSTERS,
        who={"POST": PLAN_ROSTERS},
    ),
    page("rosters/<slug:code>/import/", "rosters/primary/import/", who={"POST": ROLED}),
    button("rosters/<slug:code>/calendar/", "rosters/primary/calendar/"),
    button("rosters/<slug:code>/<slug:verb>/", "rosters/primary/cover/"),
    # opened by the secret in its address, whoever asks
    page("calendars/<str:token>.ics", "calendars/{calendar}.ics", ANYBODY),
    # --- API: who we serve and who serves them -----------------------------------------------------
    api("accounts/", "accounts/", SEE_CUSTOMERS, POST=KEEPERS),
    api("accounts/<path:external_id>/", "accounts/{account}/", SEE_CUSTOMERS, PATCH=KEEPERS),
    api("contacts/", "contacts/", SEE_CUSTOMERS, POST=KEEPERS),
    api("contacts/<int:id>/", "contacts/{contact}/", SEE_CUSTOMERS, PATCH=KEEPERS),
    api("people/", "people/", SEE_POLICIES),
    api("people/<str:username>/", "people/agent/", SEE_POLICIES),
    api("teams/", "teams/", SEE_TEAMS),
    api("teams/<slug:code>/", "teams/growth/", SEE_TEAMS),
    api("roles/", "roles/"),
    api("rosters/", "rosters/"),
    api("rosters/<slug:code>/", "rosters/primary/"),
    api("rosters/<slug:code>/on-call/", "rosters/primary/on-call/"),
    api("rosters/<slug:code>/shifts/", "rosters/primary/shifts/"),
    api("rosters/<slug:code>/gaps/", "rosters/primary/gaps/"),
    press(
        "rosters/<slug:code>/versions/",
        "rosters/primary/versions/",
        PLAN_ROSTERS,  # a duty manager leads the team that this roster is of
        {"layers": []},
    ),
    api(
        "rosters/<slug:code>/overrides/",
        "rosters/primary/overrides/",
        POST=SPEAK_FOR_AGENTS,
        body={"user": "agent", "start_at": "2026-11-18T10:00Z", "end_at": "2026-11-18T12:00Z"},
    ),
    press("overrides/<int:pk>/withdraw/", "overrides/{override}/withdraw/", SPEAK_FOR_AGENTS),
    api(
        "absences/",
        "absences/",
        POST=ROLED,
        body={"start_at": "2026-11-28T10:00Z", "end_at": "2026-11-28T12:00Z"},
    ),
    press("absences/<int:pk>/withdraw/", "absences/{absence}/withdraw/", SPEAK_FOR_AGENTS),
    api(
        "rosters/<slug:code>/swaps/",
        "rosters/primary/swaps/",
        POST=frozenset({"agent"}),
        body={"give": "{give}", "take": "{take}"},
    ),
    press("swaps/<int:pk>/accept/", "swaps/{swap}/accept/", frozenset({"agent"})),
    press("swaps/<int:pk>/decline/", "swaps/{swap}/decline/", frozenset({"agent"})),
    press("swaps/<int:pk>/withdraw/", "swaps/{swap}/withdraw/", PLAN_ROSTERS),
    api("service-hours/", "service-hours/"),
    api("service-hours/<slug:code>/", "service-hours/office/"),
    # --- API: why we meet ----------------------------------------------------------------------------
    api("readings/", "readings/", POST=frozenset({"integrator"})),
    api("kpis/", "kpis/", SEE_KPIS, POST=SET_KPIS),
    api("kpis/<slug:code>/", "kpis/cpc/", SEE_KPIS, PATCH=SET_KPIS),
    api("kpis/<slug:code>/thresholds/", "kpis/cpc/thresholds/", SEE_KPIS),
    api("signals/", "signals/", POST=frozenset({"integrator"})),
    press("signals/batch/", "signals/batch/", frozenset({"integrator"})),
    press("clocks/preview/", "clocks/preview/", ROLED),
    api("maintenance-windows/", "maintenance-windows/", POST=KEEP_WINDOWS, body=WINDOW),
    api("maintenance-windows/<int:id>/", "maintenance-windows/{window}/"),
    press("maintenance-windows/<int:id>/end/", "maintenance-windows/{window}/end/", KEEP_WINDOWS),
    api("breaches/", "breaches/"),
    api("breaches/<int:id>/", "breaches/{breach}/"),
    press("breaches/<int:id>/confirm-cause/", "breaches/{breach}/confirm-cause/", WORKERS),
    api(
        "clock-repairs/",
        "clock-repairs/",
        POST=GOVERN,
        body={"kind": "policy", "reason": "Now.", "policy": "{policy}", "version": "2"},
    ),
    api("clock-repairs/<int:id>/", "clock-repairs/{repair}/"),
    press("clock-repairs/<int:id>/apply/", "clock-repairs/{repair}/apply/", CANCEL),
    press(
        "clock-repairs/<int:id>/drop/",
        "clock-repairs/{repair}/drop/",
        CANCEL | {"remediation_leader"},  # who asked
    ),
    api("clocks/", "clocks/"),
    api("clocks/<int:id>/", "clocks/{clock}/"),
    api("ladder-runs/", "ladder-runs/"),
    api("ladder-runs/<int:id>/", "ladder-runs/{ladder_run}/"),
    api("ladders/preview/", "ladders/preview/", SEE_POLICIES | {"duty_manager"}),
    api("storms/", "storms/"),
    api("notices/", "notices/"),
    api("notices/<int:id>/", "notices/{notice}/"),
    api("policies/", "policies/", SEE_POLICIES),
    api("policies/<slug:code>/", "policies/{policy}/", SEE_POLICIES),
    api("policies/<slug:code>/versions/", "policies/{policy}/versions/", SEE_POLICIES),
    api(
        "policies/<slug:code>/versions/<int:number>/",
        "policies/{policy}/versions/1/",
        SEE_POLICIES,
    ),
    api("incidents/", "incidents/", POST=WORKERS),
    api("incidents/<int:number>/", "incidents/{incident}/"),
    api("incidents/<int:number>/explain/", "incidents/{incident}/explain/"),
    api("incidents/<int:number>/timeline/", "incidents/{incident}/timeline/"),
    api("incidents/<int:number>/handoffs/", "incidents/{incident}/handoffs/"),
    api("incidents/<int:number>/links/", "incidents/{incident}/links/"),
    *(_verb(verb) for verb in Verb),
    # --- API: what to do ---------------------------------------------------------------------------
    api("incidents/<int:number>/playbooks/", "incidents/{incident}/playbooks/"),
    api(
        "playbooks/",
        "playbooks/",
        POST=WRITE_LIBRARY,
        body={"code": "new", "name": "New", "kind": "incident"},
    ),
    api("playbooks/<slug:code>/", "playbooks/{playbook}/", PATCH=WRITE_LIBRARY),
    press(
        "playbooks/<slug:code>/triggers/",
        "playbooks/{playbook}/triggers/",
        WRITE_LIBRARY,
        {"triggers": []},
        by="PUT",
    ),
    press("playbooks/<slug:code>/versions/", "playbooks/{playbook}/versions/", WRITE_LIBRARY),
    api(
        "playbooks/<slug:code>/versions/<int:number>/",
        "playbooks/{playbook}/versions/1/",
        PATCH=WRITE_LIBRARY,
    ),
    api("playbook-runs/", "playbook-runs/", POST=RUN_PLAYBOOKS, body={"playbook": "{playbook}"}),
    api("playbook-runs/<int:pk>/", "playbook-runs/{run}/"),
    *(
        press(
            f"playbook-runs/<int:pk>/{verb}/",
            f"playbook-runs/{{run}}/{verb}/",
            who,
            {"outcome": "no_effect"} if verb == "finish" else {},
        )
        for verb, who in RUN_WHO.items()
    ),
    *(
        press(
            f"playbook-runs/<int:pk>/steps/<int:position>/{verb}/",
            f"playbook-runs/{{run}}/steps/1/{verb}/",
            who,
        )
        for verb, who in STEP_WHO.items()
    ),
    api(
        "message-templates/",
        "message-templates/",
        POST=WRITE_LIBRARY,
        body={"code": "new", "name": "New", "channel": "chat", "body": "Hello."},
    ),
    api(
        "message-templates/<slug:code>/<str:language>/",
        "message-templates/{template}/en/",
        PATCH=WRITE_LIBRARY,
    ),
    press(
        "message-templates/<slug:code>/<str:language>/preview/",
        "message-templates/{template}/en/preview/",
        ROLED,
    ),
    # --- API: what was learned ---------------------------------------------------------------------
    api(
        "reviews/",
        "reviews/",
        POST=WRITE_REVIEWS,
        body={"incident": "{reviewed}", "reason": "Luck"},
    ),
    api("reviews/<int:number>/", "reviews/{reviewed}/", PATCH=WRITE_REVIEWS),
    api(
        "reviews/<int:number>/factors/",
        "reviews/{reviewed}/factors/",
        POST=WRITE_REVIEWS,
        body=FACTOR,
    ),
    Door(
        "api/v1/reviews/<int:number>/factors/<int:position>/",
        "api/v1/reviews/{reviewed}/factors/1/",
        {"PATCH": WRITE_REVIEWS, "DELETE": WRITE_REVIEWS},
    ),
    api(
        "reviews/<int:number>/entries/",
        "reviews/{reviewed}/entries/",
        POST=WRITE_REVIEWS,
        body=ENTRY,
    ),
    api(
        "reviews/<int:number>/actions/",
        "reviews/{reviewed}/actions/",
        POST=WRITE_REVIEWS,
        body=ACTION,
    ),
    *(
        press(
            f"reviews/<int:number>/{verb.value}/",
            f"reviews/{{reviewed}}/{verb.value}/",
            REVIEW_WHO.get(verb, WRITE_REVIEWS),
        )
        for verb in REVIEW_VERBS
    ),
    api("action-items/", "action-items/"),
    api("action-items/<int:pk>/", "action-items/{action}/"),
    *(
        press(
            f"action-items/<int:pk>/{verb.value}/",
            f"action-items/{{action}}/{verb.value}/",
            ACTION_WHO.get(verb, ROLED),
        )
        for verb in ActionVerb
    ),
)
