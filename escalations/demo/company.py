"""The demo company, told through the services at times relative to now. Telling it again changes
nothing: each piece is left alone once it is there."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from accounts.models import Account, ServiceHours, User
from escalations.demo.people import tell_people
from escalations.demo.playbooks import tell_playbooks
from escalations.models import Incident, Kpi, Policy, Signal
from escalations.rules.default_policy import default_policy
from escalations.rules.lifecycle import Verb
from escalations.rules.policy import Condition, Group, RoutingRule, Severity
from escalations.rules.reading_rows import NewReading
from escalations.services.kpis import create_kpi
from escalations.services.moves import perform
from escalations.services.policies import draft_version, put_in_force
from escalations.services.readings import store_readings
from escalations.services.reference import ensure_policy
from escalations.services.signals import SignalMessage, receive_signal
from escalations.services.thresholds import check_thresholds

# external id -> name, segment, revenue, lifetime value, importance, influence, days to renewal
POLICY_NOTE = "Routes KPIs to Growth and data questions to Frontline."
ACCOUNTS = {
    "northwind": ("Northwind", "strategic", 420_000, 1_800_000, 4, 4, 45),
    "halden": ("Halden Bank", "enterprise", 180_000, 640_000, 3, 3, 150),
    "fjord": ("Fjord Rail", "enterprise", 95_000, 310_000, 2, 3, 25),
    "acme": ("Acme Logistics", "mid", 38_000, 90_000, 2, 1, 210),
    "oki": ("Oki Foods", "smb", 9_000, 21_000, 1, 1, 320),
    "pilot": ("Pilot Garden", "free", 0, 0, 0, 1, None),
}
# code -> name, unit, bands
# The bands of cpc and cpm stand three to five times above what is usual for their exchanges; the
# faults there are peaks of an hour or two, so one reading is enough and a day clears.
KPIS = {
    "cpc": (
        "Cost per click",
        "USD",
        {"direction": "lower", "target_hi": 0.15, "warn_hi": 0.30, "breach_hi": 0.60, "c": 24},
    ),
    "cpm": (
        "Cost per thousand views",
        "USD",
        {"direction": "lower", "target_hi": 1.0, "warn_hi": 3.0, "breach_hi": 6.0, "c": 24},
    ),
    "checkout-conversion": (
        "Checkout conversion",
        "%",
        {
            "direction": "higher",
            "target_lo": 3.0,
            "warn_lo": 2.8,
            "breach_lo": 2.5,
            "clear_warn_lo": 2.9,
            "clear_breach_lo": 2.6,
            "n": 3,
            "m": 5,
            "c": 3,
        },
    ),
}


def tell_company(at: datetime) -> dict[str, User]:
    """People, teams, rosters, policy, accounts and KPIs; returns people by username."""
    people = tell_people(at)
    with transaction.atomic():
        _tell_policy(people["governor"], at)
        _tell_accounts(people, at)
        _tell_kpis(people, at)
        tell_playbooks(people, at)
    return people


def tell(at: datetime) -> None:
    """Load what is missing of the demo company, and its first incidents."""
    people = tell_company(at)
    if not Incident.objects.exists() and not Signal.objects.exists():
        _tell_incidents(people, at)
        _tell_readings(people["integrator"], at)


def _tell_policy(governor: User, at: datetime) -> None:
    ensure_policy(at - timedelta(days=60))
    policy = Policy.objects.get(is_default=True)
    if policy.versions.filter(note=POLICY_NOTE).exists():
        return
    doc = default_policy()
    kpis = RoutingRule(
        position=1,
        name="KPIs go to Growth",
        when=Group("all", (Condition("kind", "=", "kpi"),)),
        team="growth",
    )
    legal = RoutingRule(
        position=2,
        name="Data or legal questions",
        when=Group(
            "any",
            (
                Condition("data_or_legal_confirmed", "is", True),
                Condition("data_or_legal_suspected", "is", True),
            ),
        ),
        team="frontline",
        severity_floor=Severity.S2,
    )
    last = replace(doc.rules[-1], position=3)
    doc = replace(doc, policy=policy.name, rules=(kpis, legal, last))
    version = draft_version(
        policy,
        doc,
        by=governor,
        at=at,
        service_hours=ServiceHours.objects.get(code="office"),
        note=POLICY_NOTE,
    )
    put_in_force(version, by=governor, at=at - timedelta(days=30))


def _tell_accounts(people: dict[str, User], at: datetime) -> None:
    for key, (name, segment, arr, lifetime, importance, influence, days) in ACCOUNTS.items():
        Account.objects.get_or_create(
            external_id=key,
            defaults={
                "name": name,
                "segment": segment,
                "arr": Decimal(arr),
                "lifetime_value": Decimal(lifetime),
                "importance": importance,
                "influence": influence,
                "renewal_on": (at + timedelta(days=days)).date() if days else None,
                "owner": people["agent"],
                "backup": people["agent2"],
                "sponsor": people["governor2"],
            },
        )


def _tell_kpis(people: dict[str, User], at: datetime) -> None:
    for code, (name, unit, bands) in KPIS.items():
        if Kpi.objects.filter(code=code).exists():
            continue
        create_kpi(
            {
                "code": code,
                "name": name,
                "unit": unit,
                "product_area": "ads" if code.startswith("cp") else "shop",
                "grain_s": 3600,
                "owner": people["kpi-owner"],
                "steward": people["steward"],
            },
            bands,
            by=people["governor"],
            at=at - timedelta(days=30),
        )


def _tell_incidents(people: dict[str, User], at: datetime) -> None:
    def signal(minutes: int, key: str, title: str, **more: object) -> int:
        account = more.pop("account", None)
        message = SignalMessage(
            source="demo",
            dedup_key=key,
            is_firing=True,
            title=title,
            received_at=at - timedelta(minutes=minutes),
            account=Account.objects.get(external_id=account) if account else None,
            **more,  # type: ignore[arg-type]
        )
        received = receive_signal(
            message, by=people["integrator"], at=at - timedelta(minutes=minutes)
        )
        assert received.incident is not None
        return received.incident.number

    def do(number: int, verb: Verb, who: str, minutes: int, **given: object) -> None:
        perform(number, verb, given, by=people[who], at=at - timedelta(minutes=minutes))

    lag = signal(
        300,
        "dashboard-lag",
        "Dashboard totals lag by an hour",
        account="oki",
        product_area="reporting",
        category="degradation",
        severity_hint="warning",
        facts={"users_pct": 2},
    )
    do(lag, Verb.CLAIM, "agent2", 290)
    do(lag, Verb.UPDATE, "agent2", 280, text="We found the slow job and are moving it.")

    payout = signal(
        45,
        "payout-sftp",
        "Payout file missing from SFTP",
        account="fjord",
        product_area="payouts",
        category="integration",
        severity_hint="error",
        facts={"arr_at_risk": 95000, "users_pct": 1},
    )
    do(payout, Verb.ACKNOWLEDGE, "agent", 40)
    do(payout, Verb.MITIGATE, "agent", 30, plan="Resend the file by hand, then fix the export job.")

    waiting = signal(
        130,
        "sso-loop",
        "SSO login loop for one tenant",
        account="halden",
        product_area="login",
        category="degradation",
        severity_hint="error",
        facts={"users_pct": 4, "core_down_no_workaround": False},
    )
    do(waiting, Verb.ACKNOWLEDGE, "agent", 120)
    do(
        waiting,
        Verb.PAUSE,
        "agent",
        60,
        reason="customer_wait",
        awaiting="Halden IT: the metadata of their identity provider",
    )
    signal(
        2,
        "capture-eu",
        "Card capture failing in EU",
        account="northwind",
        product_area="cards",
        category="outage",
        severity_hint="critical",
        facts={"arr_at_risk": 420000, "users_pct": 35, "core_down_no_workaround": True},
        anchors={"business": 4, "reputation": 3},
    )
    signal(
        20,
        "csv-export",
        "CSV export times out over 50k rows",
        account="acme",
        product_area="reporting",
        category="degradation",
        severity_hint="warning",
    )


def _tell_readings(integrator: User, at: datetime) -> None:
    """Two days of checkout conversion that fell into breach an hour ago."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = []
    for back in range(48, -1, -1):
        value = 3.25 + 0.12 * math.sin(back / 24 * 2 * math.pi)
        if back <= 3:
            value -= 0.9
        rows.append(
            NewReading(
                kpi="checkout-conversion", at=hour - timedelta(hours=back), value=round(value, 3)
            )
        )
    store_readings(rows, by=integrator, at=at)
    while check_thresholds(at):
        pass
