"""Who may do what: the one table. `sync_roles` makes a group of each row, named by its code.

A permission is "app.codename"; `view_*` stands for every such permission of the app, among them
`view_revenue`, which uncovers what config.lib.sensitive hides.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """`sentence` says to people what the role is for."""

    label: str
    sentence: str
    permissions: tuple[str, ...]


def _on(app: str, actions: str, models: str) -> tuple[str, ...]:
    return tuple(f"{app}.{act}_{model}" for model in models.split() for act in actions.split())


_VIEW = ("escalations.view_incident", "escalations.view_kpi", "escalations.view_reading")
_WRITE = "escalations.write_review"
_SIGN_OFF = "escalations.sign_off_review"
_WORK = (*_VIEW, "escalations.add_incident", "escalations.respond_incident")
_AGENT = (*_WORK, "escalations.triage_incident", "accounts.view_account", _WRITE)
_OVERSEE = "escalations.oversee_incidents"
_WAIVE = "escalations.waive_review"
_CONFIRM = "escalations.confirm_containment"
_POLICY = (
    "policy policyversion severityrule clocktarget scoringfactor floortest floor category "
    "routingrule ladder ladderlevel laddertarget"
)
_DUTY_PLAN = "roster rosterversion layer layerperson override"
_SERVING = f"team membership servicehours servicehoursversion {_DUTY_PLAN}"

ROLES: dict[str, RoleSpec] = {
    "governance_committee": RoleSpec(
        "Governance committee",
        "Owns the policy: severities, targets, routing and ladders.",
        (
            *_VIEW,
            "accounts.view_*",
            "escalations.view_*",
            *_on("escalations", "add change delete", _POLICY),
            *_on("escalations", "add change", "kpi threshold"),
            *_on("accounts", "add change delete", _SERVING),
            *_on("accounts", "add change", "user account"),
            _OVERSEE,
            _WAIVE,
            _SIGN_OFF,
        ),
    ),
    "duty_manager": RoleSpec(
        "Duty manager",
        "Keeps every incident moving, also across teams.",
        (
            *_AGENT,
            _CONFIRM,
            "escalations.cancel_incident",
            _WAIVE,
            _SIGN_OFF,
            _OVERSEE,
            *_on("accounts", "view", _SERVING),
            *_on("accounts", "add change", "override"),
        ),
    ),
    "agent": RoleSpec("Agent", "Works incidents from claim to close.", _AGENT),
    "senior_engineer": RoleSpec(
        "Senior engineer",
        "Works incidents and confirms that they are contained.",
        (*_AGENT, _CONFIRM),
    ),
    "kpi_owner": RoleSpec(
        "KPI owner",
        "Sets the limits of their KPIs and verifies the data before anyone remediates.",
        (
            *_WORK,
            *_on("escalations", "add change", "kpi threshold"),
            "escalations.view_threshold",
            _WRITE,
        ),
    ),
    "data_steward": RoleSpec(
        "Data steward", "Looks after suspect and missing readings.", (*_WORK, _WRITE)
    ),
    "remediation_leader": RoleSpec(
        "Remediation leader",
        "Leads the lasting fix once an incident is contained.",
        (*_AGENT, "accounts.view_team"),
    ),
    "executive_sponsor": RoleSpec(
        "Executive sponsor",
        "Reads along, signs off reviews, and may waive one with a reason.",
        (*_VIEW, "accounts.view_account", "accounts.view_revenue", _WAIVE, _SIGN_OFF),
    ),
    "integrator": RoleSpec(
        "Integrator",
        "A machine that sends signals and readings and reads everything back.",
        (
            "escalations.view_incident",
            "escalations.send_signals",
            *_on("escalations", "view add change", "kpi threshold reading"),
            _OVERSEE,
        ),
    ),
    "auditor": RoleSpec(
        "Auditor",
        "Reads everything and changes nothing.",
        ("accounts.view_*", "escalations.view_*", _OVERSEE),
    ),
}
