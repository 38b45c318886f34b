"""The threshold check of 10,000 KPIs of which 200 changed, beside a loop that asks each KPI for its
latest readings. CPU time of the process and of its database, the mean of several checks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tests.bench.apart import Stopwatch, on_both, tell
from tests.bench.figures import Figure

KPIS, CHANGED, MOST_MS, SAMPLE, ROUNDS = 10_000, 200, 10.0, 500, 20
READINGS = (10, 100)  # of each KPI: 100,000 and then a million in all


def figures() -> Iterator[Figure]:
    return on_both("tests.bench.thresholds")


def measure() -> Iterator[Figure]:
    from config.lib.clock import now
    from escalations.models import Kpi
    from tests.bench import crowd

    at = now().replace(microsecond=0)
    first = _first(at - timedelta(days=400))
    crowd.without_checks()
    _copy_kpis(first)
    before, took = 1, []
    for count in READINGS:
        _copy_readings(first, before, count)
        before = count
        crowd.with_checks()
        took.append(_check_ms(first, at + timedelta(hours=count)))
    assert Kpi.objects.count() == KPIS
    theirs = _loop_ms()
    yield Figure(
        what=f"check after {CHANGED} of {KPIS:,} KPIs changed, {KPIS * READINGS[-1]:,} readings",
        unit="ms",
        ours=took[-1],
        theirs=theirs,
        beside=f"a loop over all KPIs (from {SAMPLE} of them)",
        ratio=theirs / took[-1],
        reach=f"<= {MOST_MS:g} ms",
        is_reached=took[-1] <= MOST_MS,
    )
    yield Figure(
        what=f"the same with {KPIS * READINGS[-1]:,} readings",
        unit="ms",
        ours=took[-1],
        theirs=took[0],
        beside=f"with {KPIS * READINGS[0]:,}",
        ratio=took[0] / took[-1],
        reach="<= 1.5 times that",
        is_reached=took[-1] <= 1.5 * took[0],
    )


def _first(at):  # type: ignore[no-untyped-def]
    """One KPI with its limits and one reading, judged."""
    from escalations.models import Kpi
    from escalations.services.readings import take_in
    from escalations.services.thresholds import check_thresholds
    from tests.factories.limits import limits_since

    kpi = Kpi.objects.create(code="k0", name="K", unit="%", grain_s=3600)
    limits = {"direction": "higher", "target_lo": 3.0, "target_hi": 3.6, "warn_lo": 2.8}
    limits |= {"breach_lo": 2.5, "clear_warn_lo": 2.9, "clear_breach_lo": 2.6}
    limits_since(kpi, at, **limits)
    take_in([{"kpi": "k0", "at": at.isoformat(), "value": 3.2}], by=None, at=at)
    check_thresholds(at)
    return kpi


def _copy_kpis(kpi) -> None:  # type: ignore[no-untyped-def]
    from escalations.models import Kpi, KpiState, Series, Threshold
    from tests.bench.crowd import copy_rows

    code = {"code": "'k' || n"}
    copy_rows(Kpi, "id", [kpi.pk], "id", kpi.pk, 1, KPIS, "0", more=code)
    for model in (Threshold, Series, KpiState):
        pk = model.objects.get(kpi=kpi).pk
        copy_rows(model, "id", [pk], "kpi_id", kpi.pk, 1, KPIS, "0")


def _copy_readings(kpi, before: int, count: int) -> None:  # type: ignore[no-untyped-def]
    """Readings number `before` to `count` of every KPI, an hour apart."""
    from escalations.models import Reading
    from tests.bench.crowd import _run, copy_rows

    reading = Reading.objects.filter(series__kpi=kpi).earliest("at")
    series = reading.series_id
    total = KPIS * before if before > 1 else 1
    # Beyond the keys of what the checks before have sent.
    owner = {"series_id": f"{series} + n % {KPIS}", "id": f"{count} * 10000000 + n"}
    hour = f"(n / {KPIS}) * 3600"
    copy_rows(Reading, "id", [reading.pk], "id", reading.pk, total, KPIS * count, hour, more=owner)
    _run("ANALYZE")


def _check_ms(kpi, at) -> float:  # type: ignore[no-untyped-def]
    """Each time other KPIs get a new reading; only the check is measured."""
    from config.lib import queue
    from escalations.services.readings import take_in
    from escalations.services.thresholds import check_thresholds

    found = 0.0
    for turn in range(ROUNDS):
        when = at + timedelta(minutes=turn)
        rows = [
            {"kpi": f"k{turn * CHANGED + n}", "at": when.isoformat(), "value": 3.1}
            for n in range(CHANGED)
        ]
        with queue.gathered():
            take_in(rows, by=None, at=when)
        watch = Stopwatch()
        assert check_thresholds(when) == CHANGED
        found += watch.cpu
    return found / ROUNDS * 1000


def _loop_ms() -> float:
    """For all KPIs, from a sample: the limits and the last readings of each, judged anew."""
    from escalations.models import Kpi, Reading
    from escalations.rules.thresholds import Machine, replay

    watch = Stopwatch()
    for kpi in Kpi.objects.order_by("pk")[:SAMPLE]:
        rule = kpi.thresholds.order_by("-effective_from")[0].rule
        rows = Reading.objects.filter(series__kpi=kpi).order_by("-at")[:8]
        replay(Machine(), rule, [(row.at, row.value) for row in reversed(rows)])
    return watch.cpu / SAMPLE * KPIS * 1000


if __name__ == "__main__":
    tell(measure)
