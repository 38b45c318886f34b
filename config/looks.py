"""How the governance pages look: colours of tokens.css, and the sidebar."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _sheet(name: str) -> Any:
    return lambda request: static(f"belay/{name}")


def _page(title: str, icon: str, model: str) -> dict[str, Any]:
    """A link of the sidebar, for those who may see the model ("app.model")."""
    app, name = model.split(".")

    def may_see(request: HttpRequest) -> bool:
        return request.user.has_perm(f"{app}.view_{name}")

    link = reverse_lazy(f"admin:{app}_{name}_changelist")
    return {"title": title, "icon": icon, "link": link, "permission": may_see}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Belay",
    "SITE_HEADER": "Belay",
    "SITE_SUBHEADER": "Governance",
    "SITE_SYMBOL": "support",
    "SITE_URL": "/",
    "STYLES": [_sheet("tokens.css"), _sheet("admin.css")],
    "SCRIPTS": [_sheet("admin.js")],
    "COLORS": {
        "base": {
            "50": "#f6f7f9",
            "100": "#eef0f4",
            "200": "#d9dde5",
            "300": "#c0c8d8",
            "400": "#a5aec0",
            "500": "#626b7d",
            "600": "#545c6e",
            "700": "#414a5c",
            "800": "#2d3645",
            "900": "#171c25",
            "950": "#0f131a",
        },
        "primary": {
            "50": "#f4f6fe",
            "100": "#e8edfd",
            "200": "#cfd9fb",
            "300": "#b3c3ff",
            "400": "#9db3ff",
            "500": "#8fa7ff",
            "600": "#2f52d6",
            "700": "#2446c7",
            "800": "#1d399f",
            "900": "#222c4d",
            "950": "#0d1330",
        },
    },
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": "Operate",
                "items": [
                    {"title": "Queue", "icon": "inbox", "link": "/"},
                ],
            },
            {
                "title": "Governance",
                "separator": True,
                "items": [
                    {
                        "title": "What needs you now",
                        "icon": "dashboard",
                        "link": reverse_lazy("admin:index"),
                    },
                    {
                        "title": "Read and compare",
                        "icon": "balance",
                        "link": "/policies/",
                        "permission": lambda request: request.user.has_perm(
                            "escalations.view_policyversion"
                        ),
                    },
                    {
                        "title": "Letter to the board",
                        "icon": "mail",
                        "link": "/board/",
                        "permission": lambda request: request.user.has_perm(
                            "escalations.view_board"
                        ),
                    },
                    _page("Policies", "gavel", "escalations.policy"),
                    _page("Policy versions", "history_edu", "escalations.policyversion"),
                    _page("Change requests", "rule", "escalations.changerequest"),
                    _page("Approvals", "how_to_reg", "escalations.approval"),
                    _page("Suggestions", "rate_review", "escalations.suggestion"),
                    _page("Exceptions", "gpp_maybe", "escalations.policyexception"),
                    _page("KPIs", "monitoring", "escalations.kpi"),
                    _page("Thresholds", "tune", "escalations.threshold"),
                    _page("Playbooks", "checklist", "playbooks.playbook"),
                    _page("Playbook versions", "history", "playbooks.playbookversion"),
                    _page("Playbook triggers", "bolt", "escalations.playbooktrigger"),
                    _page("Message templates", "drafts", "playbooks.messagetemplate"),
                    _page("Service hours", "schedule", "accounts.servicehours"),
                    _page("Account value", "star", "accounts.valuerubric"),
                ],
            },
            {
                "title": "Operations",
                "separator": True,
                "items": [
                    _page("Incidents", "crisis_alert", "escalations.incident"),
                    _page("Hand-offs", "swap_horiz", "escalations.handoff"),
                    _page("Merges", "merge", "escalations.merge"),
                    _page("Decisions", "balance", "escalations.decision"),
                    _page("Milestones", "flag", "escalations.milestone"),
                    _page("Evidence", "attach_file", "escalations.evidence"),
                    _page("Reviews", "rate_review", "escalations.postincidentreview"),
                    _page("Actions", "task_alt", "escalations.actionitem"),
                    _page("Timeline", "timeline", "escalations.timelineevent"),
                    _page("Clocks", "timer", "escalations.clock"),
                    _page("Clock repairs", "build", "escalations.clockrepair"),
                    _page("Ladder runs", "stairs", "escalations.ladderrun"),
                    _page("Storms", "storm", "escalations.storm"),
                    _page("Playbook runs", "checklist_rtl", "playbooks.playbookrun"),
                    _page("Queue views", "bookmark", "escalations.savedview"),
                    _page("Notices", "outgoing_mail", "escalations.notice"),
                    _page("Letters to customers", "stacked_email", "escalations.customerletter"),
                    _page("Tries to send", "outbox", "escalations.noticeattempt"),
                    _page("Pauses", "pause_circle", "escalations.automationpause"),
                    _page("Maintenance", "construction", "escalations.maintenancewindow"),
                    _page("Signals", "sensors", "escalations.signal"),
                    _page("Deliveries", "move_to_inbox", "escalations.delivery"),
                    _page("Readings", "show_chart", "escalations.reading"),
                    _page("KPI changes", "swap_vert", "escalations.kpiflip"),
                ],
            },
            {
                "title": "People",
                "separator": True,
                "items": [
                    {"title": "Import and export", "icon": "table_view", "link": "/tables/"},
                    _page("Accounts", "apartment", "accounts.account"),
                    _page("Contacts", "contact_mail", "accounts.contact"),
                    _page("People", "person", "accounts.user"),
                    _page("Ways to be reached", "contact_phone", "accounts.contactmethod"),
                    _page("Roles", "badge", "auth.group"),
                    _page("Teams", "groups", "accounts.team"),
                    _page("Rosters", "calendar_month", "accounts.roster"),
                    _page("Overrides", "event_repeat", "accounts.override"),
                    _page("Absences", "event_busy", "accounts.absence"),
                    _page("Swaps", "swap_horiz", "accounts.swap"),
                    _page("Calendars", "calendar_today", "accounts.calendarfeed"),
                ],
            },
            {
                "title": "House",
                "separator": True,
                "items": [
                    _page("Audit findings", "fact_check", "escalations.auditfinding"),
                    _page("Audits", "monitor_heart", "escalations.audit"),
                    _page("Seals", "encrypted", "escalations.seal"),
                    _page("Looks at the record", "verified", "escalations.verification"),
                    _page("Jobs done", "task_alt", "django_q.success"),
                    _page("Jobs failed", "error", "django_q.failure"),
                    _page("Schedules", "update", "django_q.schedule"),
                    _page("Tokens", "key", "knox.authtoken"),
                    _page("Failed sign-ins", "lock", "axes.accessattempt"),
                ],
            },
        ],
    },
}
