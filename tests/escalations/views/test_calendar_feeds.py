"""Calendars at secret addresses: what a calendar shows is what the resolver says."""

from __future__ import annotations

import io
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events
from dateutil.tz import tzical

from accounts.models import CalendarFeed, Layer, Roster, User
from accounts.rules.observances import observances
from accounts.selectors.rosters import plan_of
from accounts.services import calendar_feeds, rosters, swaps
from accounts.services.roster_versions import NewLayer, edit_roster

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def primary(company, travel, at):
    travel.to(at)
    return Roster.objects.get(code="primary")


def read(client, token):
    answer = client.get(f"/calendars/{token}.ics")
    assert answer.status_code == 200
    return icalendar.Calendar.from_ical(answer.content)


def spans(calendar, start, end):
    """(start, end, summary) in UTC, as a reader of calendars expands them."""
    found = recurring_ical_events.of(calendar).between(start, end)
    return sorted(
        (e["DTSTART"].dt.astimezone(UTC), e["DTEND"].dt.astimezone(UTC), str(e["SUMMARY"]))
        for e in found
    )


def events(calendar):
    return {str(event["UID"]): event for event in calendar.walk("VEVENT")}


def make_odd(roster, company):
    """Two layers, windows, a stand-in whose ends fall in the hours that are odd, an absence."""
    at, duty = datetime(2026, 10, 20, 12, 0, tzinfo=UTC), company["duty"]
    nights = {day: [["22:00", "02:30"]] for day in ("sat", "sun", "wed")}
    layers = [
        NewLayer(
            "America/New_York",
            time(9),
            "week",
            (company["agent"], company["agent2"]),
            company["agent"],
        ),
        NewLayer(
            "America/New_York", time(2, 30), "day", (company["senior"], duty), duty, restrict=nights
        ),
    ]
    edit_roster(roster, layers, by=company["governor"], at=at)
    second_0130 = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)  # 01:30 for the second time
    spring = datetime(2027, 3, 14, 7, 0, tzinfo=UTC)  # 03:00, where 02:00 would have been
    for start, end in ((second_0130, second_0130 + 20 * HOUR), (spring, spring + 30 * HOUR)):
        rosters.record_override(roster, duty, start, end, by=duty, at=at)
    away = company["agent2"]
    rosters.record_absence(away, at + 30 * DAY, at + 33 * DAY, by=away, at=at)


@pytest.mark.parametrize("told", ["plain", "odd"])
def test_the_calendar_and_the_resolver_agree_at_every_instant_over_both_clock_changes(
    client, company, primary, at, told
):
    if told == "odd":
        make_odd(primary, company)
    token = calendar_feeds.make_feed(company["agent"], primary, at=at)
    calendar = read(client, token)
    first = datetime(2026, 8, 19, tzinfo=UTC)  # 90 days before today
    last = first + 270 * DAY
    found = spans(calendar, first - DAY, last + DAY)
    assert (found[0][0], found[-1][1]) == (first, last)
    plan = plan_of(primary, first, last, at)
    edges = {edge for start, end, _ in found for edge in (start, end)}
    instants = {edge + delta for edge in edges for delta in (-SECOND, timedelta(), SECOND)}
    instants |= {first + n * HOUR for n in range(270 * 24)}
    names = {person.pk: str(person) for person in User.objects.all()}
    place = 0
    for instant in sorted(i for i in instants if first <= i < last):
        while found[place][1] <= instant and place + 1 < len(found):
            place += 1
        start, end, summary = found[place]
        said = summary.split(" on call")[0] if start <= instant < end else None
        assert said == names.get(plan.on_call(instant).person), instant


def test_the_zone_rules_beside_the_events_say_the_same_instants(client, company, primary, at):
    make_odd(primary, company)
    token = calendar_feeds.make_feed(company["agent"], primary, at=at)
    text = client.get(f"/calendars/{token}.ics").content.decode()
    zone = tzical(io.StringIO(text)).get("America/New_York")
    checked = 0
    for event in icalendar.Calendar.from_ical(text).walk("VEVENT"):
        for name in ("DTSTART", "DTEND"):
            if event[name].params.get("TZID"):
                naive = event[name].dt.replace(tzinfo=None)
                assert naive.replace(tzinfo=zone).timestamp() == event[name].dt.timestamp()
                checked += 1
    assert checked > 70


