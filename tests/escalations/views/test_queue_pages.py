"""The pages of a queue: every row once, in its order, wherever one goes on or back."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest
from django.db import connection

from escalations.models import Incident
from escalations.models.incidents import OPEN
from escalations.selectors import queue as queue_page
from escalations.selectors.queue import queue
from escalations.selectors.queue_filters import Asked
from tests.factories.incidents import open_incident

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
MANY = 43


@pytest.fixture(autouse=True)
def at_that_time(travel):
    """Pages live at `at`."""


@pytest.fixture
def many(company, at):
    """Rows of which some share everything but the number, some have no deadline, some are late."""
    one = open_incident(at)
    draw = random.Random(5)
    for n in range(MANY - 1):
        one.number, one.dedup_key = None, f"copy-{n}"
        one._state.adding = True
        one.skip_history_when_saving = True
        one.severity = draw.choice((1, 2, 3))
        one.next_due_at = draw.choice((None, at + MINUTE, at + 5 * MINUTE, at - MINUTE))
        one.next_late_at = one.next_due_at
        one.has_missed = draw.choice((True, False, False))
        one.score_bp = draw.choice((5000, 6000))
        one.opened_at = at - draw.choice((1, 2, 3)) * MINUTE
        one.save()
    return list(Incident.objects.all())


def in_order(rows, at, sort):
    """The same order, said in Python (SEMANTICS 4.1)."""
    endless = at + timedelta(days=999)

    def key(row):
        is_late = row.has_missed or bool(row.next_late_at and row.next_late_at <= at)
        due = row.next_due_at or endless
        by = {
            "": (row.severity, due, -row.score_bp, -row.priority_bp, row.received_at),
            "deadline": (due, row.severity, -row.score_bp, -row.priority_bp),
            "oldest": (row.opened_at,),
        }
        return (not is_late, *by[sort], row.number)

    return [row.number for row in sorted(rows, key=key)]


@pytest.mark.parametrize("sort", ["", "deadline", "oldest"])
@pytest.mark.parametrize("cap", [1000, 3])  # few enough to be sorted, or read by ranges
@pytest.mark.parametrize("q", ["", "checkout"])
def test_every_row_comes_once_in_its_order_and_back(company, many, at, monkeypatch, sort, cap, q):
    monkeypatch.setattr(queue_page, "PAGE", 5)
    monkeypatch.setattr(queue_page, "CAP", cap)
    Incident.objects.update(title="The checkout fails")
    expected = in_order(many, at, sort)
    page = queue(company["agent"], Asked(sort=sort, q=q), at)
    assert not page.prev_url
    seen, pages = [row.number for row in page.rows], [page]
    while page.next_url:
        page = queue(company["agent"], _asked(page.next_url), at)
        seen += [row.number for row in page.rows]
        pages.append(page)
    assert seen == expected
    assert len(pages) == 9
    back = []
    while page.prev_url:
        page = queue(company["agent"], _asked(page.prev_url), at)
        back.insert(0, [row.number for row in page.rows])
    assert back == [[row.number for row in each.rows] for each in pages[:-1]]


def _asked(url):
    from django.http import QueryDict

    return Asked.of(QueryDict(url.partition("?")[2]))


def test_a_page_that_is_not_known_is_the_first_and_says_so(client, company, many):
    client.force_login(company["agent"])
    page = client.get("/?at=n0-nonsense")
    assert page.status_code == 200
    assert "That page is not known. This is the first one." in page.content.decode()
    assert "not known" not in client.get("/").content.decode()


def test_fifty_rows_make_a_page(client, company, many, at):
    client.force_login(company["agent"])
    for n in range(8):
        open_incident(at, f"k{n}", account="")
    first = client.get("/").content.decode()
    assert len(re.findall("data-row=", first)) == 50
    following = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = client.get(following).content.decode()
    assert len(re.findall("data-row=", second)) == 1
    back = re.search(r'rel="prev" href="([^"]+)"', second)[1].replace("&amp;", "&")
    again = client.get(back).content.decode()
    assert re.findall(r'data-row="(\d+)"', again) == re.findall(r'data-row="(\d+)"', first)


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("severity=1&severity=3", {"severity": ("1", "3")}),
        ("severity=3,1,9", {"severity": ("1", "3")}),
        ("state=closed", {}),
        ("state=new&kind=kpi", {"state": ("new",), "kind": ("kpi",)}),
        ("view=no-owner", {"owner": "none"}),
        ("owner=nobody-here", {}),
        ("owner=agent2&team=frontline", {"owner": "agent2", "team": "frontline"}),
        ("team=unknown&account=unknown", {}),
        ("account=northwind&age=1d", {"account": "northwind", "age": "1d"}),
        ("ladder=2&area=cards", {"area": "cards", "ladder": "2"}),
        ("clock=late&nonsense=1", {"clock": "late"}),
    ],
)
def test_the_address_holds_the_filters_and_nothing_unknown(company, at, query, asked):
    from django.http import QueryDict

    page = queue(company["agent"], Asked.of(QueryDict(query)), at)
    assert page.asked.filters == asked
    assert queue(company["agent"], _asked(page.asked.url()), at).asked == page.asked


def test_counts_stop_at_a_thousand(company, many, at, monkeypatch):
    monkeypatch.setattr(queue_page, "CAP", 10)
    page = queue(company["agent"], Asked(), at)
    assert (page.total, page.tiles.open.is_capped) == ("10+", True)


def test_the_open_ones_are_named_in_the_statement_as_their_indexes_name_them(company, many, at):
    """SQLite takes a partial index only where its words stand in the statement themselves."""
    seen = []

    def note(execute, sql, params, is_many, context):
        seen.append(sql)
        return execute(sql, params, is_many, context)

    with connection.execute_wrapper(note):
        queue(company["agent"], Asked(area="cards", q="checkout"), at)
    of_incidents = [sql for sql in seen if f"\"state\" IN ('{OPEN[0]}', " in sql]
    assert len(of_incidents) == 2  # the counts, and the rows of the page
    assert all(sql.count('"drill_id" IS NULL') <= sql.count("IN ('") for sql in of_incidents)


def test_only_plain_words_are_written_into_a_statement():
    with pytest.raises(ValueError, match="not plain words"):
        str(Incident.objects.filter(state__among=["new') --"]).query)


def test_a_statement_that_is_worded_already_is_asked_as_of_another_time(company, at):
    incident = open_incident(at)
    due = at + 20 * MINUTE
    Incident.objects.filter(pk=incident.pk).update(next_late_at=due, opened_at=at)

    def counts(moment):
        page = queue(company["agent"], Asked(age="1h"), moment)
        return {view.label: view.count for view in page.views}["Due in 30 min"], len(page.rows)

    for moment, expected in (
        (at - 11 * MINUTE, ("0", 0)),
        (at, ("1", 0)),
        (due, ("0", 0)),
        (at + 60 * MINUTE, ("0", 1)),
        (at, ("1", 0)),
    ):
        assert counts(moment) == expected, moment
    assert queue(company["agent"], Asked(clock="late"), due).rows
    assert not queue(company["agent"], Asked(clock="late"), at).rows
