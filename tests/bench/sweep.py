"""The sweep among a million open clocks, beside looping over the open incidents in Python.

250,000 open incidents, each with its own row, four running clocks and a ladder. CPU time of the
process and of its database; by the clock on the wall it takes longer where others are at work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta

from tests.bench.apart import Stopwatch, on_both, tell
from tests.bench.figures import Figure

INCIDENTS = int(os.environ.get("BELAY_BENCH_INCIDENTS") or 250_000)
FEW = 2_500
IDLE_MS, FLAT = 2.0, 1.5
DUE_S, LOOP_RATIO = 2.0, 40.0
SAMPLE_LOOP, SAMPLE_ROWS, TICKS = 3_000, 300, 1_000


def figures() -> Iterator[Figure]:
    return on_both("tests.bench.sweep")


def measure() -> Iterator[Figure]:
    from config.lib.clock import now
    from tests.bench import crowd

    at = now().replace(microsecond=0)
    one = crowd.tell_one(at)
    crowd.without_checks()
    crowd.copy(one, 1, FEW)
    with crowd.asleep(one):
        few = _idle_ms()
    crowd.copy(one, FEW, INCIDENTS)
    crowd.with_checks()
    with crowd.asleep(one):
        many = _idle_ms()
    clocks = INCIDENTS * crowd.CLOCKS
    yield Figure(
        what=f"a tick with nothing due, {clocks:,} open clocks",
        unit="ms",
        ours=many,
        theirs=few,
        beside=f"the same with {FEW * crowd.CLOCKS:,}",
        ratio=few / many,
        reach=f"<= {IDLE_MS:g} ms, <= {FLAT:g} times that",
        is_reached=many <= IDLE_MS and many / few <= FLAT,
    )
    took = []
    for group in (1, 2, 3):
        _rest(one.pk, group - 1)
        took.append(_settle(crowd.began(group, at)))
    ours, wall = sorted(took)[1]
    _rest(one.pk, 3)
    loop, row = _loop_s(one.pk), _row_s(crowd.began(4, at))
    theirs = loop * INCIDENTS + row * crowd.GROUP
    yield Figure(
        what=f"{crowd.GROUP:,} clocks due at once among {clocks:,}, {wall:.1f} s by the wall",
        unit="s",
        ours=ours,
        theirs=theirs,
        beside=f"a loop over open incidents (from {SAMPLE_LOOP:,} of them, {SAMPLE_ROWS} due)",
        ratio=theirs / ours,
        reach=f"<= {DUE_S:g} s, >= {LOOP_RATIO:g} x",
        is_reached=ours <= DUE_S and theirs / ours >= LOOP_RATIO,
    )
    yield Figure(
        what="one due clock, settled in a set of 500",
        unit="us",
        ours=ours / crowd.GROUP * 1e6,
        theirs=row * 1e6,
        beside="settled by itself",
        ratio=row * crowd.GROUP / ours,
        reach=">= 5 x",
        is_reached=row * crowd.GROUP / ours >= 5,
    )


def _idle_ms() -> float:
    from escalations.tasks.schedule import tick

    tick()
    watch = Stopwatch()
    for _ in range(TICKS):
        assert tick() == 0
    return watch.cpu / TICKS * 1000


def _rest(first: int, group: int) -> None:
    """The clocks of a group that was measured wake no more."""
    from escalations.models import Clock
    from tests.bench.crowd import GROUP

    start = first + group * GROUP
    Clock.objects.filter(incident__gte=start, incident__lt=start + GROUP).update(next_wake_at=None)


def _settle(begun: object) -> tuple[float, float]:
    """Seconds of CPU and wall until every first warning of a group is written, its notice in the outbox."""
    from escalations.models import ClockMark
    from escalations.tasks import schedule
    from tests.bench.crowd import GROUP

    kinds = [timer for timer in schedule.TIMERS if timer.name == "clocks"]
    when = begun + timedelta(seconds=151)  # type: ignore[operator]
    before = ClockMark.objects.count()
    watch = Stopwatch()
    while schedule.sweep(when, kinds=kinds):
        pass
    took = watch.cpu, watch.wall
    written = ClockMark.objects.count() - before
    assert written == GROUP, f"{written} of {GROUP} were settled"
    return took


def _loop_s(first: int) -> float:
    """Of one incident, in a loop that asks each open one for its clocks."""
    from config.lib.clock import now
    from escalations.models import Incident

    at, due = now(), 0
    watch = Stopwatch()
    for incident in Incident.objects.open().filter(pk__gte=first)[:SAMPLE_LOOP].iterator():
        for clock in incident.clocks.all():
            due += clock.next_wake_at is not None and clock.next_wake_at <= at
    assert not due
    return watch.cpu / SAMPLE_LOOP


def _row_s(begun: object) -> float:
    from django.db import transaction

    from escalations.models import Clock
    from escalations.services.timers import settle_clock

    when = begun + timedelta(seconds=151)  # type: ignore[operator]
    rows = Clock.objects.filter(next_wake_at__lte=when).order_by("next_wake_at", "pk")
    keys = list(rows.values_list("pk", flat=True)[:SAMPLE_ROWS])
    watch = Stopwatch()
    for key in keys:
        with transaction.atomic():
            assert settle_clock(key, when)
    return watch.cpu / len(keys)


if __name__ == "__main__":
    tell(measure)
