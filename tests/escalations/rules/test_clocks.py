from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.rules.service_hours import ALWAYS, Calendar
from escalations.rules.clock_events import ClockEvent, Outcome, RunState
from escalations.rules.clocks import clock_state, next_wake_at
from tests.accounts.rules.minutes import ODD_DAYS, first_minute, hours_in, open_minutes
from tests.escalations.rules.stepper import BeyondTheTable, Stepper
from tests.examples import examples

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US
DAYS = 9
TICK = timedelta(microseconds=1)
NINE_TO_FIVE = Calendar.of(
    {
        "tz": "America/New_York",
        "weekly": {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")},
    }
)


def ny(text: str) -> datetime:
    """A New York wall time in winter."""
    return datetime.fromisoformat(text + "-05:00").astimezone(UTC)


def event(at: str, type_: str, seq: int = 0, **fields) -> ClockEvent:
    return ClockEvent(ny(at), type_, seq, **fields)


def state_at(at, *events, target_h=4, calendar=NINE_TO_FIVE, kind="resolution", **options):
    return clock_state(
        events,
        kind=kind,
        target_us=int(target_h * HOUR_US),
        calendar=calendar,
        at=ny(at) if isinstance(at, str) else at,
        **options,
    )


START = event("2026-11-17T10:00", "start")


@st.composite
def logs(draw, *, is_rewriting: bool):
    """Calendars, and a log of events on whole minutes. A rewriting log holds what changes the
    past (adopt_start, recompute); then limits stay plain targets, as the stepper needs."""
    zone, day = draw(st.sampled_from(ODD_DAYS))
    specs = {
        "first": draw(hours_in(zone, day)),
        "second": draw(hours_in("Europe/Berlin", day)),
        "always": {"24x7": True},
    }
    modes = ["keep_elapsed"] if is_rewriting else ["keep_elapsed", "earliest", "restart"]
    changes = ["adopt_forward", "pin", "recompute"] if is_rewriting else ["adopt_forward", "pin"]
    start = draw(st.integers(600, 2000))
    types = (
        ["pause", "resume", "pause", "resume", "customer_reply", "stop", "reopen", "retarget"]
        + ["retarget", "calendar_change"]
        + (["adopt_start", "calendar_change"] if is_rewriting else ["cancel"])
    )
    events = [{"at": start, "type": "start", "seq": 0}]
    for seq in range(1, draw(st.integers(0, 8)) + 1):
        made = {"at": start + draw(st.integers(0, 60)) * 60 + draw(st.integers(0, 2))}
        made |= {"type": draw(st.sampled_from(types)), "seq": seq}
        if made["type"] in ("pause", "resume"):
            reasons = ["customer_wait", "third_party_wait", "customer_wait", "lunch"]
            made["reason"] = draw(st.sampled_from(reasons))
        elif made["type"] == "retarget":
            made["mode"] = draw(st.sampled_from(modes))
            made["target"] = draw(st.integers(0, 1200))
            made["calendar"] = draw(st.sampled_from([None, None, *specs]))
        elif made["type"] == "calendar_change":
            made["mode"] = draw(st.sampled_from(changes))
            made["calendar"] = draw(st.sampled_from(list(specs)))
        elif made["type"] == "adopt_start":
            made["start"] = start - draw(st.integers(-60, 600))
        events.append(made)
    at = start + draw(st.integers(0, 64)) * 60 + draw(st.integers(0, 59))
    return specs, day, events, at


def compare(drawn, kind, target, reopen_mode):
    specs, day, events, at = drawn
    first = first_minute(day)
    tables = {name: open_minutes(spec, day, DAYS) for name, spec in specs.items()}
    calendars = {name: Calendar.of(spec) for name, spec in specs.items()}

    def instant(minute):
        return None if minute is None else first + timedelta(minutes=minute)

    stepper = Stepper(kind, target, tables, "first", reopen_mode)
    try:
        stepper.walk(events, at)
        live = stepper.live()
        due = stepper.due() if live else stepper.stopped_due
        breach_after = stepper.breach_after() if live else None
        warn_at = {p: stepper.when(-(-stepper.limit * p // 100)) for p in (50, 90)} if live else {}
    except BeyondTheTable:
        assume(False)
    state = clock_state(
        [
            ClockEvent(
                instant(made["at"]),
                made["type"],
                made["seq"],
                reason=made.get("reason"),
                target_us=made["target"] * MINUTE_US if "target" in made else None,
                mode=made.get("mode"),
                calendar=calendars[made["calendar"]] if made.get("calendar") else None,
                start=instant(made.get("start")),
            )
            for made in events
        ],
        kind=kind,
        target_us=target * MINUTE_US,
        calendar=calendars["first"],
        at=instant(at),
        reopen_mode=reopen_mode,
        warn_percents=(50, 90),
    )
    assert state.run_state == stepper.run_state
    assert state.elapsed_us == stepper.elapsed() * MINUTE_US
    assert state.outcome == stepper.outcome()
    assert state.in_hours == tables[stepper.calendar][at]
    assert state.waits == stepper.waits
    assert list(state.rejected_pauses) == stepper.rejected
    if stepper.run_state == "cancelled":
        return
    assert state.limit_us == stepper.limit * MINUTE_US
    assert state.breached_at == instant(stepper.missed_at)
    assert state.due_at == instant(due)
    assert state.breach_after == instant(breach_after)
    # Warnings are whole minutes only where the percentage of the limit is.
    for percent, warn in state.warn_at.items():
        if stepper.limit * percent % 100 == 0:
            assert warn == instant(warn_at[percent])


TARGETS = st.integers(0, 1500)
KINDS = st.sampled_from(["resolution", "resolution", "restore", "response"])
REOPENS = st.sampled_from(["continue", "restart"])


@examples(150)
@given(logs(is_rewriting=False), KINDS, TARGETS, REOPENS)
def test_a_clock_equals_a_minute_by_minute_walk(drawn, kind, target, reopen_mode):
    compare(drawn, kind, target, reopen_mode)


@examples(100)
@given(logs(is_rewriting=True), KINDS, TARGETS)
def test_a_clock_with_a_rewritten_past_equals_a_minute_by_minute_walk(drawn, kind, target):
    compare(drawn, kind, target, "continue")


def test_one_microsecond_over_is_missed_and_exactly_on_it_is_met():
    due = ny("2026-11-17T14:00")
    for late, outcome in ((-TICK, "met"), (timedelta(), "met"), (TICK, "missed")):
        state = state_at("2026-11-17T16:00", START, ClockEvent(due + late, "stop"))
        assert state.outcome == outcome
        assert state.remaining_us == -(late // TICK)
    assert state.breached_at == due


def test_a_running_clock_is_open_at_the_due_instant_and_missed_right_after():
    due = ny("2026-11-17T14:00")
    assert state_at(due, START).outcome is Outcome.OPEN
    assert state_at(due, START).breach_after == due
    assert state_at(due + TICK, START).outcome is Outcome.MISSED


def test_a_paused_clock_does_not_breach():
    pause = event("2026-11-17T11:00", "pause", reason="customer_wait")
    state = state_at("2027-11-17T11:00", START, pause)
    assert (state.run_state, state.outcome) == (RunState.PAUSED, Outcome.OPEN)
    assert state.projected
    assert state.paused_since == ny("2026-11-17T11:00")
    assert state.waits == {"customer_wait"}


def test_paused_since_is_when_the_first_of_overlapping_waits_began():
    log = [
        START,
        event("2026-11-17T11:00", "pause", 1, reason="customer_wait"),
        event("2026-11-17T11:30", "pause", 2, reason="third_party_wait"),
        event("2026-11-17T11:45", "customer_reply", 3),
    ]
    state = state_at("2026-11-17T12:00", *log)
    assert state.waits == {"third_party_wait"}
    assert state.paused_since == ny("2026-11-17T11:00")


def test_the_due_time_of_an_overdue_paused_clock_is_a_fact_not_a_projection():
    pause = event("2026-11-17T15:00", "pause", reason="customer_wait")
    state = state_at("2026-11-17T16:00", START, pause)
    assert (state.projected, state.due_at) == (False, ny("2026-11-17T14:00"))


@pytest.mark.parametrize("kind", ["response", "cadence"])
def test_a_clock_that_may_not_pause_says_so(kind):
    pause = event("2026-11-17T11:00", "pause", reason="customer_wait")
    state = state_at("2026-11-17T12:00", START, pause, kind=kind)
    assert state.run_state is RunState.RUNNING
    assert state.rejected_pauses == ("customer_wait",)


def test_at_one_timestamp_the_stop_is_judged_before_the_retarget_jira_add_ons():
    tighter = event("2026-11-17T12:00", "retarget", 1, target_us=HOUR_US, mode="keep_elapsed")
    state = state_at("2026-11-17T13:00", START, tighter, event("2026-11-17T12:00", "stop", 2))
    assert (state.outcome, state.target_us) == (Outcome.MET, 4 * HOUR_US)


def test_of_one_kind_at_one_timestamp_the_higher_log_id_is_last():
    one = event("2026-11-17T12:00", "retarget", 2, target_us=HOUR_US, mode="restart")
    two = event("2026-11-17T12:00", "retarget", 1, target_us=2 * HOUR_US, mode="restart")
    assert state_at("2026-11-17T12:30", START, one, two).target_us == HOUR_US


def test_events_after_at_are_unknown_and_do_not_colour_the_answer():
    stop = event("2026-11-17T12:00", "stop")
    before = state_at("2026-11-17T11:59", START, stop)
    assert before == state_at("2026-11-17T11:59", START)
    assert before.run_state is RunState.RUNNING


def test_a_clock_not_started_runs_against_nothing():
    state = state_at("2026-11-17T09:59", START)
    assert (state.run_state, state.outcome) == (RunState.NOT_STARTED, Outcome.OPEN)
    assert (state.elapsed_us, state.due_at, state.remaining_us) == (0, None, None)
    assert next_wake_at(state, ny("2026-11-17T09:59")) is None


def test_a_merged_clock_is_void_even_after_a_breach_zammad_904():
    state = state_at("2026-11-18T12:00", START, event("2026-11-17T16:00", "cancel"))
    assert (state.run_state, state.outcome) == (RunState.CANCELLED, Outcome.VOID)
    assert (state.due_at, state.breached_at, dict(state.warn_at)) == (None, None, {})


def test_a_stopped_clock_keeps_its_outcome_through_every_later_event_chatwoot_15024():
    log = [
        START,
        event("2026-11-17T12:00", "stop", 1),
        event("2026-11-17T12:30", "cancel", 2),
        event("2026-11-17T13:00", "retarget", 3, target_us=1, mode="keep_elapsed"),
        event("2026-11-17T13:00", "adopt_start", 4, start=ny("2026-11-16T09:00")),
        event("2026-11-17T13:00", "calendar_change", 5, calendar=ALWAYS, mode="recompute"),
        event("2026-11-17T13:00", "pause", 6, reason="customer_wait"),
    ]
    state = state_at("2026-12-17T12:00", *log)
    assert (state.run_state, state.outcome) == (RunState.STOPPED, Outcome.MET)
    assert (state.elapsed_us, state.due_at) == (2 * HOUR_US, ny("2026-11-17T14:00"))


def test_a_reopened_clock_takes_the_newest_hours():
    log = [
        START,
        event("2026-11-17T12:00", "stop", 1),
        event("2026-11-17T13:00", "calendar_change", 2, calendar=ALWAYS, mode="adopt_forward"),
        event("2026-11-17T20:00", "reopen", 3),
    ]
    assert state_at("2026-11-17T20:30", *log).due_at == ny("2026-11-17T22:00")


def test_a_restarted_cycle_forgets_the_breach_and_a_continued_one_does_not_zammad_188():
    log = [START, event("2026-11-17T15:00", "stop", 1), event("2026-11-18T10:00", "reopen", 2)]
    kept = state_at("2026-11-18T11:00", *log)
    fresh = state_at("2026-11-18T11:00", *log, reopen_mode="restart")
    assert (kept.outcome, kept.cycle) == (Outcome.MISSED, 1)
    assert (fresh.outcome, fresh.cycle) == (Outcome.OPEN, 2)
    assert fresh.due_at == ny("2026-11-18T14:00")


def test_business_hours_raised_to_the_clock_round_are_due_at_the_earlier_promise():
    friday = event("2026-11-20T16:00", "start")

    def raised(target_h):
        return event(
            "2026-11-20T16:30",
            "retarget",
            target_us=target_h * HOUR_US,
            mode="earliest",
            calendar=ALWAYS,
        )

    soon = state_at("2026-11-20T17:00", friday, raised(2))
    assert soon.due_at == ny("2026-11-20T18:30")
    kept = state_at("2026-11-20T17:00", friday, raised(100))
    assert kept.due_at == ny("2026-11-23T12:00")  # Friday 1 h, Monday 3 h by the old hours
    assert kept.elapsed_us == HOUR_US
    assert kept.remaining_us == (kept.due_at - ny("2026-11-20T17:00")) // TICK


def test_an_old_due_time_is_kept_though_the_new_hours_are_closed_then():
    night = event("2026-11-17T16:00", "start")
    moved = event(
        "2026-11-17T16:30",
        "retarget",
        target_us=9 * HOUR_US,
        mode="earliest",
        calendar=NINE_TO_FIVE,
    )
    state = state_at("2026-11-17T18:00", night, moved, calendar=ALWAYS)
    assert state.due_at == ny("2026-11-17T20:00")
    assert state.breach_after == ny("2026-11-18T09:00")
    assert state.outcome is Outcome.OPEN


def test_a_pause_moves_a_kept_due_time():
    log = [
        event("2026-11-17T10:00", "start"),
        event(
            "2026-11-17T11:00",
            "retarget",
            1,
            target_us=100 * HOUR_US,
            mode="earliest",
            calendar=ALWAYS,
        ),
        event("2026-11-17T12:00", "pause", 2, reason="customer_wait"),
        event("2026-11-17T13:00", "resume", 3, reason="customer_wait"),
    ]
    assert state_at("2026-11-17T11:30", *log).due_at == ny("2026-11-17T14:00")
    assert state_at("2026-11-17T13:30", *log).due_at == ny("2026-11-17T15:00")


def test_a_restarted_target_counts_from_the_change_on():
    again = event("2026-11-17T13:00", "retarget", target_us=2 * HOUR_US, mode="restart")
    state = state_at("2026-11-17T13:30", START, again)
    assert (state.due_at, state.elapsed_us) == (ny("2026-11-17T15:00"), 3.5 * HOUR_US)


def test_a_target_tightened_below_elapsed_is_broken_at_the_change():
    tighter = event("2026-11-17T13:00", "retarget", target_us=HOUR_US, mode="keep_elapsed")
    state = state_at("2026-11-17T13:00", START, tighter)
    assert (state.outcome, state.breached_at) == (Outcome.MISSED, ny("2026-11-17T13:00"))
    assert state.due_at == ny("2026-11-17T11:00")


def test_an_adopted_start_can_break_the_promise_at_the_change_only():
    earlier = event("2026-11-17T13:00", "adopt_start", start=ny("2026-11-16T09:00"))
    state = state_at("2026-11-17T13:30", START, earlier)
    assert state.breached_at == ny("2026-11-17T13:00")
    assert state.due_at == ny("2026-11-16T13:00")


def test_a_later_start_is_not_adopted():
    later = event("2026-11-17T13:00", "adopt_start", start=ny("2026-11-17T12:00"))
    assert state_at("2026-11-17T13:30", START, later) == state_at("2026-11-17T13:30", START)


def test_a_recompute_does_not_erase_a_breach():
    mornings = Calendar.of({"tz": "America/New_York", "weekly": {"tue": [["09:00", "11:00"]]}})
    repaired = event("2026-11-17T15:00", "calendar_change", calendar=mornings, mode="recompute")
    state = state_at("2026-11-17T16:00", START, repaired)
    assert state.elapsed_us == HOUR_US
    assert (state.outcome, state.breached_at) == (Outcome.MISSED, ny("2026-11-17T14:00"))


@pytest.mark.parametrize(
    "bad",
    [
        event("2026-11-17T11:00", "retarget", target_us=1, mode="sideways"),
        event("2026-11-17T11:00", "calendar_change", calendar=ALWAYS, mode="sideways"),
    ],
)
def test_a_mode_that_does_not_exist_is_refused(bad):
    with pytest.raises(ValueError, match="sideways"):
        state_at("2026-11-17T12:00", START, bad)


def test_a_sweep_wakes_for_each_warning_and_once_for_the_breach():
    wakes, now = [], ny("2026-11-17T10:00")
    for _ in range(5):
        if (wake := next_wake_at(state_at(now, START), now)) is not None:
            wakes.append(wake)
            now = wake
    due = ny("2026-11-17T14:00")
    assert wakes == [
        ny("2026-11-17T12:00"),
        ny("2026-11-17T13:00"),
        ny("2026-11-17T13:36"),
        due + TICK,
    ]
    assert state_at(wakes[-1], START).breached_at == due


def test_a_late_sweep_still_finds_the_breach():
    state = state_at("2026-11-17T13:00", START)
    assert next_wake_at(state, ny("2026-11-17T18:00")) == ny("2026-11-17T14:00") + TICK


def test_paused_broken_and_stopped_clocks_need_no_waking():
    pause = event("2026-11-17T11:00", "pause", reason="customer_wait")
    for state in (
        state_at("2026-11-17T12:00", START, pause),
        state_at("2026-11-17T15:00", START),
        state_at("2026-11-17T12:00", START, event("2026-11-17T11:00", "stop")),
    ):
        assert next_wake_at(state, ny("2026-11-17T10:00")) is None


def test_a_clock_on_hours_that_never_open_is_never_due_defectdojo_10657():
    never = Calendar.of({"tz": "UTC", "weekly": {}})
    state = state_at("2027-11-17T12:00", START, calendar=never)
    assert (state.outcome, state.due_at, state.breach_after) == (Outcome.OPEN, None, None)
    assert next_wake_at(state, ny("2026-11-17T12:00")) is None


def test_a_percentage_of_an_odd_target_is_rounded_up_to_the_microsecond():
    state = clock_state(
        [START], kind="restore", target_us=3, calendar=ALWAYS, at=START.at, warn_percents=(50,)
    )
    assert state.warn_at[50] == START.at + 2 * TICK
