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


_LIBRARY = _on(
    "playbooks", "view", "playbook playbookversion playbookstep playbookrun steprun messagetemplate"
)
_VIEW = (
    "escalations.view_incident",
    "escalations.view_kpi",
    "escalations.view_reading",
    *_LIBRARY,
)
_WORK = (*_VIEW, "escalations.add_incident", "escalations.respond_incident")
_AGENT = (*_WORK, "escalations.triage_incident", "accounts.view_account")
_RUN = "playbooks.run_playbook"
_APPROVE = "playbooks.approve_run"
_WRITE_LIBRARY = (
    *_on("playbooks", "add change", "playbook messagetemplate"),
    *_on("playbooks", "add change delete", "playbookversion playbookstep"),
    *_on("escalations", "add change delete view", "playbooktrigger"),
)
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
            "playbooks.view_*",
            *_WRITE_LIBRARY,
            _APPROVE,
            _OVERSEE,
            _WAIVE,
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
            _OVERSEE,
            *_on("accounts", "view", _SERVING),
            *_on("accounts", "add change", "override"),
            _RUN,
            _APPROVE,
        ),
    ),
    "agent": RoleSpec("Agent", "Works incidents from claim to close.", (*_AGENT, _RUN)),
    "senior_engineer": RoleSpec(
        "Senior engineer",
        "Works incidents and confirms that they are contained.",
        (*_AGENT, _CONFIRM, _RUN),
    ),
    "kpi_owner": RoleSpec(
        "KPI owner",
        "Sets the limits of their KPIs and verifies the data before anyone remediates.",
        (
            *_WORK,
            *_on("escalations", "add change", "kpi threshold"),
            "escalations.view_threshold",
            _RUN,
            _APPROVE,
        ),
    ),
    "data_steward": RoleSpec(
        "Data steward", "Looks after suspect and missing readings.", (*_WORK, _RUN)
    ),
    "remediation_leader": RoleSpec(
        "Remediation leader",
        "Leads the lasting fix once an incident is contained.",
        (*_AGENT, "accounts.view_team", *_WRITE_LIBRARY, _RUN, _APPROVE),
    ),
    "executive_sponsor": RoleSpec(
        "Executive sponsor",
        "Reads along and may waive a review, with a reason.",
        (*_VIEW, "accounts.view_account", "accounts.view_revenue", _WAIVE),
    ),
    "integrator": RoleSpec(
        "Integrator",
        "A machine that sends signals and readings and reads everything back.",
        (
            "escalations.view_incident",
            "escalations.send_signals",
            *_on("escalations", "view add change", "kpi threshold reading"),
            *_LIBRARY,
            _OVERSEE,
        ),
    ),
    "auditor": RoleSpec(
        "Auditor",
        "Reads everything and changes nothing.",
        ("accounts.view_*", "escalations.view_*", "playbooks.view_*", _OVERSEE),
    ),
}
