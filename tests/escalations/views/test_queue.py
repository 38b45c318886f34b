from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.readers import warmed

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def at_that_time(travel):
    """Pages live at `at`."""


@pytest.fixture
def reader(client, company):
    client.force_login(company["agent"])
    return client


def shown(page) -> list[int]:
    return [int(n) for n in re.findall(r'data-row="(\d+)"', page.content.decode())]


def test_anonymous_people_are_sent_to_sign_in(client):
    answer = client.get("/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/")


def test_a_person_without_a_role_is_refused_in_house_style(client, company):
    client.force_login(company["outsider"])
    for url in ("/", "/queue/rows/", "/incidents/1/", "/incidents/new/"):
        answer = client.get(url)
        assert answer.status_code == 403
        assert b"Not yours to see" in answer.content


def test_what_is_late_comes_first_then_what_is_worst(reader, company, at):
    late = open_incident(at - 600 * MINUTE, "late", severity_hint="error", facts={"users_pct": 50})
    minor = open_incident(at, "minor", account="", severity_hint="info", anchors={"business": 0})
    worst = open_incident(at, "worst", severity_hint="critical", facts=MAJOR)
    assert late.severity > worst.severity
    assert shown(reader.get("/")) == [late.number, worst.number, minor.number]


@pytest.mark.parametrize("query", ["", "?clock=late", "?q=o&severity=2", "?view=mine"])
def test_thirty_rows_cost_what_three_cost(
    reader, company, at, query, django_assert_max_num_queries, django_assert_num_queries
):
    for n in range(3):
        open_incident(at - 60 * MINUTE, f"a{n}", severity_hint="critical", facts=MAJOR)
    warmed(reader, "/" + query)
    with django_assert_max_num_queries(12) as seen:
        assert len(shown(reader.get("/" + query))) <= 3
    few = len(seen)  # the next request outside empties what was seen
    for n in range(27):
        open_incident(at - 60 * MINUTE, f"b{n}", severity_hint="critical", facts=MAJOR)
    warmed(reader, "/" + query)
    with django_assert_num_queries(few + 1):  # thirty begin a storm, which is shown
        reader.get("/" + query)


def test_search_finds_a_title_a_customer_and_a_key(reader, company, at):
    first = open_incident(at, "one", title="Payout file missing")
    second = open_incident(at, "two", title="Login loop", account="halden")
    assert shown(reader.get("/?q=payout")) == [first.number]
    assert shown(reader.get("/?q=halden")) == [second.number]
    assert shown(reader.get(f"/?q=inc-{second.number}")) == [second.number]
    assert shown(reader.get(f"/?q={first.number}")) == [first.number]


def test_filters_and_views_narrow_the_rows(reader, company, at):
    mine = open_incident(at, "mine", severity_hint="critical", facts=MAJOR)
    other = open_incident(at, "other")
    perform(mine.number, Verb.CLAIM, {}, by=company["agent"], at=at)
    perform(mine.number, Verb.PAUSE, PAUSE, by=company["agent"], at=at)
    Incident.objects.filter(pk=other.pk).update(commander=None)
    for query in ("?view=mine", "?owner=me", "?view=paused", "?clock=paused", "?severity=1"):
        assert shown(reader.get(f"/{query}")) == [mine.number], query
    for query in ("?view=no-owner", "?owner=none"):
        assert shown(reader.get(f"/{query}")) == [other.number], query


PAUSE = {"reason": "customer_wait", "awaiting": "their logs"}


@pytest.mark.parametrize(
    "query",
    [
        "?q=%00",
        "?q=%FF%FE",
        "?severity=99&owner=x&clock=%00&view=%00",
        "?at=n0-1-2-3",
        "?at=" + "9" * 4000,
        "?at=n1-9-99999999999999999-1-1-1-1",
        "?at=n0-1-1-999999999999999999-1-1-1",
        "?at=n0-1-\u0662-1-1-1-1",
        "?sort=oldest&at=n0-999999999999999999-1",
        "?saved=99999999999999999999&ladder=9&age=1y&team=none&account=%00&area=%00",
        "?q=99999999999999999999999999",
        "?q=INC-²",
        "?q=" + "x" * 3000,
    ],
)
def test_odd_addresses_are_answered(reader, company, at, query):
    open_incident(at)
    assert reader.get("/" + query).status_code == 200
    assert reader.get("/queue/rows/" + query).status_code == 200


def test_polling_answers_204_until_something_changes(reader, company, at):
    incident = open_incident(at)
    version = re.search(r'data-version="([^"]+)"', reader.get("/").content.decode())[1]
    url = reverse("queue-rows")
    assert reader.get(url, {"version": version}).status_code == 204
    perform(incident.number, Verb.NOTE, {"text": "hm"}, by=company["agent"], at=at + MINUTE)
    changed = reader.get(url, {"version": version})
    assert changed.status_code == 200
    assert shown(changed) == [incident.number]


def test_polling_keeps_the_filters(reader, company, at):
    page = reader.get("/?clock=late&view=mine").content.decode()
    assert 'data-poll-url="/queue/rows/?owner=me&amp;clock=late"' in page


def test_incidents_of_private_teams_stay_with_their_people(client, company, at):
    incident = open_incident(at)
    type(incident.team).objects.filter(pk=incident.team_id).update(is_private=True)
    client.force_login(company["steward"])
    assert shown(client.get("/")) == []
    assert client.get(f"/incidents/{incident.number}/").status_code == 404
    client.force_login(company["duty"])
    assert shown(client.get("/")) == [incident.number]


def test_due_at_closing_time_is_not_late_before_the_calendar_opens_again(company, travel, client):
    """SEMANTICS 1.2: a promise for Friday 17:00 is kept until Monday 09:00."""
    from datetime import UTC, datetime, timedelta

    from escalations.selectors.queue import queue
    from escalations.selectors.queue_filters import Asked
    from escalations.services.moves import perform
    from escalations.tasks.schedule import next_due, sweep

    monday = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)  # 09:00 in New York
    friday = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)  # 08:00: an S3 answers in 4 business hours
    incident = open_incident(friday, account="oki", facts={"users_pct": 1})
    assert incident.severity == 3
    update = incident.clocks.get(kind="cadence")  # eight business hours: Friday 17:00
    assert update.due_at == datetime(2026, 11, 20, 22, 0, tzinfo=UTC)
    assert update.late_at == monday
    perform(incident.number, Verb.ACKNOWLEDGE, {}, by=company["agent"], at=friday)
    saturday = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
    while (due := next_due()) and due <= saturday:
        sweep(due)
    page = queue(company["governor"], Asked(), saturday)
    row = next(row for row in page.rows if row.number == incident.number)
    assert (row.is_late, page.tiles.late.count) == (False, 0)
    assert row.next_clock.due_at == monday
    assert row.next_clock.status == "at_risk"
    late = monday + timedelta(minutes=1)
    while (due := next_due()) and due <= late:
        sweep(due)
    assert incident.clocks.get(kind="cadence").missed == 1
