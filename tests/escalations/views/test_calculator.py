"""The calculator says on a page what the rules say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

URL = "/clocks/"
NY = {"hours": "new-york", "zone": "America/New_York", "clock": "resolution", "target": "4 h"}


@pytest.fixture
def ask(company, client):
    from accounts.models import ServiceHours
    from accounts.services.service_hours import publish_hours

    hours = ServiceHours.objects.create(code="new-york", name="New York")
    weekly = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    began = datetime(2020, 1, 1, tzinfo=UTC)
    said = {"zone": "America/New_York", "weekly": weekly, "dates": {}, "reason": "The first."}
    publish_hours(hours, **said, effective_from=began, by=company["governor"], at=began)
    client.force_login(company["agent"])
    return lambda **asked: client.get(URL, NY | asked)


def found(answer):
    assert answer.context["form"].errors == {}
    return answer.context["found"]


def test_friday_afternoon_is_due_on_monday_as_worked_out_in_case_02(ask):
    page = found(ask(start="2026-11-20T15:30", asof="2026-11-21T12:00"))
    assert page.headline == "Due Mon 23 Nov 2026 11:30 EST"
    assert [(day.label, day.counted) for day in page.days] == [
        ("Fri 20 Nov", "1 h 30 min"),
        ("Sat 21 Nov", "–"),
        ("Sun 22 Nov", "–"),
        ("Mon 23 Nov", "2 h 30 min"),
    ]
    assert "time stands still" in page.sentence


def test_a_wait_moves_the_due_time_as_in_case_28(ask):
    asked = {"start": "2026-11-17T10:00", "pause_1_from": "2026-11-17T11:00"}
    page = found(ask(**asked, pause_1_to="2026-11-17T13:30", asof="2026-11-17T14:00"))
    assert page.headline == "Due Tue 17 Nov 2026 16:30 EST"
    waiting = found(ask(**asked, asof="2026-11-17T12:00"))
    assert waiting.headline == "Due Tue 17 Nov 2026 15:00 EST if it went on now"


def test_a_raise_never_postpones_as_in_case_41(ask):
    asked = {"hours": "always", "zone": "UTC", "target": "8 h", "start": "2026-11-17T12:00"}
    change = {"change_at": "2026-11-17T13:00", "change_target": "2 h", "change_mode": "earliest"}
    page = found(ask(**asked, **change, asof="2026-11-17T13:05"))
    assert page.headline == "Due Tue 17 Nov 2026 15:00 UTC"


def test_business_days_are_as_long_as_the_hours_say(ask):
    page = found(ask(target="3 business days", start="2026-11-17T09:00"))
    assert ("Promise", "24 h") in [(line.label, line.text) for line in page.lines]
    assert page.headline == "Due Thu 19 Nov 2026 17:00 EST"


def test_the_hour_that_comes_twice_is_counted_twice(ask):
    asked = {"hours": "always", "zone": "America/New_York", "target": "24 h"}
    page = found(ask(**asked, start="2026-11-01T00:00"))
    assert page.headline == "Due Sun 1 Nov 2026 23:00 EST"


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({}, "start"),
        ({"start": "soon"}, "start"),
        ({"start": "2026-11-17T10:00", "target": "4"}, "target"),
        ({"start": "2026-11-17T10:00", "hours": "nowhere"}, "hours"),
        ({"start": "2026-11-17T10:00", "zone": "Mars"}, "zone"),
        ({"start": "2026-11-17T10:00", "hours": "always", "target": "2 bd"}, "target"),
        ({"start": "2026-11-17T10:00", "pause_1_to": "2026-11-17T11:00"}, "pause_1_from"),
        ({"start": "2026-11-17T10:00", "change_at": "2026-11-17T11:00"}, "change_target"),
        ({"start": "9999-12-31T23:00"}, "start"),
        ({"start": "0001-01-01T00:00"}, "start"),
        (
            {
                "start": "2026-11-17T10:00",
                "pause_1_from": "2026-11-17T12:00",
                "pause_1_to": "2026-11-17T11:00",
            },
            "pause_1_to",
        ),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(ask, asked, field):
    answer = ask(**asked)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert answer.context["found"] is None


def test_an_empty_page_asks_in_the_readers_zone(ask, company, client):
    company["agent"].time_zone = "Asia/Kathmandu"
    company["agent"].save()
    form = client.get(URL).context["form"]
    assert (form.is_bound, form.initial["zone"]) == (False, "Asia/Kathmandu")
