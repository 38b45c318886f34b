"""The pages of service hours: look, propose holidays, accept them, write a new version."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import ServiceHoursVersion
from escalations.models import ChangeRequest
from tests.accounts.services.test_service_hours import FEED

URL = "/service-hours/office/"


@pytest.fixture
def governor(company, client, travel):
    client.force_login(company["governor"])
    return client


def newest():
    return ServiceHoursVersion.objects.filter(service_hours__code="office").latest("number")


def test_a_list_and_a_week_and_a_year(governor):
    assert [row.code for row in governor.get("/service-hours/").context["rows"]] == ["office"]
    page = governor.get(f"{URL}?year=2027").context["page"]
    assert len(page.week) == 7
    assert page.week[0].words == "09:00 to 17:00"
    assert page.week[6].words == "closed"
    assert (page.year, len(page.months)) == (2027, 12)
    assert governor.get(f"{URL}?year=-5").context["page"].year == 2026


def test_holidays_are_proposed_and_close_only_what_a_person_ticks(governor):
    asked = {"country": "US", "region": "", "year": 2027}
    rows = governor.get(f"{URL}holidays/", asked).context["proposed"]["rows"]
    assert "Independence Day" in {row["name"] for row in rows}
    before = newest()
    answer = governor.post(
        f"{URL}holidays/",
        {"day": ["2027-07-05"], "effective_from": "2026-12-01T00:00", "reason": "Next year"},
    )
    assert answer.status_code == 302
    version = newest()
    assert version.number == before.number + 1
    assert version.dates == {**before.dates, "2027-07-05": []}
    assert (version.state, version.effective_from) == ("in_review", None)
    request = ChangeRequest.objects.get()
    assert request.effective_from.isoformat() == "2026-12-01T05:00:00+00:00"  # New York


def test_a_file_proposes_too(governor):
    file = SimpleUploadedFile("feed.ics", FEED)
    proposed = governor.post(f"{URL}holidays/", {"file": file}).context["proposed"]
    assert "2026-12-25" in {str(row["on"]) for row in proposed["rows"]}
    assert proposed["left_out"]
    bad = governor.post(f"{URL}holidays/", {"file": SimpleUploadedFile("x.ics", b"no")})
    assert bad.context["feed_form"].errors["file"] == ["This is not an iCalendar file."]


def test_a_new_version_is_written_as_people_write_hours(governor):
    asked = {
        "zone_name": "Europe/Paris",
        "mon": "9:00-12:00, 13:00 to 18:00",
        "fri": "22:00-06:00",
        "dates": "2026-12-25 closed\n2026-12-24 09:00-12:00\n",
        "effective_from": "2026-12-01T08:00",
        "reason": "Moved to Paris",
    }
    assert governor.post(URL, asked).status_code == 302
    version = newest()
    assert (version.zone, version.weekly) == (
        "Europe/Paris",
        {
            "mon": [["09:00", "12:00"], ["13:00", "18:00"]],
            "fri": [["22:00", "24:00"]],
            "sat": [["00:00", "06:00"]],
        },
    )
    assert version.dates == {"2026-12-25": [], "2026-12-24": [["09:00", "12:00"]]}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mon": "nine to five"}, "mon"),
        ({"mon": "09:00-17:00, 16:00-18:00"}, "__all__"),
        ({"dates": "tomorrow closed"}, "dates"),
        ({"dates": "2026-12-25 maybe"}, "dates"),
        ({"mon": ""}, "__all__"),
        ({"effective_from": "2020-01-01T00:00"}, "effective_from"),
        ({"effective_from": "9999-01-01T00:00"}, "effective_from"),
        ({"reason": ""}, "reason"),
        ({"zone_name": "Mars"}, "zone_name"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_stored(governor, change, field):
    asked = {
        "zone_name": "Europe/Paris",
        "mon": "09:00-17:00",
        "effective_from": "2026-12-01T08:00",
        "reason": "Try",
    }
    before = newest().number
    answer = governor.post(URL, asked | change)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert newest().number == before


def test_only_the_committee_publishes(company, client, travel):
    client.force_login(company["agent"])
    assert client.get(URL).status_code == 200
    assert "New version" not in client.get(URL).text
    assert client.post(URL, {}).status_code == 403
    assert client.post(f"{URL}holidays/", {"day": "2027-07-05"}).status_code == 403
    assert client.get("/service-hours/nowhere/").status_code == 404
