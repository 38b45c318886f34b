import copy
import json
from pathlib import Path

import pytest

from escalations.rules.worked_cases import compare, differences

CASES = Path(__file__).parents[2] / "cases"
CLOCKS = json.loads((CASES / "clocks.json").read_text())
ROSTERS = json.loads((CASES / "rosters.json").read_text())

# What went wrong in the peers, by the case that catches it (SEMANTICS 1.9).
PEER_BUGS = {
    "SLA-02": "defectdojo-11833 business days ignored",
    "SLA-10": "zammad-390 holiday feed surprises",
    "SLA-11": "osticket-6847 lunch break",
    "SLA-13": "osticket-6739 week without a Monday start",
    "SLA-16": "defectdojo-10657 no opening taken for age 0",
    "SLA-17": "billetsys-175 an hour lost over DST",
    "SLA-18": "billetsys-175 an hour gained over DST",
    "SLA-20": "otrs-787 solution time wrong at DST",
    "SLA-24": "otrs-698 endless loop where midnight repeats",
    "SLA-28": "servicenow-KB0550783 planned end while paused, glpi-24481",
    "SLA-29": "glpi-10594 weekend pause adds closed hours",
    "SLA-30": "glpi-14937 pause outside hours moves the due time",
    "SLA-31": "glpi-9082 frappe-2449 hold time added on the wall clock",
    "SLA-36": "zammad-1322 customer reply does not resume",
    "SLA-37": "chatwoot-10178 clock runs after resolve",
    "SLA-47": "glpi-6902 pause lost when priority swaps the SLA",
    "SLA-48": "glpi-15605 pause lost when priority swaps the SLA",
    "SLA-49": "glpi-9267 closed time of a reopened ticket counted",
    "SLA-50": "glpi-23359 zammad-188 reopened miscalculated",
    "SLA-51": "chatwoot-15024 miss keeps growing after resolve",
    "SLA-53": "zammad-904 zammad-4353 merged keeps escalating",
    "SLA-56": "glpi-24481 OLA and pending",
    "SLA-57": "glpi-1911 second team has no time left",
    "SLA-60": "zammad-534 calendar edit did not recalculate",
    "SLA-65": "zammad-2579 chatwoot-13392 result kept when solved",
    "SLA-66": "glpi-22678 reminder computed at midnight",
    "SLA-67": "glpi-15429 reminder sent at once after a pause",
    "SLA-70": "zammad-3140 update clock escalates after a reply",
    "R-01": "oncall-5455 fixed week lengths overlap",
    "R-02": "oncall-5247 fixed week lengths leave a gap",
    "R-06": "goalert monthly drift",
    "R-11": "oneuptime-2086 absence unseen by paging",
}


def name(case: dict) -> str:
    return f"{case['id']} {PEER_BUGS.get(case['id'], case['title'])}"


@pytest.mark.parametrize("case", CLOCKS["cases"], ids=name)
def test_a_clock_answers_as_worked_out(case):
    document = {"calendars": CLOCKS["calendars"], "cases": [case]}
    assert differences("clocks", document) == (1, len(case["checks"]), [])


@pytest.mark.parametrize("case", ROSTERS["cases"], ids=name)
def test_a_roster_answers_as_worked_out(case):
    assert differences("rosters", {"cases": [case]}) == (1, 1, [])


def test_all_cases_and_checks_are_run():
    assert differences("clocks", CLOCKS) == (73, 86, [])
    assert differences("rosters", ROSTERS) == (12, 12, [])


def test_every_clock_case_is_noticed_when_its_expectation_is_wrong():
    document = copy.deepcopy(CLOCKS)
    for case in document["cases"]:
        for check in case["checks"]:
            key = "on_time" if "on_time" in check["expected"] else "elapsed_s"
            check["expected"][key] += 1
    _, checks, found = differences("clocks", document)
    assert len(found) == checks
    assert found[0] == "SLA-01 @2026-11-17T16:00:00Z elapsed_s: expected 3601, got 3600"


def test_a_wrong_person_is_named_with_the_place():
    document = {"cases": [copy.deepcopy(ROSTERS["cases"][0])]}
    document["cases"][0]["expected"][1]["person"] = "C"
    assert differences("rosters", document)[2] == ["R-01 #2 person: expected C, got B"]


def test_a_case_that_cannot_be_run_is_a_difference_not_a_crash():
    document = {"calendars": CLOCKS["calendars"], "cases": [copy.deepcopy(CLOCKS["cases"][0])]}
    document["cases"][0]["calendar"] = "NOWHERE"
    cases, checks, found = differences("clocks", document)
    assert (cases, checks) == (1, 1)
    sentence = "CaseError: calendar: No service hours are named 'NOWHERE'."
    assert found == [f"SLA-01 @2026-11-17T16:00:00Z: {sentence}"]


def test_a_clock_not_started_answers_three_things():
    case = copy.deepcopy(CLOCKS["cases"][0])
    case["checks"] = [
        {
            "asof": "2026-11-17T14:59:59Z",
            "expected": {"run_state": "not_started", "outcome": "open", "elapsed_s": 0},
        }
    ]
    document = {"calendars": CLOCKS["calendars"], "cases": [case]}
    assert differences("clocks", document) == (1, 1, [])


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="not a kind"):
        differences("horoscopes", {})


@pytest.mark.parametrize(
    ("expected", "actual", "is_equal"),
    [
        (0.3333, 1 / 3, True),
        (0.3334, 1 / 3, False),
        (0.5, 0.5, True),
        (0.5, 0.54, False),
        (0.0, 0.0, True),
        (1.0, 0.96, False),
        (3600, 3600.999999, True),
        (3600, 3599.999999, False),
        (None, 0, False),
        (0, None, False),
        (True, 1, False),
        ([1, 2], (1, 2), True),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": None}, {}, False),
    ],
)
def test_values_are_compared_to_the_digits_given(expected, actual, is_equal):
    assert (compare(expected, actual, "") == []) is is_equal
