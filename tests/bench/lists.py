"""Lists with 100,000 rows each, as the governor opens them, beside the same with 1,000.

CPU of the process and of its database for one page, in the calmest of several rounds, and p95 of
wall time, which other work on the machine disturbs. SQLite gets a tenth: nobody keeps that much in
it. BELAY_BENCH_ROWS says another size, BELAY_BENCH_LISTS the pages that have one of these words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.bench.apart import on_both, tell
from tests.bench.figures import Figure

ROWS = int(os.environ.get("BELAY_BENCH_ROWS") or 100_000)
ONLY = (os.environ.get("BELAY_BENCH_LISTS") or "").split()
FEW = 1_000
PAGE_MS, MOST_QUERIES, MORE = 300.0, 22, 2  # a second page asks for a count
# list -> what is asked of it besides the first page: a filter, a word, another column's order
ADMIN = {
    "accounts/account": ("segment__exact=mid", "q=zanzibar", "q=company", "o=3", "o=-6"),
    "escalations/incident": ("severity__exact=3", "q=zanzibar", "q=checkout", "o=3", "o=6"),
    "escalations/clock": ("kind__exact=response", "q=zanzibar", "o=5", "o=1"),
    "escalations/timelineevent": ("visibility__exact=internal", "q=zanzibar", "q=looked", "o=1"),
    "escalations/notice": ("state=waiting", "state=failed", "q=zanzibar", "o=1", "o=4"),
    "escalations/signal": ("source=crm", "q=zanzibar", "o=2", "o=5"),
    "escalations/reading": ("quality__exact=valid", "q=cpc", "o=4", "o=2"),
    "escalations/fact": ("name=users_pct", "q=monitor", "o=2"),
    "escalations/delivery": ("status=201", "q=bench-77", "o=4"),
    "escalations/postincidentreview": ("state__exact=draft", "q=zanzibar", "o=2", "o=7"),
    "escalations/changerequest": ("state__exact=withdrawn", "q=zanzibar", "o=4", "o=1"),
    "escalations/approval": ("verdict__exact=asked", "q=zanzibar", "o=5"),
    "escalations/auditfinding": ("code__exact=parked", "q=zanzibar", "o=3"),
    "escalations/seal": ("o=2",),
    "django_q/success": ("q=delivery", "o=3"),
}
PAGES = {
    "customers": "/customers/",
    "customers, page 20": "/customers/?page=20",
    "customers of a tier": "/customers/?tier=enterprise",
    "customers at risk": "/customers/?risk=at_risk",
    "customers, a rare word": "/customers/?q=zanzibar",
    "policies": "/policies/",
    "requests": "/policies/requests/",
    "approvals": "/policies/approvals/",
    "record": "/record/",
    "audit": "/audit/",
    "tables": "/tables/",
    "reviews": "/reviews/",
    "reviews, page 20": "/reviews/?page=20",
    "reviews of a state": "/reviews/?state=draft",
    "reviews, a rare word": "/reviews/?q=zanzibar",
    "actions": "/actions/",
    "what needs you": "/admin/",
}


def figures() -> Iterator[Figure]:
    return on_both("tests.bench.lists")


def measure() -> Iterator[Figure]:
    import logging

    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from config.lib.clock import now
    from tests.bench.full_desk import told
    from tests.bench.full_lists import Tables

    logging.disable(logging.INFO)
    settings.ALLOWED_HOSTS = ["*"]
    call_command("collectstatic", interactive=False, verbosity=0)
    many_rows = ROWS if connection.vendor == "postgresql" else ROWS // 10
    at = now().replace(microsecond=0)
    tables = Tables(told(at, FEW), at, FEW)
    tables.begin()
    tables.grow(FEW)
    few = _all()
    tables.grow(many_rows)
    many = _all()
    for name, (cost, p95, queries) in many.items():
        yield Figure(
            what=f"{name}: {queries} queries, {few[name][2]} of {FEW:,}; "
            f"p95 {p95:.0f} ms by the wall, {many_rows:,} rows",
            unit="ms",
            ours=cost,
            theirs=few[name][0],
            beside=f"the same of {FEW:,}",
            ratio=few[name][0] / cost,
            reach=f"<= {PAGE_MS:g} ms, <= {MOST_QUERIES} queries",
            is_reached=cost <= PAGE_MS and queries <= min(MOST_QUERIES, few[name][2] + MORE),
        )


def _all() -> dict[str, tuple[float, float, int]]:
    from django.test import Client

    from accounts.models import Account, User
    from tests.bench.desk import cost

    client = Client()
    client.force_login(User.objects.get(username="governor"))
    found = {}
    for name, address in _addresses(Account.objects.get(external_id="northwind").pk):
        if not ONLY or any(word in name for word in ONLY):
            found[name] = cost(client, address)
    return found


def _addresses(account: int) -> Iterator[tuple[str, str]]:
    for name, asked in ADMIN.items():
        for words in ("", "p=2", *asked):
            yield f"{name} {words}".strip(), f"/admin/{name}/?{words}"
    yield "an account's past", f"/admin/accounts/account/{account}/history/"
    yield from PAGES.items()


if __name__ == "__main__":
    tell(measure)
