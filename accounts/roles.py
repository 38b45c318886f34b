"""Who may do what: the one table. `sync_roles` makes a group of each row, named by its code.

A permission is "app.codename"; `view_*` stands for every such permission of the app, among them
`view_revenue`, which uncovers what config.lib.sensitive hides.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """`sentence` says to people what the role is for. `is_staff`: works in the governance pages,
    where it sees and changes only what its permissions name."""

    label: str
    sentence: str
    permissions: tuple[str, ...]
    is_staff: bool = False

    def names(self, known: Iterable[str]) -> set[str]:
        """The permissions among `known` ("app.codename") that this role has.

        Raises LookupError for a word of the table that matches none.
        """
        known = set(known)
        names: set[str] = set()
        for word in self.permissions:
            stem = word.removesuffix("*")
            matching = {one for one in known if one.startswith(stem)} if stem != word else {word}
            if not matching or not matching <= known:
                raise LookupError(f"No permission {word}: migrate, or correct accounts/roles.py.")
            names |= matching
        return names


def _on(app: str, actions: str, models: str) -> tuple[str, ...]:
    return tuple(f"{app}.{act}_{model}" for model in models.split() for act in actions.split())


_LIBRARY = _on(
    "playbooks", "view", "playbook playbookversion playbookstep playbookrun steprun messagetemplate"
)
_VIEW = (
    "escalations.view_incident",
    "escalations.view_kpi",
    "escalations.view_reading",
    "accounts.view_servicehours",  # a deadline is explained by them
    "accounts.view_roster",
    *_LIBRARY,
)
_WRITE = "escalations.write_review"
_SIGN_OFF = "escalations.sign_off_review"
_WORK = (*_VIEW, "escalations.add_incident", "escalations.respond_incident")
_CUSTOMER = (
    "accounts.view_account",
    "accounts.view_contact",
    "accounts.view_contact_details",
    "accounts.view_valuerubricversion",  # a tier is explained by it
)
_ASK_EXCEPTIONS = _on("escalations", "view add", "policyexception")
_EXCEPT = "escalations.approve_exception"
_PAUSE = "escalations.add_automationpause"
_AGREE = "escalations.approve_pause"
_AGENT = (*_WORK, "escalations.triage_incident", *_CUSTOMER, _WRITE, *_ASK_EXCEPTIONS)
_RUN = "playbooks.run_playbook"
_APPROVE = "playbooks.approve_run"
_WRITE_LIBRARY = (
    *_on("playbooks", "add change", "playbook messagetemplate"),
    *_on("playbooks", "add change delete", "playbookversion playbookstep"),
    *_on("escalations", "add change delete view", "playbooktrigger"),
)
_OVERSEE = "escalations.oversee_incidents"
_WAIVE = "escalations.waive_review"
_RESEND = "escalations.resend_notice"
_CONFIRM = "escalations.confirm_containment"
_DECIDE = "escalations.approve_decision"
_SHARE = "escalations.share_view"
_READ_CHANGES = "escalations.view_changerequest"
_POLICY = (
    "policy policyversion severityrule clocktarget scoringfactor floortest floor category "
    "routingrule ladder ladderlevel laddertarget sortingrule taskforcerule example"
)
_DUTY_PLAN = "roster rosterversion layer layerperson override absence swap"
_WINDOWS = _on("escalations", "view add change", "maintenancewindow")
_SERVING = f"team membership servicehours servicehoursversion {_DUTY_PLAN}"

_HOUSE = (
    *_on("django_q", "view", "success failure schedule"),
    "knox.view_authtoken",
    "axes.view_accessattempt",
)

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
            *_on("escalations", "add change delete", "kpisource"),
            *_on("accounts", "add change delete", _SERVING),
            *_on("accounts", "add change", "user account contact"),
            "accounts.change_calendarfeed",  # to revoke one
            "accounts.add_valuerubricversion",
            "playbooks.view_*",
            *_WRITE_LIBRARY,
            _APPROVE,
            *_HOUSE,
            _OVERSEE,
            "escalations.approve_policy",
            _WAIVE,
            _SIGN_OFF,
            _WRITE,
            _RESEND,
            _DECIDE,
            _SHARE,
            *_WINDOWS,
            *_ASK_EXCEPTIONS,
            _EXCEPT,
            _PAUSE,
            _AGREE,
        ),
        is_staff=True,
    ),
    "duty_manager": RoleSpec(
        "Duty manager",
        "Keeps every incident moving, also across teams.",
        (
            *_AGENT,
            _CONFIRM,
            _DECIDE,
            "escalations.cancel_incident",
            *_WINDOWS,
            "escalations.view_automationpause",
            _PAUSE,
            _AGREE,
            _WAIVE,
            _SIGN_OFF,
            _OVERSEE,
            _RESEND,
            _SHARE,
            *_on("accounts", "view", _SERVING),
            *_on("accounts", "add change", "override absence"),
            "escalations.view_ladder",
            _READ_CHANGES,
            "escalations.view_storm",
            "escalations.view_audit",
            _RUN,
            _APPROVE,
        ),
        is_staff=True,
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
            *_on("escalations", "view add change delete", "kpisource"),
            "escalations.view_threshold",
            _READ_CHANGES,  # what they ask for
            _RUN,
            _APPROVE,
            _WRITE,
        ),
        is_staff=True,
    ),
    "data_steward": RoleSpec(
        "Data steward", "Looks after suspect and missing readings.", (*_WORK, _RUN, _WRITE)
    ),
    "remediation_leader": RoleSpec(
        "Remediation leader",
        "Leads the lasting fix once an incident is contained.",
        (
            *_AGENT,
            "accounts.view_team",
            *_WRITE_LIBRARY,
            _READ_CHANGES,
            _RUN,
            _APPROVE,
            _DECIDE,
        ),
        is_staff=True,
    ),
    "executive_sponsor": RoleSpec(
        "Executive sponsor",
        "Reads along, signs off reviews, and may waive one with a reason.",
        (*_VIEW, *_CUSTOMER, "accounts.view_revenue", "escalations.view_board", _WAIVE, _SIGN_OFF)
        + (_DECIDE, "escalations.view_policyexception", _EXCEPT, _AGREE),
    ),
    "integrator": RoleSpec(
        "Integrator",
        "A machine that sends signals, readings and customers and reads them back.",
        (
            "escalations.view_incident",
            "escalations.send_signals",
            *_on("escalations", "view add change", "kpi threshold reading"),
            *_on("accounts", "view add change", "account contact"),
            *_on("accounts", "view", "team roster servicehours valuerubricversion"),
            *_LIBRARY,
            _READ_CHANGES,
            _OVERSEE,
        ),
    ),
    "auditor": RoleSpec(
        "Auditor",
        "Reads everything and changes nothing.",
        ("accounts.view_*", "escalations.view_*", "playbooks.view_*", *_HOUSE, _OVERSEE),
        is_staff=True,
    ),
}
