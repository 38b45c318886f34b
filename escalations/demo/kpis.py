"""The KPIs of the demo company, and ninety days of believable readings for each."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from accounts.models import Account, Team, User
from escalations.models import Kpi
from escalations.rules.reading_rows import NewReading
from escalations.services.annotations import annotate
from escalations.services.kpis import create_kpi

HOUR, DAY = 3600, 86400
DAYS = 90
# Figures of a day arrive together early the next morning.
NIGHTLY = 30 * HOUR
HOURLY = {"n": 3, "m": 5, "c": 3}
DAILY = {"n": 2, "m": 3, "c": 2}


@dataclass(frozen=True, slots=True)
class Event:
    """From `hour` (UTC) of the day `days` before today for `hours`, the value is multiplied and
    moved. What ends by six in the morning is over when the figures of the night arrive."""

    days: int
    hour: int
    hours: float
    times: float = 1.0
    plus: float = 0.0

    def covers(self, at: datetime, now: datetime) -> bool:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        start = today - timedelta(days=self.days) + timedelta(hours=self.hour)
        return start <= at < start + timedelta(hours=self.hours)


@dataclass(frozen=True, slots=True)
class DemoKpi:
    """`base`, the swing of a day and of a week, and the noise make the usual value."""

    code: str
    name: str
    unit: str
    objective: str
    family: str
    area: str
    limits: dict[str, Any]
    base: float
    day_swing: float = 0.0
    weekend: float = 1.0
    noise: float = 0.0
    grain_s: int = HOUR
    places: int = 3
    is_critical: bool = False
    segment: str = ""
    team: str = "growth"
    system: str = "Warehouse"
    events: tuple[Event, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    account: str = ""
    falls_now: float = 0.0  # in the last three hours: what the demo opens with

    def value(self, at: datetime, now: datetime, chance: random.Random) -> float:
        value = self.base * (self.weekend if at.weekday() >= 5 else 1.0)
        value *= 1 + self.day_swing * math.sin((at.hour - 8) / 24 * 2 * math.pi)
        value += chance.gauss(0, self.noise)
        for event in self.events:
            if event.covers(at, now):
                value = value * event.times + event.plus
        if self.falls_now and at > now - timedelta(hours=3):
            value += self.falls_now
        return round(value, self.places)


def higher(target: float, warn: float, breach: float, **more: Any) -> dict[str, Any]:
    return {
        "direction": "higher",
        "target_lo": target,
        "warn_lo": warn,
        "breach_lo": breach,
        **more,
    }


def lower(target: float, warn: float, breach: float, **more: Any) -> dict[str, Any]:
    return {"direction": "lower", "target_hi": target, "warn_hi": warn, "breach_hi": breach, **more}


KPIS: tuple[DemoKpi, ...] = (
    # The bands of cpc and cpm stand three to five times above what is usual for their exchanges;
    # the faults there are peaks of an hour or two, so one reading is enough and a day clears.
    DemoKpi(
        "cpc",
        "Cost per click",
        "USD",
        "Win visitors at a price that a first order pays back.",
        "efficiency",
        "ads",
        lower(0.15, 0.30, 0.60, c=24),
        base=0.105,
        day_swing=0.12,
        noise=0.006,
        segment="house",
        system="Ad exchange",
        events=(Event(21, 6, 48, times=1.35),),  # a promotion: dearer, still in target
    ),
    DemoKpi(
        "cpm",
        "Cost per thousand views",
        "USD",
        "Be seen without overpaying for attention.",
        "efficiency",
        "ads",
        lower(1.0, 3.0, 6.0, c=24),
        base=0.68,
        day_swing=0.1,
        noise=0.05,
        segment="house",
        system="Ad exchange",
        events=(Event(21, 6, 48, times=1.4),),
    ),
    DemoKpi(
        "checkout-conversion",
        "Checkout conversion",
        "%",
        "Turn visits into orders.",
        "revenue",
        "shop",
        higher(3.0, 2.8, 2.5, clear_warn_lo=2.9, clear_breach_lo=2.6, **HOURLY),
        base=3.25,
        day_swing=0.03,
        noise=0.03,
        is_critical=True,
        system="Shop",
        events=(
            Event(62, 22, 8, times=0.72),  # a broken address form, found in the morning
            Event(20, 6, 40, plus=0.35),  # a promotion lifts it
        ),
        falls_now=-0.9,
    ),
)
MORE_KPIS: tuple[DemoKpi, ...] = (
    DemoKpi(
        "payment-success",
        "Northwind's payments that go through",
        "%",
        "Never lose an order at the till.",
        "reliability",
        "payouts",
        higher(99.0, 98.0, 96.0, revenue_exposed=260_000, **HOURLY),
        base=99.4,
        noise=0.12,
        is_critical=True,
        system="Payment gateway",
        events=(Event(35, 21, 9, plus=-5.2),),  # the acquirer's outage
        account="northwind",
    ),
    DemoKpi(
        "signups",
        "New accounts an hour",
        "",
        "Grow the base every week.",
        "growth",
        "shop",
        higher(40.0, 20.0, 8.0, mode="both", **HOURLY),
        base=120.0,
        day_swing=0.55,
        weekend=0.7,
        noise=11.0,
        places=0,
        events=(Event(15, 20, 10, times=0.45),),  # static limits alone would miss it
    ),
    DemoKpi(
        "pipeline-lag",
        "Age of the newest figures",
        "min",
        "Decide on figures of today.",
        "quality",
        "reporting",
        lower(10.0, 20.0, 45.0, **HOURLY),
        base=6.5,
        noise=0.9,
        system="Scheduler",
        events=(Event(49, 21, 9, plus=48),),
    ),
    DemoKpi(
        "nps",
        "Net promoter score",
        "points",
        "Customers who recommend us.",
        "customer",
        "service",
        higher(40.0, 36.0, 30.0, **DAILY),
        base=43.0,
        noise=1.0,
        grain_s=DAY,
        places=0,
        system="Survey tool",
        events=(Event(4, 0, 200, plus=-9),),  # a slow fall into the warning band
    ),
    DemoKpi(
        "churn-risk",
        "Accounts likely to leave",
        "accounts",
        "Keep the customers we have.",
        "risk",
        "service",
        lower(4.0, 6.0, 9.0, **DAILY),
        base=3.0,
        noise=0.6,
        grain_s=DAY,
        places=0,
        system="Customer database",
        events=(Event(27, 0, 72, plus=4),),
        facts={"arr_at_risk": "90000"},
    ),
    DemoKpi(
        "first-response",
        "Median first answer",
        "min",
        "Answer before customers ask twice.",
        "customer",
        "service",
        lower(20.0, 30.0, 45.0, **DAILY),
        base=17.0,
        noise=1.5,
        grain_s=DAY,
        places=1,
        system="Help desk",
        events=(Event(54, 0, 96, plus=34),),  # three people ill at once
    ),
    DemoKpi(
        "refund-rate",
        "Orders refunded",
        "%",
        "Deliver what was promised.",
        "quality",
        "shop",
        lower(1.5, 2.0, 3.0, **DAILY),
        base=1.1,
        noise=0.08,
        grain_s=DAY,
        places=2,
        system="Shop",
        events=(Event(2, 0, 80, plus=1.1),),  # in doubt: two sources differ
    ),
)


def tell_kpis(
    people: dict[str, User], at: datetime, kpis: tuple[DemoKpi, ...] = KPIS, **limits: Any
) -> None:
    """Those that are missing; `limits` go on top of each one's own."""
    known = set(Kpi.objects.values_list("code", flat=True))
    for kpi in kpis:
        if kpi.code in known:
            continue
        declared = {"breach_facts": kpi.facts} if kpi.facts else {}
        create_kpi(
            {
                "code": kpi.code,
                "name": kpi.name,
                "unit": kpi.unit,
                "objective": kpi.objective,
                "family": kpi.family,
                "product_area": kpi.area,
                "grain_s": kpi.grain_s,
                "is_critical": kpi.is_critical,
                "reviewed_on": (at - timedelta(days=20)).date(),
                "owner": people["kpi-owner"],
                "steward": people["steward"],
                "remediation_leader": people.get("remediation", people["kpi-owner"]),
                "account": Account.objects.filter(external_id=kpi.account).first(),
                "team": Team.objects.filter(code=kpi.team).first(),
            },
            kpi.limits | declared | limits,
            by=people["governor"],
            at=at,
            sources=[
                {
                    "name": kpi.system.lower().replace(" ", "-"),
                    "system": kpi.system,
                    "is_primary": True,
                }
            ],
        )


