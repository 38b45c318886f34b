"""One KPI: its series as chart, table and CSV, its known events, and the check of its data."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.models import Incident, Kpi, KpiAnnotation, Reading, Series
from escalations.services.readings import take_in
from tests.escalations.views.test_kpis import HOUR, KPI, send
from tests.factories.readers import warmed

PAGE = f"/kpis/{KPI}/"


@pytest.fixture
def as_(client, company, travel):
    def sign_in(name):
        client.force_login(company[name])
        return client

    return sign_in


def figures(client, query=""):
    text = client.get(f"{PAGE}figures.csv{query}").text
    return list(csv.DictReader(io.StringIO(text)))


def test_chart_table_and_csv_show_the_same_figures(as_, at):
    send(at, [3.2, 3.1, 2.9, 2.4, 3.3])
    reader = as_("agent")
    answer = reader.get(PAGE + "?days=1")
    page = answer.context["page"]
    rows = figures(reader, "?days=1")
    assert [row["lowest"] for row in rows] == ["3.2", "3.1", "2.9", "2.4", "3.3"]
    assert [row.lowest for row in page.table] == ["3.3", "2.4", "2.9", "3.1", "3.2"]
    assert [row.note for row in page.table] == ["", "over the limit", "", "", ""]
    assert (rows[0]["breach_lo"], rows[0]["target_lo"]) == ("2.5", "3.0")
    (_, wide), (_, narrow) = page.drawings
    assert [dot.title for dot in wide.dots] == ["2.4, 17 Nov 09:00 UTC: over the limit"]
    assert wide.path.count("L") == narrow.path.count("L") == 4
    assert "Breach 2.5" in answer.text and "style=" not in answer.text.split("<main")[1]


def test_many_readings_are_few_columns_that_keep_every_peak(as_, at):
    send(at, [3.2])
    series = Series.objects.get(kpi__code=KPI)
    minute = timedelta(minutes=1)
    values = {50: 9.5, 4000: 0.25}
    Reading.objects.bulk_create(
        Reading(series=series, at=at - minute * place, value=values.get(place, 3.2), received_at=at)
        for place in range(1, 5000)
    )
    reader = as_("agent")
    page = reader.get(PAGE + "?days=7").context["page"]
    assert page.is_grouped and len(page.table) <= 360
    assert sum(row.count for row in page.table) == 5000
    assert {"9.5", "0.25"} <= {v for row in page.table for v in (row.lowest, row.highest)}


def test_doubts_and_corrections_are_marked(as_, at):
    send(at - 2 * HOUR, [3.2, 3.2])
    row = {"kpi": KPI, "at": (at - 3 * HOUR).isoformat(), "value": 2.9}
    take_in([row], by=None, at=at)
    answer = as_("agent").get(PAGE + "?days=1")
    page = answer.context["page"]
    assert page.suspect == 1
    assert [dot.look for dot in page.drawings[0][1].dots] == ["ch-suspect"]
    assert "1 in doubt" in answer.text


def test_each_segment_has_its_own_series(as_, at):
    send(at, [3.2] * 3, segment="eu")
    send(at, [2.4] * 4, segment="us")
    reader = as_("agent")
    page = reader.get(PAGE).context["page"]
    assert (page.segment, [each.name for each in page.segments]) == ("us", ["eu", "us"])
    assert [row["lowest"] for row in figures(reader, "?segment=eu")] == ["3.2"] * 3
    assert reader.get(PAGE + "?segment=%00&days=nine").context["page"].segment == "us"


def test_the_page_costs_the_same_for_few_readings_and_for_many(as_, at):
    send(at, [2.4] * 4)
    reader = as_("kpi-owner")
    warmed(reader, PAGE)
    with CaptureQueriesContext(connection) as few:
        reader.get(PAGE)
    send(at - 4 * HOUR, [3.1, 2.4] * 60)
    warmed(reader, PAGE)
    with CaptureQueriesContext(connection) as many:
        reader.get(PAGE)
    assert len(many) == len(few) <= 45


def test_the_owner_verifies_the_data_on_the_page_of_the_kpi(as_, at, company):
    send(at, [2.4] * 4)
    incident = Incident.objects.get(kpi__code=KPI)
    owner = as_("kpi-owner")
    assert "Somebody acknowledges the incident first" in owner.get(PAGE).text
    owner.post(f"/incidents/{incident.number}/acknowledge/", {})
    form = owner.get(PAGE).context["verdict"].verify
    sent = {"outcome": "inconclusive", "next": PAGE}
    refused = owner.post(form.url, sent, follow=True)
    assert refused.redirect_chain[-1][0] == PAGE and "allback" in refused.text
    sent["fallback"] = "Treat it as real until the second source answers."
    told = owner.post(form.url, sent, follow=True)
    assert "the outcome of the check is recorded" in told.text
    assert "Inconclusive: the fallback plan counts" in told.text
    incident.refresh_from_db()
    assert (incident.verification, incident.verified_by) == ("inconclusive", company["kpi-owner"])


def test_a_known_event_is_marked_by_owner_or_steward_and_withdrawn(as_, at):
    send(at, [3.2] * 4)
    sent = {
        "kind": "promo",
        "label": "Autumn sale",
        "starts_at": "2026-11-17T08:00",
        "ends_at": "2026-11-18T08:00",
    }
    assert as_("agent").post(PAGE + "events/", sent).status_code == 403
    steward = as_("steward")
    Kpi.objects.filter(code=KPI).update(owner=None)
    page = steward.post(PAGE + "events/", sent, follow=True)
    assert "Marked" in page.text and "Autumn sale" in page.text
    event = KpiAnnotation.objects.get()
    looks = [box.look for box in page.context["page"].drawings[0][1].boxes]
    assert "ch-event" in looks
    page = steward.post(PAGE + "events/", {"withdraw": event.pk}, follow=True)
    assert "Withdrawn" in page.text and "Autumn sale" not in page.text
    assert (
        "withdrawn before"
        in steward.post(PAGE + "events/", {"withdraw": event.pk}, follow=True).text
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"ends_at": "2026-11-17T07:00"}, "ends after it starts"),
        ({"ends_at": "2027-11-17T07:00"}, "60 days at most"),
        ({"ends_at": "soon"}, "give both ends"),
        ({"label": " "}, "Say what happens"),
        ({"kind": "war"}, "Say what happens"),
        ({"withdraw": "²"}, "no such event"),
    ],
)
def test_a_bad_event_is_refused_with_what_to_do(as_, changed, sentence):
    sent = {
        "kind": "promo",
        "label": "Sale",
        "starts_at": "2026-11-17T08:00",
        "ends_at": "2026-11-18T08:00",
    }
    answer = as_("steward").post(PAGE + "events/", sent | changed, follow=True)
    assert sentence in answer.text
    assert not KpiAnnotation.objects.exists()


def test_other_limits_are_suggested_from_what_was_measured(as_, at):
    values = ([3.2] * 30 + [2.4] * 4 + [3.2] * 6 + [2.6] * 4) * 4
    send(at, values)
    answer = as_("agent").get(PAGE + "limits/")
    (side,) = answer.context["page"].sides
    now, none, *more = side.choices
    assert (now.breaches, now.breach) == (4, "2.5 %")
    assert (none.breaches, none.label) == (0, "No breach")
    assert float(none.breach.removesuffix(" %")) <= 2.4
    assert [(row.label, row.breaches, row.breach) for row in more] == [("At most 6", 4, "2.6 %")]


def test_too_few_readings_suggest_nothing(as_, at):
    send(at, [3.2] * 4)
    assert "Too few readings" in as_("agent").get(PAGE + "limits/").text


def test_a_kpi_that_is_not_there_is_not_found(as_):
    for path in ("", "figures.csv", "limits/"):
        assert as_("agent").get(f"/kpis/nothing/{path}").status_code == 404
