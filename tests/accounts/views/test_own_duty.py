"""My calendar's address and my absences, on my profile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Absence, CalendarFeed, Roster, User
from accounts.services.calendar_feeds import make_feed
from accounts.services.rosters import record_absence

DAY = timedelta(days=1)
PROFILE = "/accounts/profile/"


@pytest.fixture
def me(client, company, travel, at):
    travel.to(at)
    client.force_login(company["agent"])
    return client


def address_in(answer):
    return answer.context["address"].partition("/calendars/")[2]


def test_the_address_is_made_shown_once_made_anew_and_revoked(me):
    first = address_in(me.post(f"{PROFILE}calendar/"))
    assert me.get(f"/calendars/{first}").status_code == 200
    assert first not in me.get(PROFILE).text
    second = address_in(me.post(f"{PROFILE}calendar/"))
    assert me.get(f"/calendars/{first}").status_code == 404
    assert me.get(f"/calendars/{second}").status_code == 200
    feed = me.get(PROFILE).context["duty"].feed
    assert me.post(f"{PROFILE}calendar/", {"stop": feed.pk}).url == PROFILE
    assert me.get(f"/calendars/{second}").status_code == 404


def test_the_address_of_one_roster_is_revoked_here_too_and_only_ones_own(me, company, at):
    primary = Roster.objects.get(code="primary")
    mine = make_feed(company["agent"], primary, at=at)
    theirs = make_feed(company["agent2"], primary, at=at)
    (feed,) = me.get(PROFILE).context["duty"].roster_feeds
    me.post(f"{PROFILE}calendar/", {"stop": feed.pk})
    assert me.get(f"/calendars/{mine}.ics").status_code == 404
    other = CalendarFeed.objects.get(user=company["agent2"])
    for key in (other.pk, "9" * 19, "9" * 40, "x", ""):
        assert me.post(f"{PROFILE}calendar/", {"stop": key}).status_code == 404
    assert me.get(f"/calendars/{theirs}.ics").status_code == 200


def test_who_sees_no_roster_makes_no_calendar(client, company):
    client.force_login(User.objects.create_user("guest"))
    assert client.post(f"{PROFILE}calendar/").status_code == 403
    assert "in your calendar" not in client.get(PROFILE).text


def test_i_am_away_and_back(me, company):
    sent = {"start": "2026-11-18T09:00", "end": "2026-11-18T17:00", "reason": "Dentist"}
    me.post(f"{PROFILE}absences/", sent)
    found = Absence.objects.get()
    assert found.start_at.isoformat() == "2026-11-18T14:00:00+00:00"
    assert "Dentist" in me.get(PROFILE).text
    me.post(f"{PROFILE}absences/", {"withdraw": found.pk})
    found.refresh_from_db()
    assert found.withdrawn_at
    assert me.get(PROFILE).context["duty"].absences == []


def test_what_lacks_is_said_and_others_absences_are_not_mine(me, company, at):
    answer = me.post(f"{PROFILE}absences/", {"start": "soon"}, follow=True)
    assert "Give date and time of both ends." in answer.text
    sam = company["agent2"]
    theirs = record_absence(sam, at + DAY, at + 2 * DAY, by=sam, at=at)
    for key in (theirs.pk, "9" * 19, "x"):
        assert me.post(f"{PROFILE}absences/", {"withdraw": key}).status_code == 404


def test_a_governor_revokes_addresses_of_others_and_never_reads_one(client, company, travel, at):
    travel.to(at)
    token = make_feed(company["agent"], None, at=at)
    feed = CalendarFeed.objects.get()
    client.force_login(company["governor"])
    page = "/admin/accounts/calendarfeed/"
    assert feed.digest not in client.get(page).text
    assert feed.digest not in client.get(f"{page}{feed.pk}/change/").text
    client.post(page, {"action": "revoke_them", "_selected_action": [feed.pk]})
    assert client.get(f"/calendars/{token}.ics").status_code == 404
    feed.refresh_from_db()
    assert feed.revoked_at == at
