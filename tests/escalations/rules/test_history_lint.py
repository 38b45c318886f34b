"""Promises beside what was kept, floors that never held, hours that never come round."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from accounts.rules.service_hours import Calendar
from escalations.rules.default_policy import default_policy
from escalations.rules.history_lint import History, Hours, Past, lint_history, lint_hours
from escalations.rules.policy import ClockKind, ClockTarget, Severity

AT = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
S1, S3 = Severity.S1, Severity.S3
POLICY = default_policy()
RESPONSE = ClockKind.RESPONSE
MINUTE, HOUR = 60, 3600
OFFICE = Calendar.of({"tz": "UTC", "weekly": {"mon": [["09:00", "17:00"]]}})


def past(*minutes, kept=0):
    return Past(kept, len(minutes), tuple(sorted(m * MINUTE for m in minutes)))


def response(severity, found, is_business=False):
    return History(past={(severity, RESPONSE, is_business): found})


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        (response(S1, past(*[4] * 10, kept=10)), None),
        (response(S1, past(*[6] * 9, kept=9)), None),  # nine say nothing
        (response(S1, past(*[4] * 5, *[7] * 6, kept=8)),
         ("tighter_than_half", "Response of S1 is 5 min, and half of 11 in 90 days took more than "
          "7 min.")),
        (response(S1, past(*[4] * 7, *[7] * 3, kept=10)),  # they ran under a longer target
         ("tighter_than_kept", "Response of S1 is 5 min: of 10 in 90 days 100% were in time, and "
          "70% would have been.")),
        (response(S1, past(*[5] * 10, *[6] * 0, kept=10)), None),  # on the second is in time
        (response(S1, past(*[600] * 20), is_business=True), None),  # counted otherwise: no word
        (response(S3, past(*[300] * 10), is_business=True),
         ("tighter_than_half", "Response of S3 is 4 h, and half of 10 in 90 days took more than "
          "5 h.")),
        (History(open_now=17, on_shift=2.0),
         ("more_than_hands", "17 incidents are open for 2.0 people on shift on average in the "
          "next 14 days: more than 8 each.")),
        (History(open_now=16, on_shift=2.0), None),
    ],
)  # fmt: skip
def test_what_history_says_of_a_target(history, expected):
    found = [(each.code, each.sentence) for each in lint_history(POLICY, history)]
    assert found == ([expected] if expected else [])


def test_percentiles_are_those_of_the_semantics_and_need_ten():
    found = past(3, 4, 4, 5, 6, 7, 9, 12, 20, 55, kept=8)
    assert (found.p50 / MINUTE, found.p90 / MINUTE) == (6.5, pytest.approx(23.5))
    assert past(3, 4).p90 is None
    assert Past(3, 4).share_within(5) is None, "of updates no time is known"


def test_floors_that_held_for_nobody_are_named_once_there_are_thirty_incidents():
    facts = [{"arr_at_risk": "60000", "users_pct": "12"}] * 29 + [{"uptime_breached": True}]
    (found,) = lint_history(POLICY, History(facts=facts))
    assert found.code == "floor_never_fired"
    assert found.sentence == (
        "In 90 days 5 of 9 floors held for none of 30 incidents: T3 (S1), T4 and T1 (S1), "
        "T4 and T2 (S1), T4 (S2), T5 (S2)."
    )
    assert list(lint_history(POLICY, History(facts=facts[:29]))) == []


def test_business_targets_need_hours_that_come_round():
    def codes(*hours, doc=POLICY):
        return [(f.code, f.is_error) for f in lint_hours(doc, hours, AT)]

    assert codes(Hours("Office", OFFICE, is_policy=True)) == []
    assert codes(Hours("Care", OFFICE)) == [("no_service_hours", False)]
    never = Calendar.of({"tz": "UTC", "weekly": {}})
    assert set(codes(Hours("Never", never, is_policy=True))) == {("never_due", True)}
    targets = {
        **POLICY.severities[S3].targets,
        RESPONSE: ClockTarget(RESPONSE, 8 * 53 * HOUR, is_business=True),  # of Mondays, a year
    }
    rule = replace(POLICY.severities[S3], targets=targets)
    slow = replace(POLICY, severities={**POLICY.severities, S3: rule})
    own, other = Hours("Office", OFFICE, is_policy=True), Hours("Care", OFFICE)
    assert codes(own, other, doc=slow) == [("never_due", True), ("never_due", False)]
    around = {s: replace(r, targets={}) for s, r in POLICY.severities.items()}
    assert codes(doc=replace(POLICY, severities=around)) == []
