"""Whoever sits in a task force has its meetings in their calendar and on their shift."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
import recurring_ical_events

from accounts.models import Membership, Roster, Team
from accounts.services.calendar_feeds import make_feed
from escalations.models import Incident, TaskForce
from escalations.selectors.task_forces import next_meeting_of
from tests.factories.room_stories import acting, api, incident
from tests.factories.rooms import task_force_rule

__all__ = ["acting", "api", "incident"]  # the fixtures
pytestmark = pytest.mark.django_db
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def meets(api, incident):
    def change(**how):
        api("agent", "post", f"task-forces/{incident.number}/change/", **how)
        return TaskForce.objects.get(incident=incident)

    task_force_rule(category="another")  # whoever forms it sits in alone
    api("agent", "post", f"task-forces/{incident.number}/form/", 201)
    return change


@pytest.fixture
def calendar(client, company, at):
    def read(who="agent", roster=None):
        token = make_feed(company[who], roster, at=at)
        return icalendar.Calendar.from_ical(client.get(f"/calendars/{token}.ics").content)

    return read


def meeting_in(calendar):
    found = [each for each in calendar.walk("VEVENT") if str(each["UID"]).startswith("task-force")]
    assert len(found) <= 1
    return found[0] if found else None


def starts(calendar, first, last):
    found = recurring_ical_events.of(calendar).between(first, last)
    rows = [each for each in found if str(each["UID"]).startswith("task-force")]
    return sorted(each["DTSTART"].dt.astimezone(UTC) for each in rows)


@pytest.mark.parametrize(
    "how",
    [
        {"meeting": "daily", "meeting_at": "09:30", "meeting_zone": "America/New_York"},
        {"meeting": "every", "meeting_every_h": 4},
    ],
)
def test_the_calendar_says_each_meeting_that_the_page_says(meets, calendar, at, how):
    force = meets(bridge_url="https://bridge.example/42", **how)
    spring = datetime(2027, 3, 10, tzinfo=UTC)  # the clocks of New York change on the 14th
    for first in (at, spring):
        said, moment = [], first
        while (moment := next_meeting_of(force, moment)) < first + 8 * DAY:
            said.append(moment)
        assert starts(calendar(), first, first + 8 * DAY) == said
    event = meeting_in(calendar())
    assert str(event["SUMMARY"]) == f"Task force of {force.incident.key}"
    assert str(event["LOCATION"]) == "https://bridge.example/42"


def test_a_change_moves_the_same_event_and_the_end_ends_it(
    meets, calendar, api, company, incident, at, travel
):
    force = meets(meeting="every", meeting_every_h=4)
    before = meeting_in(calendar())
    travel.to(at + HOUR)
    meets(meeting="every", meeting_every_h=6)
    after = meeting_in(calendar())
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] > before["SEQUENCE"]
    assert after["LAST-MODIFIED"].dt == at + HOUR
    assert after["RRULE"]["INTERVAL"] == [6]
    travel.to(at + 14 * HOUR)
    api("agent", "post", f"task-forces/{incident.number}/end/")
    ended = calendar()
    assert meeting_in(ended)["SEQUENCE"] > after["SEQUENCE"]
    assert starts(ended, at, at + 3 * DAY) == [at + 6 * HOUR, at + 12 * HOUR]
    travel.to(at + 120 * DAY)
    assert meeting_in(calendar()) is None
    assert force.pk


def test_meetings_stand_on_the_shift_of_those_who_sit_and_nowhere_else(
    meets, calendar, acting, company, incident, at
):
    meets(meeting="every", meeting_every_h=4, bridge_url="tel:+49301234", add="agent2")
    Membership.objects.filter(user=company["agent2"]).update(valid_to=at)
    shift = acting("agent2").get("/my-shift/").text
    assert "Your standing meetings" in shift
    assert 'href="tel:+49301234"' in shift
    assert meeting_in(calendar("agent2"))
    assert "Your standing meetings" not in acting("senior").get("/my-shift/").text
    assert meeting_in(calendar("senior")) is None
    assert meeting_in(calendar("agent", Roster.objects.get(code="primary"))) is None
    # What somebody may not see any more is in no calendar, and nobody meets on what is over.
    Team.objects.filter(pk=incident.team_id).update(is_private=True)
    assert meeting_in(calendar("agent2")) is None
    assert meeting_in(calendar("agent"))
    Incident.objects.filter(pk=incident.pk).update(
        state="resolved", resolved_at=at + 9 * HOUR, version=99
    )
    assert starts(calendar("agent"), at, at + 3 * DAY) == [at + 4 * HOUR, at + 8 * HOUR]
    assert "Your standing meetings" not in acting("agent").get("/my-shift/").text
