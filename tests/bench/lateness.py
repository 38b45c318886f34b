"""How late: from the instant at which a clock's warning is due to where another connection sees it
committed. Two clock processes, and a person who writes to the same incidents all the while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

from tests.bench.apart import on_both, tell
from tests.bench.figures import Figure

PACE, STEADY_S, BURST = 200, 10, 2_000
STEADY_MS, BURST_MS, GOALERT_MS = 150.0, 500.0, 5_000.0
WARNED_S = 150  # the first warning of an S1
PAUSE_S = 8  # between the last of the steady ones and the burst
LOOKS_BACK = 500


def figures() -> Iterator[Figure]:
    return on_both("tests.bench.lateness")


def measure() -> Iterator[Figure]:
    import random

    from django.db import connections

    from config.lib.clock import now
    from escalations.tasks import schedule
    from tests.bench import crowd
    from tests.killing import work
    from tests.killing.life import Fire

    at = now().replace(microsecond=0)
    one = crowd.tell_one(at)
    size = PACE * STEADY_S
    ready = (now() - at).total_seconds() + 30
    steady = f"{ready - WARNED_S:.0f} + (n - 1) * {1 / PACE:.3f}"
    crowd.copy(one, 1, 1 + size, steady)
    burst_s = ready + STEADY_S + PAUSE_S
    crowd.copy(one, 1 + size, 1 + size + BURST, f"{burst_s - WARNED_S:.0f}")
    while schedule.sweep(now()):
        pass
    assert now() < at + timedelta(seconds=ready), "making the incidents took too long"
    numbers = {one.pk + n: at for n in range(1, 1 + size + BURST)}
    connections.close_all()
    fire = Fire(random.Random(1))
    for name in ("clock 1", "clock 2", "writer"):
        fire.start(name, lambda act=work.JOBS[name]: act(numbers, False))
    late = _watch(size + BURST, at + timedelta(seconds=burst_s + 30))
    fire.stop()
    split = one.pk + size
    yield _figure(
        f"late at {PACE} due a second, 99 of 100",
        sorted(ms for number, ms in late if number <= split),
        STEADY_MS,
    )
    yield _figure(
        f"late in a burst of {BURST:,}, 99 of 100",
        sorted(ms for number, ms in late if number > split),
        BURST_MS,
    )


def _watch(size: int, until: object) -> list[tuple[int, float]]:
    """Incident and milliseconds late, as another connection sees them 2 ms apart. It reads each
    row once: a watcher that is busy itself would make late what it watches."""
    from django.db.models import Q

    from config.lib.clock import now
    from escalations.models import ClockMark

    found: list[tuple[int, float]] = []
    rows = ClockMark.objects.filter(kind="warning", percent=50, clock__kind="response")
    last = ClockMark.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    passed: dict[int, int] = {}  # numbers not seen yet: two sweepers commit in any order
    looks = 0
    while len(found) < size:
        fresh = rows.filter(Q(pk__gt=last) | Q(pk__in=list(passed)))
        at = now()
        looks += 1
        for pk, number, due_at in fresh.values_list("pk", "clock__incident", "due_at"):
            passed.pop(pk, None)
            passed.update((missing, looks) for missing in range(last + 1, pk))
            last = max(last, pk)
            found.append((number, (at - due_at).total_seconds() * 1000))
        passed = {pk: look for pk, look in passed.items() if looks - look < LOOKS_BACK}
        assert at < until, f"only {len(found)} of {size} were written"  # type: ignore[operator]
        time.sleep(0.002)
    return found


def _figure(what: str, late: list[float], most: float) -> Figure:
    p99 = late[int(len(late) * 0.99)]
    return Figure(
        what=what,
        unit="ms",
        ours=p99,
        theirs=GOALERT_MS,
        beside="a look every 5 s",
        ratio=GOALERT_MS / p99,
        reach=f"<= {most:g} ms",
        is_reached=p99 <= most,
    )


if __name__ == "__main__":
    tell(measure)
