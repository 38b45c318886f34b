"""Every address of the house and who may enter: the table that test_doors walks.

A new page, API address or method is one line here; an address that is not here fails the test.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from escalations.rules.lifecycle import Verb

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
KEEPERS = frozenset({"governance_committee", "integrator"})  # of customer accounts
SEE_CUSTOMERS = ROLED - {"kpi_owner", "data_steward"}
SEE_POLICIES = frozenset({"governance_committee", "auditor"})
SEE_ROSTERS = SEE_POLICIES | {"duty_manager", "integrator"}
SEE_TEAMS = SEE_ROSTERS | {"remediation_leader"}
SEE_KPIS = ROLED
SET_KPIS = frozenset({"governance_committee", "kpi_owner", "integrator"})


@dataclass(frozen=True, slots=True)
class Door:
    """`url` names planted things in braces, see `planted` in test_doors. `who`: method -> roles."""

    route: str
    url: str
    who: dict[str, frozenset[str]]
    body: dict[str, Any] = field(default_factory=dict)
    answers: tuple[int, ...] = (200,)  # of GET to those who may enter

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/")


def page(route: str, url: str, get: frozenset[str] = ROLED, **more: Any) -> Door:
    return Door(route, url, {"GET": get, **more.pop("who", {})}, **more)


def api(route: str, url: str, get: frozenset[str] = ROLED, **methods: frozenset[str]) -> Door:
    return Door(f"api/v1/{route}", f"api/v1/{url}", {"GET": get, **methods})


CONFIRM = frozenset({"duty_manager", "senior_engineer"})
TRIAGE = frozenset({"duty_manager", "agent", "senior_engineer", "remediation_leader"})
VERB_WHO = {
    Verb.TRIAGE: TRIAGE,
    Verb.CONFIRM_CONTAIN: CONFIRM,
    Verb.CANCEL: frozenset({"duty_manager"}),
    Verb.REOPEN: ROLED,  # anyone may say that it came back
}


def _verb(verb: Verb) -> Door:
    """What a button asks for is checked first; that nobody presses it unasked, below."""
    needs = {Verb.VERIFY: {"outcome": "confirmed"}, Verb.PAUSE: {"reason": "customer_wait"}}
    needs[Verb.SET_SEVERITY] = {"severity": "S1"}
    route = f"api/v1/incidents/<int:number>/{verb.value}/"
    url = f"api/v1/incidents/{{incident}}/{verb.value}/"
    return Door(route, url, {"POST": VERB_WHO.get(verb, WORKERS)}, body=needs.get(verb, {}))


DOORS: tuple[Door, ...] = (
    # --- open to all ---------------------------------------------------------------------------
    page("favicon.ico", "favicon.ico", ANYBODY, answers=(302,)),
    page("healthz", "healthz", ANYBODY),
    page("readyz", "readyz", ANYBODY, answers=(200, 503)),
    page("api/schema/", "api/schema/", ANYBODY),
    page("api/docs/", "api/docs/", ANYBODY),
    # --- sign-in, profile, help ------------------------------------------------------------------
    page("accounts/login/", "accounts/login/", ANYBODY, who={"POST": ANYBODY}, answers=(200, 302)),
    Door("accounts/logout/", "accounts/logout/", {"POST": ANYBODY}),
    page("accounts/profile/", "accounts/profile/", SIGNED_IN, who={"POST": SIGNED_IN}),
    page("help/", "help/", SIGNED_IN),
    page("help/roles/", "help/roles/", SIGNED_IN),
    # --- pages -----------------------------------------------------------------------------------
    page("", ""),
    page("queue/rows/", "queue/rows/"),
    page("customers/", "customers/", SEE_CUSTOMERS),
    page("customers/<path:external_id>/", "customers/{account}/", SEE_CUSTOMERS),
    page("incidents/new/", "incidents/new/", WORKERS, who={"POST": WORKERS}),
    page("incidents/<int:number>/", "incidents/{incident}/"),
    page("incidents/<int:number>/timeline/", "incidents/{incident}/timeline/"),
    page("incidents/<int:number>/score/", "incidents/{incident}/score/"),
    Door("incidents/<int:number>/<slug:verb>/", "incidents/{incident}/note/", {"POST": ROLED}),
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
    api("rosters/", "rosters/", SEE_ROSTERS),
    api("rosters/<slug:code>/", "rosters/primary/", SEE_ROSTERS),
    api("rosters/<slug:code>/on-call/", "rosters/primary/on-call/", SEE_ROSTERS),
    api("service-hours/", "service-hours/", SEE_ROSTERS),
    api("service-hours/<slug:code>/", "service-hours/office/", SEE_ROSTERS),
    # --- API: why we meet ----------------------------------------------------------------------------
    api("readings/", "readings/", POST=frozenset({"integrator"})),
    api("kpis/", "kpis/", SEE_KPIS, POST=SET_KPIS),
    api("kpis/<slug:code>/", "kpis/cpc/", SEE_KPIS, PATCH=SET_KPIS),
    api("kpis/<slug:code>/thresholds/", "kpis/cpc/thresholds/", SEE_KPIS),
    api("signals/", "signals/", POST=frozenset({"integrator"})),
    api("clocks/", "clocks/"),
    api("clocks/<int:id>/", "clocks/{clock}/"),
    api("ladder-runs/", "ladder-runs/"),
    api("ladder-runs/<int:id>/", "ladder-runs/{ladder_run}/"),
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
    *(_verb(verb) for verb in Verb),
)
