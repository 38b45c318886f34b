"""The queue with 100,000 open and 1,000,000 closed incidents, beside the same with 1,000 open.

CPU of the process and of its database for one request, in the calmest of several rounds; p95 of
wall time beside it in words. Other work on the machine disturbs the wall clock far more. SQLite
gets a tenth: nobody runs a desk of that size on it. BELAY_BENCH_OPEN and BELAY_BENCH_CLOSED say
other sizes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from tests.bench.apart import Stopwatch, on_both, tell
from tests.bench.figures import Figure

OPEN = int(os.environ.get("BELAY_BENCH_OPEN") or 100_000)
CLOSED = int(os.environ.get("BELAY_BENCH_CLOSED") or 1_000_000)
FEW = 1_000
ROUNDS, EACH, POLLS = 3, 3, 40
PAGE_MS, ROWS_MS, POLL_MS, INCIDENT_MS, FLAT = 80.0, 60.0, 3.0, 100.0, 1.5
MOST_QUERIES, MOST_OF_POLL = 12, 3
PAGES = {
    "all open": "/?view=all",
    "mine": "/?owner=me",
    "no owner": "/?owner=none",
    "late": "/?clock=late",
    "at risk": "/?clock=at_risk",
    "due soon": "/?clock=due",
    "paused": "/?clock=paused",
    "two severities": "/?severity=1&severity=2",
    "one state": "/?state=verifying",
    "one area, S1": "/?severity=1&area=login",
    "one team": "/?team=frontline",
    "a customer": "/?account=bench-77",
    "older than 7 days": "/?age=7d",
    "a high ladder": "/?ladder=3",
    "oldest first": "/?sort=oldest",
    "next deadline first": "/?sort=deadline",
    "a rare word": "/?q=zanzibar",
    "a common word": "/?q=checkout",
    "a word of every customer": "/?q=ltd",
}


def figures() -> Iterator[Figure]:
    return on_both("tests.bench.desk")


def measure() -> Iterator[Figure]:
    import logging

    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from config.lib.clock import now
    from tests.bench.full_desk import Desk, told

    logging.disable(logging.INFO)
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    part = 1 if connection.vendor == "postgresql" else 10
    at = now().replace(microsecond=0)
    desk = Desk(told(at), at)
    desk.fill(is_open=FEW, closed=0)
    few = _all(at)
    desk.fill(is_open=OPEN // part - FEW, closed=CLOSED // part)
    many = _all(at)
    size = f"{OPEN // part:,} open, {CLOSED // part:,} closed"
    for name, (cost, p95, queries) in many.items():
        reach, most = _reach(name)
        ratio = cost / few[name][0]
        yield Figure(
            what=f"{name}: {queries} queries, p95 {p95:.0f} ms by the wall, {size}",
            unit="ms",
            ours=cost,
            theirs=few[name][0],
            beside=f"the same of {FEW:,}",
            ratio=few[name][0] / cost,
            reach=f"<= {reach:g} ms, <= {most} queries, <= {FLAT:g} times that",
            is_reached=cost <= reach and queries <= most and _is_flat(cost, few[name][0], ratio),
        )


def _is_flat(cost: float, few: float, ratio: float) -> bool:
    """A page with more rows on it costs more: those who have few rows among few are let off."""
    return ratio <= FLAT or cost - few <= PAGE_MS / 2


def _reach(name: str) -> tuple[float, int]:
    if name == "unchanged poll":
        return POLL_MS, MOST_OF_POLL
    if name == "rows":
        return ROWS_MS, MOST_QUERIES
    return (INCIDENT_MS, 99) if name == "incident page" else (PAGE_MS, MOST_QUERIES)


def _all(at: object) -> dict[str, tuple[float, float, int]]:
    import re

    from django.test import Client

    from accounts.models import User
    from escalations.models import Incident

    client = Client()
    client.force_login(User.objects.get(username="agent"))
    found = {name: cost(client, address) for name, address in PAGES.items()}
    text = client.get("/?view=all").content.decode()
    following = re.search(r'rel="next" href="([^"]+)"', text)
    assert following is not None
    found["the next page"] = cost(client, following[1].replace("&amp;", "&"))
    rows = Incident.objects.open().filter(severity=3, has_missed=False, next_due_at__isnull=False)
    far = rows.order_by("severity", "-next_due_at").first()
    assert far is not None
    found["a page far behind"] = cost(client, _beside(far))
    version = re.search(r'data-version="([^"]+)"', text)
    assert version is not None
    found["rows"] = cost(client, "/queue/rows/?version=old")
    unchanged = f"/queue/rows/?version={version[1]}"
    found["unchanged poll"] = cost(client, unchanged, each=POLLS, status=204)
    found["incident page"] = cost(client, f"/incidents/{far.number}/")
    return found


def _beside(row: Any) -> str:
    from escalations.selectors.queue_filters import Asked
    from escalations.selectors.queue_order import Place

    row.is_late = False
    return Asked(place=Place.beside(row, "", is_backward=False)).url()


def cost(
    client: Any, address: str, each: int = EACH, status: int = 200
) -> tuple[float, float, int]:
    """Milliseconds of CPU, p95 of wall time, queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    assert client.get(address).status_code == status, address
    costs, walls = [], []
    for _ in range(ROUNDS):
        watch = Stopwatch()
        for _ in range(each):
            began = perf_counter()
            client.get(address)
            walls.append((perf_counter() - began) * 1000)
        costs.append(watch.cpu / each * 1000)
    with CaptureQueriesContext(connection) as seen:
        client.get(address)
        queries = len(seen)
    return min(costs), sorted(walls)[int(len(walls) * 0.95)], queries


if __name__ == "__main__":
    tell(measure)
