"""A signal's way in and its first notice's way out, over HTTP, on SQLite and PostgreSQL.

CPU is that of the web server and the database, of one keep-alive connection with a token. Rates
are by the clock on the wall: from the first signal sent to the last first notice handed over. The
CPU that took stands beside them, because a busy machine makes the wall slower, not the work.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psutil

from tests.bench.figures import Figure
from tests.bench.stage import DATABASES, Client, Stage, stage

SIGNALS, BATCH = "/api/v1/signals/", "/api/v1/signals/batch/"
JOIN_MS, OPEN_MS = 2.5, 3.5
SINGLY, SET_WISE, ONCALL = 120.0, 300.0, 13.5
KEPT, ONCALL_KEPT = 0.8, 1.2 / 13.5
IDLE_MS, ONCALL_IDLE_MS = 50.0, 1080.0
OVERLOAD_S = 20


def figures() -> Iterator[Figure]:
    for database in DATABASES:
        yield from _cost(database)
        for words, name in ((("calm",), "alone"), ((), "in groups and storms")):
            yield from _all_the_way(database, words, name)
        yield _idle(database)


def signal(key: str = "") -> dict[str, Any]:
    """An S1 of a customer: the first notice of each leaves at once, whatever came before."""
    return {
        "source": "bench",
        "dedup_key": key or uuid.uuid4().hex,
        "title": "Checkout fails",
        "severity_hint": "critical",
        "account": "northwind",
        "product_area": "cards",
        "category": "outage",
        "facts": {"users_pct": 35, "core_down_no_workaround": True},
    }


def _cost(database: str) -> Iterator[Figure]:
    with stage(database, "calm") as on:
        web = on.web(is_patient=True)
        with on.client() as client:
            bare = _cpu_ms(on, web, lambda: client.post("/bare/", {}), 600)
            key = uuid.uuid4().hex
            client.post(SIGNALS, signal(key))
            joined = _cpu_ms(on, web, lambda: client.post(SIGNALS, signal(key)), 300)
            plain = {"source": "bench", "dedup_key": key}
            repeat = _cpu_ms(on, web, lambda: client.post(SIGNALS, plain), 300)
            opened = _cpu_ms(on, web, lambda: client.post(SIGNALS, signal()), 300)
        for what, ms, most in (
            ("a repeat, joined", repeat, JOIN_MS),
            ("a repeat with facts, joined", joined, JOIN_MS),
            ("a signal that opens", opened, OPEN_MS),
        ):
            yield Figure(
                what=f"{what} ({database})",
                unit="ms CPU",
                ours=ms,
                theirs=bare,
                beside="bare view, one INSERT",
                ratio=bare / ms,
                reach=f"<= {most} ms",
                is_reached=ms <= most,
            )


def _cpu_ms(on: Stage, web: psutil.Process, act: Callable[[], Any], times: int) -> float:
    for _ in range(60):
        act()
    before = on.cpu_s(web)
    for _ in range(times):
        status, answer = act()
        assert status in (200, 201), answer
    return (on.cpu_s(web) - before) / times * 1000


def _all_the_way(database: str, words: tuple[str, ...], name: str) -> Iterator[Figure]:
    with stage(database, *words) as on:
        heads = on.web(), on.sender()
        with on.client() as client:

            def one() -> list[int]:
                return _numbers(client.post(SIGNALS, signal()))

            def burst() -> list[int]:
                return _numbers(client.post(BATCH, [signal() for _ in range(500)]))

            _rate(on, heads, [one] * 60)
            singly, ms = _rate(on, heads, [one] * 300)
            yield from _told(f"singly, {name} ({database})", singly, ms, SINGLY)
            together, ms = _rate(on, heads, [burst])
            yield from _told(f"500 in a batch, {name} ({database})", together, ms, SET_WISE)
        share, refused = _overload(on, singly)
        yield Figure(
            what=f"notices under overload, {name} ({database}), {refused} told to wait",
            unit="of the rate alone",
            ours=share,
            theirs=ONCALL_KEPT,
            beside="Grafana OnCall (told of)",
            ratio=share / ONCALL_KEPT,
            reach=f">= {KEPT}",
            is_reached=share >= KEPT,
        )


def _told(what: str, rate: float, ms: float, least: float) -> Iterator[Figure]:
    yield Figure(
        what=f"all the way, {what}",
        unit="/s",
        ours=rate,
        theirs=ONCALL,
        beside="Grafana OnCall (told of)",
        ratio=rate / ONCALL,
        reach=f">= {least:g}/s",
        is_reached=rate >= least,
    )
    on_two = 2 * 1000 / least
    yield Figure(
        what="  and its CPU, of web, sender and database",
        unit="ms",
        ours=ms,
        theirs=None,
        beside="",
        ratio=None,
        reach=f"<= {on_two:.1f} ms, for {least:g}/s on two cores",
        is_reached=ms <= on_two,
    )


def _numbers(answer: tuple[int, Any]) -> list[int]:
    status, body = answer
    rows = body.get("results", [body])
    numbers = [row.get("incident") for row in rows]
    assert status in (200, 201) and all(numbers), body
    return numbers


def _rate(
    on: Stage, heads: tuple[psutil.Process, ...], acts: list[Callable[[], list[int]]]
) -> tuple[float, float]:
    """Signals a second until the first notice of the last one is handed over, and the CPU of each
    in milliseconds."""
    began, before = time.time(), on.cpu_s(*heads)
    numbers = {number for act in acts for number in act()}
    rate = len(numbers) / (_all_told(on, numbers) - began)
    return rate, (on.cpu_s(*heads) - before) / len(numbers) * 1000


def _all_told(on: Stage, numbers: set[int]) -> float:
    deadline = time.monotonic() + 120
    while True:
        first = on.mail()
        if numbers <= first.keys():
            return max(first[number] for number in numbers)
        assert time.monotonic() < deadline, f"{len(numbers - first.keys())} were never told"
        time.sleep(0.05)


def _overload(on: Stage, alone: float) -> tuple[float, int]:
    """Four clients post without a pause for 20 s, and wait as long as they are told to. The share
    of the rate of one client alone at which first notices still leave; how often to wait."""
    before = len(on.mail())
    command = [sys.executable, "-m", "tests.bench.intake", str(on.port), on.token]
    done = subprocess.run(command, env=on.environment, stdout=subprocess.PIPE, check=True)
    return (len(on.mail()) - before) / OVERLOAD_S / alone, int(done.stdout)


def _post_for(client: Client, until: float, refused: list[float]) -> None:
    while time.monotonic() < until:
        status, _ = client.post(SIGNALS, signal())
        if status == 503:
            refused.append(client.retry_after)
            time.sleep(max(0.0, min(client.retry_after, until - time.monotonic())))


def _press(port: int, token: str) -> None:
    until, refused = time.monotonic() + OVERLOAD_S, []
    clients = [Client(port, token) for _ in range(4)]
    threads = [threading.Thread(target=_post_for, args=(c, until, refused)) for c in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(refused))


def _idle(database: str) -> Figure:
    with stage(database, "calm") as on:
        on.serve()
        took = []
        with on.client() as client:
            for turn in range(45):
                sent = time.time()
                (number,) = _numbers(client.post(SIGNALS, signal()))
                if turn >= 15:
                    took.append((_all_told(on, {number}) - sent) * 1000)
                time.sleep(0.2)
    ms = statistics.median(took)
    return Figure(
        what=f"from sent to first notice, idle ({database})",
        unit="ms",
        ours=ms,
        theirs=ONCALL_IDLE_MS,
        beside="Grafana OnCall (told of)",
        ratio=ONCALL_IDLE_MS / ms,
        reach=f"<= {IDLE_MS:g} ms",
        is_reached=ms <= IDLE_MS,
    )


if __name__ == "__main__":
    _press(int(sys.argv[1]), sys.argv[2])
