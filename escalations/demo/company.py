"""The demo company, told through the services at times relative to now. Telling it again changes
nothing: each piece is left alone once it is there."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from accounts.models import Account, User
from accounts.services.value_rubrics import ensure_value_rubric
from config.lib import queue
from escalations.demo.channels import tell_ways
from escalations.demo.customers import ACCOUNTS, MORE, tell_accounts
from escalations.demo.kpis import NIGHTLY, tell_events, tell_kpis
from escalations.demo.people import tell_people
from escalations.demo.playbooks import tell_playbooks
from escalations.demo.policies import tell_first_policies, tell_later_policies, tell_policies
from escalations.demo.rosters import tell_care
from escalations.demo.views import tell_views
from escalations.demo.world import ALL_KPIS, tell_world
from escalations.models import Incident, Signal
from escalations.rules.lifecycle import Verb
from escalations.rules.reading_rows import NewReading
from escalations.services.moves import perform
from escalations.services.readings import store_readings
from escalations.services.signals import SignalMessage, receive_signal
from escalations.services.thresholds import check_thresholds


def tell_company(at: datetime) -> dict[str, User]:
    """People, teams, rosters, policy, accounts and KPIs; returns people by username."""
    people = tell_people(at)
    with transaction.atomic():
        tell_policies(people["governor"], at)
        ensure_value_rubric(at)
        tell_accounts(people, at)
        tell_kpis(people, at - timedelta(days=30))
        tell_playbooks(people, at)
    return people


def tell_small(at: datetime) -> None:
    """The company with a handful of open incidents and two days of one KPI."""
    people = tell_company(at)
    if not Incident.objects.exists() and not Signal.objects.exists():
        _tell_incidents(people, at)
        _tell_readings(people["integrator"], at)


def tell(at: datetime, progress: Callable[[int, int], Any] | None = None) -> None:
    """The whole company with ninety days behind it. Where anything has happened already, only
    missing people, customers and KPIs are added."""
    with transaction.atomic(), queue.gathered():
        people = tell_people(at)
        tell_care(at)
        tell_ways(people, at)
        tell_views(people, at)
        began = at - timedelta(days=95)
        ensure_value_rubric(began)
        tell_accounts(people, at, ACCOUNTS | MORE)
        if Incident.objects.exists() or Signal.objects.exists():
            tell_policies(people["governor"], at)
            tell_kpis(people, at, ALL_KPIS)
            tell_playbooks(people, at)
            return
        tell_first_policies(began)
        tell_kpis(people, began, ALL_KPIS, lateness_s=NIGHTLY)
        tell_events(people, at)
        tell_playbooks(people, began)
        tell_world(
            people,
            at,
            customers=list(ACCOUNTS | MORE),
            policies=lambda stage: tell_later_policies(people, at, stage),
            progress=progress,
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
