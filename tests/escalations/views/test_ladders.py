"""Who would be paged when: the page and the API say the same, level by level."""

from __future__ import annotations

import pytest

NIGHT = "2026-11-21T02:00:00Z"  # Saturday 03:00 in Paris


@pytest.fixture
def duty(client, company):
    client.force_login(company["duty"])
    return client


def ask(client, **asked):
    return client.get("/api/v1/ladders/preview/", asked)


def test_an_s1_wakes_everybody_level_by_level(duty):
    found = ask(duty, severity="S1", at=NIGHT).json()
    assert [(s["level"], s["at"][11:16]) for s in found["steps"]] == [
        (1, "02:00"),
        (2, "02:05"),
        (3, "02:10"),
        (4, "02:20"),
        (0, "03:00"),
    ]
    assert [p["username"] for p in found["steps"][2]["people"]] == ["duty"]


def test_an_s2_leaves_the_third_level_asleep_and_says_so(duty):
    third = next(s for s in ask(duty, severity="S2", at=NIGHT).json()["steps"] if s["level"] == 3)
    assert (third["kind"], third["people"]) == ("empty", [])
    assert third["notes"] == ["Dana Moreau sleeps until Sat 07:00 Europe/Paris"]


def test_who_wakes_within_the_time_is_paged_then(duty):
    # Level 3 is reached at 06:15 in Paris and waits an hour: Dana is paged at 07:00.
    third = next(
        s
        for s in ask(duty, severity="S2", at="2026-11-21T04:15:00Z").json()["steps"]
        if s["level"] == 3
    )
    assert [(p["username"], p["at"]) for p in third["people"]] == [("duty", "2026-11-21T06:00:00Z")]


def test_the_page_shows_it_and_bad_questions_come_back_as_sentences(duty):
    page = duty.get("/ladders/", {"severity": "2", "at": "2026-11-21T02:00"}).content.decode()
    assert "Dana Moreau sleeps until Sat 07:00 Europe/Paris" in page
    assert "This version knows" in duty.get("/ladders/", {"ladder": "gone"}).content.decode()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"severity": "S9"}, "severity"),
        ({"at": "noon"}, "at"),
        ({"at": "2026-11-21T02:00"}, "at"),
        ({"ladder": "gone"}, "ladder"),
        ({"version": "1"}, "version"),
    ],
)
def test_a_wrong_parameter_is_named(duty, asked, field):
    answer = ask(duty, **asked)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == field