def tell_events(people: dict[str, User], at: datetime) -> None:
    """The promotions that the readings tell of, marked by the data steward as they began."""
    for code, label, days, hours in (
        ("cpc", "Autumn campaign", 21, 48),
        ("cpm", "Autumn campaign", 21, 48),
        ("checkout-conversion", "Autumn sale", 20, 40),
    ):
        kpi = Kpi.objects.filter(code=code).first()
        start = at.replace(hour=6, minute=0, second=0, microsecond=0) - timedelta(days=days)
        if kpi is None or kpi.annotations.exists():
            continue
        annotate(
            kpi,
            kind="promo",
            label=label,
            starts_at=start,
            ends_at=start + timedelta(hours=hours),
            by=people["steward"],
            at=start,
        )


def readings_between(
    kpis: tuple[DemoKpi, ...], start: datetime, end: datetime, now: datetime
) -> list[NewReading]:
    """Every KPI's readings in [start, end), the same for the same `now`'s distance."""
    rows = []
    for kpi in kpis:
        step = timedelta(seconds=kpi.grain_s)
        at = start.replace(hour=0, minute=0, second=0, microsecond=0)
        while at < end:
            if at >= start:
                back = round((now - at) / timedelta(hours=1))
                chance = random.Random(f"{kpi.code} {back}")  # noqa: S311  a story
                source = kpi.system.lower().replace(" ", "-")
                rows.append(
                    NewReading(
                        kpi=kpi.code,
                        at=at,
                        value=kpi.value(at, now, chance),
                        segment=kpi.segment,
                        source=source,
                    )
                )
            at += step
    return rows