@pytest.mark.parametrize(
    "name",
    [
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Europe/Dublin",
    ],
)
def test_an_onset_is_said_in_the_time_that_is_left(name):
    zone = ZoneInfo(name)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for each in observances(zone, start, start + 700 * DAY):
        for onset in each.onsets:
            at = (onset - each.offset_from).replace(tzinfo=UTC)
            assert at.astimezone(zone).utcoffset() == each.offset_to


def test_an_event_keeps_its_uid_and_counts_its_changes(client, company, primary, at, travel):
    token = calendar_feeds.make_feed(company["agent"], primary, at=at)
    before = events(read(client, token))
    again = events(read(client, token))
    assert before == again
    duty, start = company["duty"], at + 10 * DAY
    cover = rosters.record_override(primary, duty, start, start + HOUR, by=duty, at=at)
    during = events(read(client, token))
    changed = {uid for uid in before if during[uid]["SEQUENCE"] > before[uid]["SEQUENCE"]}
    assert len(changed) == 1
    (uid,) = changed
    assert during[uid]["DTEND"].dt == start
    assert set(before) < set(during)
    rosters.withdraw_override(cover, by=duty, at=at + HOUR)
    travel.to(at + HOUR)
    after = events(read(client, token))
    assert set(after) == set(before)
    assert after[uid]["SEQUENCE"] == before[uid]["SEQUENCE"] + 2
    assert after[uid]["DTEND"].dt == before[uid]["DTEND"].dt


def test_own_shifts_follow_a_swap(client, company, primary, at):
    agent = company["agent"]
    token = calendar_feeds.make_feed(agent, None, at=at)
    ahead = list(swaps.shifts_ahead(primary, at).values())
    mine, theirs = (
        next(r for r in ahead if (r.person == agent.pk) is own) for own in (True, False)
    )
    swap = swaps.ask_swap(primary, mine.key, theirs.key, by=agent, at=at)
    swaps.accept_swap(swap, by=swap.partner, at=at)
    mine_now = [
        start
        for start, _, said in spans(read(client, token), at, at + 60 * DAY)
        if "Frontline primary" in said
    ]
    assert theirs.start in mine_now
    assert mine.start not in mine_now


def test_an_unchanged_calendar_is_not_sent_again(client, company, primary, at, travel):
    url = f"/calendars/{calendar_feeds.make_feed(company['agent'], primary, at=at)}.ics"
    first = client.get(url)
    assert first["Cache-Control"] == "private, max-age=300"
    travel.to(at + HOUR)
    assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 304
    duty = company["duty"]
    rosters.record_override(primary, duty, at + DAY, at + 2 * DAY, by=duty, at=at + HOUR)
    assert client.get(url, headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_only_a_live_address_opens_and_its_log_line_hides_it(client, company, primary, at, caplog):
    agent = company["agent"]
    old = calendar_feeds.make_feed(agent, primary, at=at)
    token = calendar_feeds.make_feed(agent, primary, at=at)
    assert token not in str(list(CalendarFeed.objects.values()))
    assert client.get(f"/calendars/{old}.ics").status_code == 404
    assert client.get(f"/calendars/{token[:-1]}.ics").status_code == 404
    with caplog.at_level("INFO", logger="belay.request"):
        assert client.get(f"/calendars/{token}.ics").status_code == 200
    assert token not in caplog.text
    calendar_feeds.revoke_feed(agent, primary, at=at)
    assert client.get(f"/calendars/{token}.ics").status_code == 404
    token = calendar_feeds.make_feed(agent, primary, at=at)
    agent.is_active = False
    agent.save()
    assert client.get(f"/calendars/{token}.ics").status_code == 404


def test_the_address_is_shown_once_on_the_page_that_made_it(client, company, primary):
    client.force_login(company["agent"])
    made = client.post("/rosters/primary/calendar/")
    assert "/calendars/" in made.context["address"]
    assert made.context["address"] in made.text
    assert made.context["address"] not in client.get("/rosters/primary/").text
    own = client.post("/calendars/mine/")
    assert own.context["address"] in own.text
    client.post("/calendars/mine/", {"stop": "1"})
    client.post("/rosters/primary/revoke-calendar/")
    assert not CalendarFeed.objects.filter(revoked_at=None).exists()


def test_a_layer_of_hours_keeps_its_shifts_apart(client, company, primary, at):
    Layer.objects.filter(version__roster=primary).update(unit="hour", every=8)
    token = calendar_feeds.make_feed(company["agent"], primary, at=at)
    found = events(read(client, token))
    assert len(found) == len(list(read(client, token).walk("VEVENT"))) > 800
