"""Five playbooks with their triggers, and six message templates. Told once: what is there stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team, User
from escalations.models import Kpi
from escalations.services.triggers import set_triggers
from playbooks.models import MessageTemplate, Playbook
from playbooks.services.playbooks import draft_version, put_in_force, save_playbook
from playbooks.services.templates import save_template

MINUTE, HOUR, DAY = 60, 3600, 86_400


def _step(title: str, role: str, box: int, do: str, expect: str, **more: Any) -> dict[str, Any]:
    return {
        "title": title,
        "owner_role": role,
        "timebox_s": box,
        "instructions": do,
        "expected_outcome": expect,
        **more,
    }


PLAYBOOKS: tuple[dict[str, Any], ...] = (
    {
        "code": "checkout-conversion-drop",
        "name": "Checkout conversion drop",
        "summary": "Fewer visits end in an order. Find the change that did it and take it back.",
        "product_area": "shop",
        "kind": "remediation",
        "owner": "kpi-owner",
        "team": "growth",
        "content": {
            "when_to_use": "The KPI owner has confirmed that conversion truly fell.",
            "hypothesis": "A release of the last 24 hours broke a step of the checkout.",
            "success_criterion": "Conversion is back above 2.9 % for three readings in a row.",
            "rollback": "Deploy the release again: the switch keeps both for a day.",
            "needs_approval": True,
            "note": "After the coupon incident of spring: roll back first, look for why later.",
        },
        "steps": (
            _step(
                "Name the step that loses visitors",
                "kpi_owner",
                15 * MINUTE,
                "Compare cart, address, payment and confirmation with the same hours of last week.",
                "One step is named, with two figures.",
            ),
            _step(
                "List what was released since it fell",
                "fix_lead",
                15 * MINUTE,
                "Releases, switches, price and campaign changes. Mark the one that fits in time.",
                "One suspect, or the sentence that there is none.",
            ),
            _step(
                "Roll the suspect back",
                "fix_lead",
                20 * MINUTE,
                "Roll back for one tenth of visitors, watch ten minutes, then for everyone.",
                "Errors of the named step fall.",
                needs_approval=True,
            ),
            _step(
                "Watch it recover",
                "kpi_owner",
                2 * HOUR,
                "Three readings in the clear zone. If it stays low, undo the roll-back and stop.",
                "The KPI is ok again.",
            ),
        ),
        "triggers": (
            {"kpi": "checkout-conversion", "failure_mode": "breach"},
            {"kpi": "checkout-conversion", "failure_mode": "warn"},
        ),
    },
    {
        "code": "payment-outage",
        "name": "Payment outage",
        "summary": "Customers cannot pay. Switch the route, tell them, then repair.",
        "product_area": "cards",
        "kind": "incident",
        "owner": "duty",
        "team": "frontline",
        "content": {
            "when_to_use": "Captures fail for more than one customer and retries do not help.",
            "hypothesis": "One acquirer or our route to it is down.",
            "success_criterion": "Captures succeed at 98 % or more for ten minutes.",
            "rollback": "Point the route back to the first acquirer.",
        },
        "steps": (
            _step(
                "Say how far it reaches",
                "commander",
                5 * MINUTE,
                "Which regions, cards and customers? Use the capture board, not the alarm.",
                "One sentence that can be told to customers.",
            ),
            _step(
                "Tell customers",
                "customer_lead",
                10 * MINUTE,
                "Send the status update from the template and say when the next one comes.",
                "The first update is out.",
            ),
            _step(
                "Switch to the second acquirer",
                "fix_lead",
                15 * MINUTE,
                "Switch the failing regions only. Fees are higher: a senior person agrees first.",
                "New captures succeed.",
                needs_approval=True,
            ),
            _step(
                "Collect what failed meanwhile",
                "fix_lead",
                45 * MINUTE,
                "Export failed captures and retry them in order, the oldest first.",
                "The list is empty, or each rest is named.",
            ),
        ),
        "triggers": (
            {"category": "outage", "product_area": "cards"},
            {"product_area": "cards", "severity_at_least": 2},
        ),
    },
    {
        "code": "data-pipeline-late",
        "name": "Data pipeline late",
        "summary": "Readings stopped or contradict each other. Bring the data back before judging.",
        "kind": "recovery",
        "owner": "steward",
        "team": "growth",
        "content": {
            "when_to_use": "A KPI has no data or is suspect. Nothing is remedied meanwhile.",
            "hypothesis": "A job of the load is late or ran twice.",
            "success_criterion": "Readings arrive within two grains and agree with the source.",
            "rollback": "Restore the last good load; corrections are new revisions.",
        },
        "steps": (
            _step(
                "Find the last good load",
                "data_steward",
                20 * MINUTE,
                "Compare row counts of source and load for the last six hours.",
                "The first bad hour is named.",
            ),
            _step(
                "Run the missing loads again",
                "data_steward",
                HOUR,
                "Oldest first. Send differing values as corrections.",
                "Every hour is there once.",
            ),
            _step(
                "Tell the KPI's owner",
                "data_steward",
                10 * MINUTE,
                "Say which figures changed and whether a decision stood on them.",
                "The owner knows.",
            ),
        ),
        "triggers": ({"failure_mode": "no_data"}, {"failure_mode": "suspect"}),
    },
    {
        "code": "renewal-risk-save",
        "name": "Renewal-risk save plan",
        "summary": "A large customer may leave. One plan, one voice, and a date.",
        "kind": "communication",
        "owner": "duty",
        "team": "duty",
        "content": {
            "when_to_use": "A strategic or enterprise customer had a bad incident near renewal.",
            "hypothesis": "Trust, not the product, is what is missing.",
            "success_criterion": "The customer names the plan as theirs and the date stands.",
            "rollback": "Hand the account back to its owner with what was promised so far.",
        },
        "steps": (
            _step(
                "Call the customer",
                "sponsor",
                4 * HOUR,
                "Listen first. Say what happened in their words. Promise only dates we hold.",
                "Their three main worries are written down.",
            ),
            _step(
                "Write the save plan",
                "customer_lead",
                DAY,
                "Three promises, each with an owner and a date.",
                "The plan is one page.",
            ),
            _step(
                "Agree on it",
                "sponsor",
                3 * DAY,
                "Send it before the meeting; change it with them.",
                "The customer agreed in writing.",
                needs_approval=True,
            ),
        ),
        "triggers": (
            {"kind": "account_health", "tier": "strategic"},
            {"kind": "account_health", "tier": "enterprise"},
            {"tier": "strategic", "severity_at_least": 1},
        ),
    },
    {
        "code": "third-party-outage",
        "name": "Third-party outage",
        "summary": "A supplier is down. Limit the harm, keep asking, tell customers the truth.",
        "kind": "incident",
        "owner": "senior",
        "team": "frontline",
        "content": {
            "when_to_use": "Our part works; the supplier's status or our probes blame theirs.",
            "hypothesis": "The supplier's service is down and ours degrades with it.",
            "success_criterion": "The integration works for 30 minutes without our detour.",
            "rollback": "Turn the detour off.",
        },
        "steps": (
            _step(
                "Prove that it is theirs",
                "fix_lead",
                15 * MINUTE,
                "One request past our code. Keep its answer.",
                "A saved answer that shows their fault.",
            ),
            _step(
                "Open a case with them",
                "commander",
                10 * MINUTE,
                "Use the urgent number of the contract. Note the case number.",
                "A case number and a name.",
            ),
            _step(
                "Turn the detour on",
                "fix_lead",
                30 * MINUTE,
                "Queue what can wait, and say so on the screen of what cannot.",
                "No request ends in an error page.",
            ),
            _step(
                "Ask every hour",
                "commander",
                4 * HOUR,
                "Ask, write down the answer, tell customers.",
                "It works again, or the next level knows.",
            ),
        ),
        "triggers": (
            {"category": "integration"},
            {"kind": "operations", "product_area": "payouts"},
        ),
    },
)
TEMPLATES: tuple[dict[str, str], ...] = (
    {
        "code": "first-update",
        "channel": "status_update",
        "name": "First update",
        "body": "We see trouble with {{ title }} since {{ started_at }}. We work on it and write "
        "again by {{ next_update }}.",
    },
    {
        "code": "first-update",
        "language": "de",
        "channel": "status_update",
        "name": "Erste Nachricht",
        "body": "Seit {{ started_at }} gibt es Probleme: {{ title }}. Wir arbeiten daran und "
        "melden uns bis {{ next_update }} wieder.",
    },
    {
        "code": "still-working",
        "channel": "status_update",
        "name": "Still working",
        "body": "{{ title }}: we are still working on it. State: {{ state }}. The next news comes "
        "by {{ next_update }}.",
    },
    {
        "code": "resolved-mail",
        "channel": "email",
        "name": "It is resolved",
        "subject": "{{ incident }} is resolved: {{ title }}",
        "body": "Dear {{ account }},\n\n{{ title }} is resolved. We will tell you what we learned "
        "and what we change.\n\n{{ owner }}",
    },
    {
        "code": "ask-for-help",
        "channel": "chat",
        "name": "Ask the team for help",
        "body": "{{ incident }} {{ severity }}: {{ title }}. {{ owner }} owns it and needs a hand. "
        "State: {{ state }}.",
    },
    {
        "code": "shift-handoff",
        "channel": "handoff",
        "name": "Hand over at the end of a shift",
        "body": "{{ incident }} {{ severity }}, {{ state }}, customer {{ account }}.\nDone so far:"
        "\nOpen questions:\nNext update due: {{ next_update }}\nWho knows most: {{ owner }}",
    },
)


def tell_playbooks(people: dict[str, User], at: datetime) -> None:
    """The library as of 20 days ago; a playbook or template that is there is left as it is."""
    governor, since = people["governor"], at - timedelta(days=20)
    for told in PLAYBOOKS:
        if Playbook.objects.filter(code=told["code"]).exists():
            continue
        playbook = Playbook(
            code=told["code"],
            name=told["name"],
            summary=told["summary"],
            product_area=told.get("product_area", ""),
            kind=told["kind"],
            owner=people[told["owner"]],
            team=Team.objects.get(code=told["team"]),
        )
        save_playbook(playbook, by=governor, at=since, reason="First of its kind.")
        version = draft_version(playbook, told["content"], told["steps"], by=governor, at=since)
        put_in_force(version, by=governor, at=since)
        kpis = {kpi.code: kpi for kpi in Kpi.objects.all()}
        rows = [
            {**row, "kpi": kpis[row["kpi"]]} if "kpi" in row else row for row in told["triggers"]
        ]
        set_triggers(playbook, rows, by=governor, at=since)
    for fields in TEMPLATES:
        language = fields.get("language", "en")
        if not MessageTemplate.objects.filter(code=fields["code"], language=language).exists():
            save_template(MessageTemplate(**fields), by=governor, at=since)
