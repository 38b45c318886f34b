"""Readings over HTTP, beside a bare load of the same rows into the same table.

By the clock on the wall, one client. On PostgreSQL the bare load is COPY of text that is ready,
on SQLite `executemany`; each is one durable transaction.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.bench.figures import Figure
from tests.bench.stage import DATABASES, Stage, stage

LEAST = 0.4
SERIES = 100
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = "(series_id, at, revision, value, quality, period_end, received_at)"
TABLE = "escalations_reading"


def figures() -> Iterator[Figure]:
    for database in DATABASES:
        with stage(database, "calm") as on:
            on.web()
            _send(on, 0, 1000)
            for size in (1_000, 10_000):
                ours, theirs = [], []
                for turn in range(1, 6):
                    ours.append(_send(on, turn * size, size))
                    theirs.append(_bare(on, turn * size, size))
                rate, bare = size / sorted(ours)[2], size / sorted(theirs)[2]
                yield Figure(
                    what=f"readings, {size:,} at once ({database})",
                    unit="rows/s",
                    ours=rate,
                    theirs=bare,
                    beside="bare COPY" if database == "postgresql" else "bare executemany",
                    ratio=rate / bare,
                    reach=f">= {LEAST} x",
                    is_reached=rate / bare >= LEAST,
                )


def _send(on: Stage, turn: int, size: int) -> float:
    rows = [
        {
            "kpi": "cpc",
            "segment": f"s{row % SERIES}",
            "at": (FIRST + timedelta(minutes=turn + row // SERIES)).isoformat(),
            "value": 1.0 + row % 7 / 10,
        }
        for row in range(size)
    ]
    body = json.dumps(rows).encode()
    with on.client() as client:
        began = time.perf_counter()
        status, answer = client.post("/api/v1/readings/", body)
        took = time.perf_counter() - began
    assert status == 200 and answer["stored"] == size, answer
    return took


def _bare(on: Stage, turn: int, size: int) -> float:
    """The same rows a year on: no other reading is there."""
    got = datetime.now(UTC)
    start = FIRST - timedelta(days=2000)
    if on.url:
        return _copy(
            on,
            lambda series: [
                (series[row % SERIES], start + timedelta(minutes=turn + row // SERIES), got)
                for row in range(size)
            ],
        )
    database = sqlite3.connect(on.folder / "belay.sqlite3", timeout=20)
    database.execute("PRAGMA synchronous=NORMAL")
    series = [pk for (pk,) in database.execute("SELECT id FROM escalations_series")]
    rows = [
        (
            series[row % SERIES],
            f"{start + timedelta(minutes=turn + row // SERIES):%Y-%m-%d %H:%M:%S}",
            f"{got:%Y-%m-%d %H:%M:%S.%f}",
        )
        for row in range(size)
    ]
    began = time.perf_counter()
    with database:
        database.executemany(
            f"INSERT INTO {TABLE} {COLUMNS} VALUES (?, ?, 1, 1.5, 'valid', NULL, ?)",  # noqa: S608
            rows,
        )
    took = time.perf_counter() - began
    database.close()
    return took


def _copy(on: Stage, rows_of: Callable[[list[int]], list[tuple[Any, ...]]]) -> float:
    import psycopg

    with psycopg.connect(on.url) as database:
        series = [pk for (pk,) in database.execute("SELECT id FROM escalations_series")]
        text = "".join(
            f"{place}\t{at.isoformat()}\t1\t1.5\tvalid\t\\N\t{got.isoformat()}\n"
            for place, at, got in rows_of(series)
        )
        database.commit()
        began = time.perf_counter()
        with database.cursor().copy(f"COPY {TABLE} {COLUMNS} FROM STDIN") as copy:
            copy.write(text)
        database.commit()
        return time.perf_counter() - began
