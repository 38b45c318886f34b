"""Draws a KPI with 50,000 readings, and reads them all beside it; prints milliseconds as JSON.

python -m tests.bench.server.draw
"""

from __future__ import annotations

import json
from datetime import timedelta
from time import perf_counter_ns, process_time_ns

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from accounts.models import User  # noqa: E402
from config.lib.clock import now  # noqa: E402
from escalations.models import Kpi, KpiState, Reading, Series  # noqa: E402

READINGS = 50_000
APART = timedelta(seconds=150)
ROUNDS = 9
SPAN = READINGS * APART  # 87 days


def plant() -> Kpi:
    kpi, at = Kpi.objects.get(code="checkout-conversion"), now()
    series = Series.objects.create(kpi=kpi, segment="bench", source="shop")
    KpiState.objects.create(kpi=kpi, segment="bench", last_at=at, last_value=3.2)
    Reading.objects.bulk_create(
        (
            Reading(
                series=series,
                at=at - place * APART,
                value=3.2 + place % 97 / 500 - (place % 4001 == 0),
                received_at=at,
            )
            for place in range(READINGS)
        ),
        batch_size=5_000,
    )
    return kpi


def main() -> None:
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    kpi = plant()
    client = Client()
    client.force_login(User.objects.get(username="kpi-owner"))
    address = f"/kpis/{kpi.code}/?days=90&segment=bench"

    def page() -> None:
        answer = client.get(address)
        assert answer.status_code == 200 and b"50,000 readings" in answer.content, answer

    def every_reading() -> None:
        rows = Reading.objects.filter(series__kpi=kpi, series__segment="bench")
        points = list(rows.order_by("at").values_list("at", "value"))
        assert len(points) == READINGS

    print(json.dumps({"page": timed(page), "all": timed(every_reading)}))


def timed(act) -> dict[str, float]:
    """Wall milliseconds of the calmest round, and the median of CPU, after one to warm up."""
    act()
    walls, cpus = [], []
    for _ in range(ROUNDS):
        wall, cpu = perf_counter_ns(), process_time_ns()
        act()
        walls.append((perf_counter_ns() - wall) / 1e6)
        cpus.append((process_time_ns() - cpu) / 1e6)
    return {"wall_ms": min(walls), "cpu_ms": sorted(cpus)[ROUNDS // 2]}


if __name__ == "__main__":
    main()
