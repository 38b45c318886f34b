"""Learned limits as the check uses them: learned once a day, read once, and never from the future."""

from __future__ import annotations

import math
import statistics
from datetime import UTC, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from escalations.models import KpiFlip, LearnedDay
from escalations.rules.reading_rows import NewReading
from escalations.services.readings import store_readings
from tests.escalations.conftest import START, Sender, make_kpi
from tests.examples import examples
from tests.factories.limits import limits_since

pytestmark = pytest.mark.django_db
LEVELS = ("target_lo", "target_hi", "warn_lo", "breach_lo", "clear_warn_lo", "clear_breach_lo")
NO_LIMITS = dict.fromkeys(LEVELS)
numbers = count()


def learner(**limits):
    kpi = make_kpi(
        f"l{next(numbers)}", **{"mode": "baseline", **NO_LIMITS, "n": 1, "m": 1, "c": 1, **limits}
    )
    return Sender(kpi)


def usual(hour):
    """A hundred by day, forty by night, and a little noise that is the same for ever."""
    return (100 if 8 <= hour % 24 < 20 else 40) + (hour * 7919 % 11) / 10


def send_hours(sender, hours, *, value=usual, at=None, **more):
    at = at or sender.at(max(hours) + 1)
    sender.send(*(sender.row(hour, value(hour), **more) for hour in hours), at=at)
    while sender.check(at):
        pass


def test_a_value_unusual_for_its_hour_is_a_breach_though_usual_at_another():
    sender = learner()
    send_hours(sender, range(24 * 10))
    assert sender.flips() == []
    send_hours(sender, [240 + 12], value=lambda hour: 40)
    assert sender.flips() == [(252, "ok", "breach")]
    send_hours(sender, [240 + 13])
    assert sender.flips()[-1] == (253, "breach", "ok")


def test_too_little_history_is_held_and_said_on_the_state():
    sender = learner()
    send_hours(sender, range(24 * 3))
    send_hours(sender, [72], value=lambda hour: 10**6)
    assert not sender.state().is_learning  # three nights are known by now
    other = learner()
    send_hours(other, [*range(48)])
    send_hours(other, [48], value=lambda hour: -(10**6))
    assert (other.state().state, other.state().is_learning) == ("ok", True)
    assert other.state().judged_to == other.at(48)


def test_with_too_little_history_both_is_judged_by_the_static_limits():
    limits = {"warn_lo": 30, "breach_lo": 20, "clear_warn_lo": 31, "clear_breach_lo": 21}
    sender = learner(mode="both", **limits)
    send_hours(sender, [0, 1, 2], value=lambda hour: 25)
    assert (sender.flips(), sender.state().is_learning) == ([(0, "ok", "warn")], False)


def queries(function):
    with CaptureQueriesContext(connection) as seen:
        function()
    return len(seen)


def test_a_static_kpi_asks_nothing_about_learned_limits(sender):
    send_hours(sender, range(30), value=lambda hour: 3.1)
    with CaptureQueriesContext(connection) as seen:
        send_hours(sender, [30], value=lambda hour: 3.1)
    assert not [query for query in seen if "learnedday" in query["sql"]]


def test_a_day_is_learned_once_and_then_read_in_one_query():
    sender = learner()
    send_hours(sender, range(24 * 9 + 1))
    rows = list(LearnedDay.objects.values_list("pk", "learned_at"))
    assert len(rows) == 10
    with CaptureQueriesContext(connection) as seen:
        send_hours(sender, [24 * 9 + 1])
    assert len([query for query in seen if "learnedday" in query["sql"]]) == 1
    assert list(LearnedDay.objects.values_list("pk", "learned_at")) == rows


def test_a_check_of_many_reads_what_they_learned_at_once():
    def cost(senders):
        for one in senders:
            send_hours(one, range(24 * 5))
        for one in senders:
            one.send(one.row(121, usual(121)), at=one.at(122))
            one.check(one.at(122))  # learns the day
        for one in senders:
            one.send(one.row(122, usual(122)), at=one.at(123))
        return queries(lambda: senders[0].check(senders[0].at(123)))

    assert cost([learner(), learner()]) == cost([learner() for _ in range(7)])


