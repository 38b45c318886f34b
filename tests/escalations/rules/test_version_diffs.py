"""What changes between two versions, in sentences: every value is told, and told once."""

from __future__ import annotations

from functools import partial

import pytest

from accounts.rules.hours_diff import hours_sentences
from escalations.rules.charts import number
from escalations.rules.playbook_diff import playbook_sentences
from escalations.rules.threshold_diff import threshold_sentences

LIMITS = {
    "direction": "lower",
    "mode": "static",
    "target_lo": None,
    "target_hi": 0.2,
    "warn_lo": None,
    "warn_hi": 0.4,
    "breach_lo": None,
    "breach_hi": 0.8,
    "clear_warn_lo": None,
    "clear_warn_hi": 0.35,
    "clear_breach_lo": None,
    "clear_breach_hi": 0.7,
    "warn_k": 3.5,
    "breach_k": 5.0,
    "resolution": 0.0,
    "n": 1,
    "m": 1,
    "c": 1,
    "missing": "hold",
    "lateness_s": None,
    "warn_severity": 3,
    "breach_severity": 2,
    "warn_facts": {},
    "breach_facts": {"arr_at_risk": "5.00"},
    "revenue_exposed": None,
}
OTHER = {
    "direction": "range",
    "mode": "both",
    "missing": "ok",
    "warn_severity": 1,
    "breach_severity": 1,
    "warn_facts": {"users_pct": 3},
    "breach_facts": {},
}
words = partial(number, unit="EUR")


@pytest.mark.parametrize("name", LIMITS)
def test_a_change_of_any_limit_is_told_in_one_sentence(name):
    after = LIMITS | {name: OTHER.get(name, 7)}
    found = threshold_sentences(LIMITS, after, words, sees_revenue=True)
    assert len(found) == 1 and found[0].endswith("."), found
    assert threshold_sentences(LIMITS, LIMITS, words) == ()


def test_values_that_round_alike_are_told_apart_and_revenue_is_kept_back():
    after = LIMITS | {"breach_hi": 0.80001, "revenue_exposed": "9.00", "breach_facts": {}}
    assert threshold_sentences(LIMITS, after, words) == (
        "Breach above: 0.8 becomes 0.80001.",
        "Arr at risk, known from breach on: changed.",
        "Revenue exposed: changed.",
    )


STEP = {
    "title": "Look",
    "instructions": "",
    "expected_outcome": "",
    "owner_role": "fix_lead",
    "timebox_s": 600,
    "needs_approval": False,
}
BOOK = {
    "when_to_use": "Always.",
    "hypothesis": "",
    "success_criterion": "",
    "rollback": "",
    "needs_approval": False,
    "steps": [STEP, STEP | {"title": "Act"}],
}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rollback": "Undo."}, 'How to undo it: nothing becomes "Undo.".'),
        ({"needs_approval": True}, "A run needs a second person."),
        ({"steps": [STEP]}, "Step 'Act' is removed."),
        ({"steps": [*BOOK["steps"], STEP | {"title": "Tell"}]}, "Step 'Tell' is new, in place 3."),
        ({"steps": BOOK["steps"][::-1]}, "The order becomes: Act; Look."),
        (
            {"steps": [STEP | {"timebox_s": 90}, BOOK["steps"][1]]},
            "Step 'Look', time box: 10 min becomes 1 min 30 s.",
        ),
        (
            {"steps": [STEP | {"owner_role": "backup"}, BOOK["steps"][1]]},
            'Step \'Look\', who does it: "fix_lead" becomes "backup".',
        ),
    ],
)
def test_a_change_of_a_playbook_is_told(change, sentence):
    assert playbook_sentences(BOOK, BOOK | change) == (sentence,)
    assert playbook_sentences(BOOK, BOOK) == ()


HOURS = {"tz": "UTC", "weekly": {"mon": [["09:00", "17:00"]]}, "dates": {"2026-12-25": []}}


@pytest.mark.parametrize(
    ("after", "sentence"),
    [
        (HOURS | {"tz": "Europe/Paris"}, "Time zone: UTC becomes Europe/Paris."),
        (HOURS | {"weekly": {}}, "Monday: 09:00-17:00 becomes closed."),
        (HOURS | {"dates": {}}, "2026-12-25 is a day like any other again."),
        (
            HOURS | {"dates": {"2026-12-25": [["09:00", "12:00"]]}},
            "2026-12-25: closed becomes 09:00-12:00.",
        ),
        ({"24x7": True, "tz": "UTC", "dates": HOURS["dates"]}, "Open around the clock."),
        ({"union": [HOURS, {"tz": "Asia/Tokyo"}]}, "Asia/Tokyo is counted too."),
    ],
)
def test_a_change_of_hours_is_told(after, sentence):
    assert hours_sentences(HOURS, after) == (sentence,)
    assert hours_sentences(HOURS, HOURS) == ()
