"""The worked cases through the API, and cases that cannot be."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from rest_framework.test import APIClient

from escalations.rules.worked_cases import compare

CLOCKS = json.loads((Path(__file__).parents[2] / "cases" / "clocks.json").read_text())
URL = "/api/v1/clocks/preview/"


@pytest.fixture
def ask(company):
    client = APIClient()
    client.force_authenticate(company["agent"])
    return lambda body: client.post(URL, body, format="json")


def body_of(number: int, **changes) -> dict:
    return {**copy.deepcopy(CLOCKS["cases"][number]), "calendars": CLOCKS["calendars"], **changes}


def test_every_worked_case_answers_the_same_over_http(ask):
    found = []
    for number, case in enumerate(CLOCKS["cases"]):
        answer = ask(body_of(number))
        assert answer.status_code == 200, answer.json()
        states = answer.json()["states"]
        assert len(states) == len(case["checks"])
        for check, state in zip(case["checks"], states, strict=True):
            found += compare(check["expected"], state, case["id"])
    assert found == []


def test_service_hours_of_ours_are_known_by_their_code_and_the_reason_is_told(ask):
    body = body_of(0, calendar="always")
    state = ask(body).json()["states"][0]
    assert state["due_at"] == "2026-11-17T19:00:00Z"
    assert state["why"] == "Running: 1 h of 4 h counted. Due 17 Nov 2026 19:00 UTC."


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"clock": "wall"}, "clock", "unknown_clock"),
        ({"calendar": "NOWHERE"}, "calendar", "unknown_calendar"),
        ({"calendar": None}, "calendar", "required"),
        ({"calendar": {"tz": "Mars/Base", "weekly": {}}}, "calendar", "unknown_zone"),
        ({"calendars": []}, "calendar", "unknown_calendar"),
        ({"calendars": {"NY_BH": {"tz": "x"}}}, "calendars.NY_BH", "unknown_zone"),
        ({"calendars": "no"}, "calendars", "not_an_object"),
        ({"target_s": "4h"}, "target_s", "not_a_number"),
        ({"target_s": 0}, "target_s", "out_of_range"),
        ({"target_s": 1e300}, "target_s", "out_of_range"),
        ({"events": []}, "events", "bad_row_count"),
        ({"events": ["start"]}, "events.0", "not_an_object"),
        ({"events": [{"type": "start"}]}, "events.0.at", "not_a_time"),
        ({"events": [{"at": "2026-11-17T10:00", "type": "start"}]}, "events.0.at", "naive_time"),
        ({"events": [{"at": "9999-11-17T10:00Z", "type": "start"}]}, "events.0.at", "out_of_range"),
        (
            {"events": [{"at": "2026-11-17T10:00Z", "type": "jump"}]},
            "events.0.type",
            "unknown_value",
        ),
        (
            {"events": [{"at": "2026-11-17T10:00Z", "type": "retarget"}]},
            "events.0.target_s",
            "required",
        ),
        ({"checks": [{"asof": 5}]}, "checks.0.asof", "not_a_time"),
        ({"checks": {}}, "checks", "bad_row_count"),
        ({"options": {"reopen": "never"}}, "options.reopen", "unknown_value"),
    ],
)
def test_a_case_that_cannot_be_names_its_field(ask, change, field, code):
    answer = ask(body_of(0, **change))
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert answer.json()["errors"][0]["field"] == field


def test_a_list_is_no_case(ask):
    assert ask([1]).json()["code"] == "not_an_object"