def test_a_correction_ends_the_doubt_and_opens_nothing():
    sender = learner()
    send_hours(sender, range(24 * 30))
    send_hours(sender, [720 + 12], value=lambda hour: 40)
    send_hours(sender, [720 + 13])
    rows = list(LearnedDay.objects.order_by("day").values_list("pk", "bands"))
    send_hours(sender, [720 + 12], correction=True, at=sender.at(735))
    assert sender.flips() == []
    assert KpiFlip.objects.exclude(superseded_at=None).count() == 2
    assert sender.state().state == "ok"
    assert list(LearnedDay.objects.order_by("day").values_list("pk", "bands")) == rows
    send_hours(sender, range(734, 24 * 33))
    assert sender.flips() == []


def test_a_correction_of_last_week_leaves_the_limits_that_judged_since():
    sender = learner()
    send_hours(sender, range(24 * 30))
    before = list(LearnedDay.objects.order_by("day").values_list("day", "bands"))
    hours = [24 * 22 + hour for hour in range(24)]
    send_hours(sender, hours, value=lambda hour: 55, correction=True, at=sender.at(24 * 30))
    assert list(LearnedDay.objects.order_by("day").values_list("day", "bands")) == before


def test_history_that_comes_later_teaches_the_days_that_knew_too_little():
    sender = learner()
    send_hours(sender, range(24 * 28, 24 * 29))
    send_hours(sender, [24 * 29 + 12], value=lambda hour: 40)
    assert (sender.flips(), sender.state().is_learning) == ([], True)
    send_hours(sender, range(24 * 28), at=sender.at(24 * 29 + 13))
    assert sender.flips() == [(24 * 29 + 12, "ok", "breach")]
    assert KpiFlip.objects.get(superseded_at=None).is_late
    assert not sender.state().is_learning


def test_another_zone_has_its_days_learned_anew():
    sender = learner()
    send_hours(sender, range(24 * 9))
    type(sender.kpi).objects.filter(pk=sender.kpi.pk).update(time_zone="Asia/Tokyo")
    send_hours(sender, [24 * 9])
    assert LearnedDay.objects.filter(time_zone="Asia/Tokyo").count() == 1
    assert sender.flips() == []


def test_what_was_judged_by_static_limits_stays_when_they_are_learned():
    sender = Sender(
        make_kpi(
            "turned", n=1, m=1, c=1, warn_lo=30, breach_lo=20, clear_warn_lo=31, clear_breach_lo=21
        )
    )
    send_hours(sender, range(24 * 25))
    limits_since(
        sender.kpi,
        sender.at(24 * 25),
        number=2,
        direction="higher",
        mode="baseline",
    )
    send_hours(sender, [24 * 25 + 12], value=lambda hour: 40)
    assert sender.flips() == [(24 * 25 + 12, "ok", "breach")]
    assert LearnedDay.objects.count() == 1


# --- against a slow stepper --------------------------------------------------------------------
def slow_band(points, place, zone, grain_s):
    """The band of one point, straight from the sentences of the rule."""
    wall = points[place][0].astimezone(zone)
    first = min(at.astimezone(zone).date() for at, _ in points)
    day = wall.date()
    same = {}
    for at, value in points:
        local = at.astimezone(zone)
        if local.date() >= day or (day - local.date()).days > 84:
            continue
        if grain_s >= 86_400:
            fits = local.weekday() == wall.weekday()
        elif (day - first).days >= 21:
            fits = (local.weekday(), local.hour) == (wall.weekday(), wall.hour)
        else:
            fits = local.hour == wall.hour
        if fits:
            same.setdefault(local.date(), {}).setdefault(
                local.replace(tzinfo=None, fold=0), []
            ).append(value)
    days = sorted(same)[-8:]
    if len(days) < 3:
        return None
    values = [statistics.fmean(twice) for d in days for twice in same[d].values()]
    centre = statistics.median(values)
    residuals = [value - centre for value in values]
    if len(residuals) > 1:
        lower, _, upper = statistics.quantiles(residuals, n=4, method="inclusive")
    else:
        lower = upper = residuals[0]
    mad = statistics.median(abs(r) for r in residuals)
    return centre, max(1.4826 * mad, abs(centre) / 100, (upper - lower) / 1.349)


def slow_judgement(value, direction, mode, band, static):
    """(zone, clears breach, clears warn); None when nothing can be said."""
    said = []
    if mode == "both" or mode == "static":
        low = direction in ("higher", "range")
        b, w, cb, cw = static
        zone = 2 if value < b else 1 if value < w else 0
        said.append((zone, value >= cb, value >= cw) if low else (0, True, True))
    if mode != "static" and band is not None:
        centre, spread = band
        off = value - centre
        off = {"higher": -off, "lower": off, "range": abs(off)}[direction]
        zone = 2 if off > 5 * spread else 1 if off > 3.5 * spread else 0
        said.append((zone, zone == 0, zone == 0))
    if not said:
        return None
    return max(s[0] for s in said), all(s[1] for s in said), all(s[2] for s in said)


def slow_flips(points, judge, n, m, c):
    state, zones, runs, flips = "ok", [], [0, 0], []
    for place, (at, value) in enumerate(points):
        found = judge(place, value)
        if found is None:
            continue
        zone, clears_breach, clears_warn = found
        before = state
        runs[1] = runs[1] + 1 if clears_warn else 0
        if state == "breach":
            runs[0] = runs[0] + 1 if clears_breach else 0
            if not clears_breach:
                runs[1] = 0
            if runs[0] >= c:
                state, zones = ("ok" if runs[1] >= c else "warn"), []
        else:
            zones = [*zones, zone][-m:]
            if zone and sum(z == 2 for z in zones) >= n:
                state = "breach"
            elif state == "ok" and zone and sum(z > 0 for z in zones) >= n:
                state = "warn"
            elif state == "warn" and runs[1] >= c:
                state, zones = "ok", []
        if state != before:
            runs = [0, 0]
            if state == "breach":
                zones = []
            flips.append((at, before, state))
    return flips


@settings(examples(12), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_learned_limits_judge_as_the_slow_stepper_does(db, data):
    draw = data.draw
    mode = draw(st.sampled_from(["baseline", "both"]))
    direction = draw(
        st.sampled_from(["higher", "lower", "range"] if mode == "baseline" else ["higher"])
    )
    zone = draw(
        st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe"])
    )
    grain_h = draw(st.sampled_from([1, 5, 24]))
    m = draw(st.integers(1, 4))
    n, c = draw(st.integers(1, m)), draw(st.integers(1, 3))
    static = (20, 30, 25, 35)
    limits = {"n": n, "m": m, "c": c, "mode": mode, "direction": direction}
    if mode == "both":
        limits |= dict(
            zip(("breach_lo", "warn_lo", "clear_breach_lo", "clear_warn_lo"), static, strict=True)
        )
    sender = learner(**limits)
    sender.kpi.time_zone, sender.kpi.grain_s = zone, grain_h * 3600
    sender.kpi.save()
    hours = range(0, {1: 24 * 33, 5: 24 * 45, 24: 24 * 80}[grain_h], grain_h)
    values = {hour: usual(hour) + hour % 3 for hour in hours}
    for hour in draw(st.sets(st.sampled_from(hours), max_size=25)):
        values[hour] = draw(st.sampled_from([0.0, 22.0, 33.0, 41.0, 98.0, 105.0, 300.0]))
    for hour in draw(st.sets(st.sampled_from(hours), max_size=25)):
        values.pop(hour)
    points = [(START + timedelta(hours=hour), value) for hour, value in sorted(values.items())]
    cut = draw(st.integers(0, len(points)))
    now = points[-1][0] + timedelta(hours=1)
    for part in (points[:cut], points[cut:]):
        store_readings(
            [NewReading(sender.kpi.code, at, value) for at, value in part], by=None, at=now
        )
        sender.check(now)

    def judge(place, value):
        band = slow_band(points, place, ZoneInfo(zone), grain_h * 3600)
        return slow_judgement(value, direction, mode, band, static)

    rows = KpiFlip.objects.filter(kpi=sender.kpi, superseded_at=None).order_by("at", "id")
    found = [(flip.at, flip.from_state, flip.to_state) for flip in rows]
    assert found == slow_flips(points, judge, n, m, c)


def test_the_stepper_and_the_rule_know_the_worked_bucket():
    values = [980, 1010, 995, 1002, 1600, 990]
    points = [
        (datetime(2026, 3, 2, 9, tzinfo=UTC) + timedelta(days=d), v)
        for d, v in enumerate([*values, 0])
    ]
    centre, spread = slow_band(points, 6, ZoneInfo("UTC"), 3600)
    assert centre == 998.5 and math.isclose(spread, 14.826)
