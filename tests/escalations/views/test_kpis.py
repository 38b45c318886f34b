"""The overview of KPIs: the worst first, its filters, who sees revenue, and what it costs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from escalations.models import Incident, Kpi, KpiSource, KpiState, Threshold
from escalations.services.readings import take_in
from escalations.services.thresholds import check_thresholds
from tests.factories.limits import limits_since
from tests.factories.readers import warmed

HOUR = timedelta(hours=1)
KPI = "checkout-conversion"


@pytest.fixture
def reader(client, company, travel):
    client.force_login(company["agent"])
    return client


def send(at, values, kpi=KPI, **more):
    """One value an hour, the last at `at`, judged."""
    rows = [
        {"kpi": kpi, "at": (at - back * HOUR).isoformat(), "value": value, **more}
        for back, value in enumerate(reversed(values))
    ]
    assert {str(status) for status in take_in(rows, by=None, at=at)} == {"stored"}
    check_thresholds(at)


def rows(client, query=""):
    return {row.code: row for row in client.get(f"/kpis/{query}").context["page"].rows}


def test_a_kpi_in_breach_stands_first_with_its_incident_and_what_to_do(reader, at):
    send(at, [3.2] * 12 + [2.4] * 4)
    answer = reader.get("/kpis/")
    first = answer.context["page"].rows[0]
    incident = Incident.objects.get(kpi__code=KPI)
    assert (first.code, first.state.label, first.value) == (KPI, "Breach", "2.4 %")
    assert first.since == at - HOUR and first.spark.trend == "Falling"
    assert first.incident == incident and first.needs_verdict
    assert first.remedy.name == "Checkout conversion drop"
    assert incident.key in answer.text and "Verify the data first" in answer.text


def test_the_worst_segment_speaks_for_its_kpi(reader, at):
    send(at, [3.2] * 4, segment="eu")
    send(at, [2.4] * 4, segment="us")
    row = rows(reader)[KPI]
    assert (row.state.label, row.segment, row.more) == ("Breach", "us", 1)


def test_a_kpi_without_readings_says_so(reader):
    row = rows(reader)[KPI]
    assert (row.state.label, row.value, row.spark) == ("No readings yet", "–", None)


def test_each_filter_narrows_and_is_a_chip_that_takes_itself_away(reader, company, at):
    send(at, [2.4] * 4)
    Kpi.objects.filter(code="cpc").update(owner=company["agent"], team=None, objective="Elsewhere")
    KpiSource.objects.filter(kpi__code="cpc").update(name="till")
    for query, found in (
        ("?state=breach", {KPI}),
        ("?owner=me", {"cpc"}),
        ("?objective=Elsewhere", {"cpc"}),
        ("?source=till", {"cpc"}),
        ("?q=conversion", {KPI}),
        ("?state=none&owner=me", {"cpc"}),
    ):
        answer = reader.get(f"/kpis/{query}")
        assert {row.code for row in answer.context["page"].rows} == found, query
        chips = answer.context["page"].browse.chips
        assert len(chips) == query.count("=")
        assert rows(reader, chips[0].remove_url.removeprefix("/kpis/")) != {}
    team = Kpi.objects.get(code=KPI).team
    assert "cpc" not in rows(reader, f"?team={team.code}")


def test_filters_that_fit_nothing_say_how_to_go_on_and_unknown_ones_are_dropped(reader):
    assert "No KPI fits these filters" in reader.get("/kpis/?q=%00nobody").text
    assert len(rows(reader, "?state=wrong&team=%27&page=x")) == Kpi.objects.count()


def test_revenue_is_for_those_with_the_right(reader, company):
    version = Threshold.objects.get(kpi__code=KPI)
    version.revenue_exposed = 7530553
    version.save()
    Kpi.objects.filter(code="cpc").update(account=Account.objects.get(external_id="northwind"))
    arr = f"{Account.objects.get(external_id='northwind').arr:,.0f}"
    page = reader.get("/kpis/").text
    assert "7,530,553" not in page and arr not in page and "Revenue exposed" not in page
    reader.force_login(company["sponsor"])
    page = reader.get("/kpis/").text
    assert "7,530,553" in page and f"{arr} USD, all of Northwind" in page


def test_the_overview_costs_the_same_for_few_and_for_many(reader, at):
    send(at, [2.4] * 4)
    warmed(reader, "/kpis/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        reader.get("/kpis/")
    first = Kpi.objects.get(code=KPI)
    version = first.thresholds.get()
    for place in range(60):
        kpi = Kpi.objects.create(code=f"more-{place}", name="More", team=first.team)
        limits_since(
            kpi,
            at - HOUR,
            direction="higher",
            warn_lo=version.warn_lo,
            breach_lo=version.breach_lo,
            clear_warn_lo=version.clear_warn_lo,
            clear_breach_lo=version.clear_breach_lo,
        )
        KpiState.objects.create(kpi=kpi, state="breach", last_value=1.0, last_at=at)
    warmed(reader, "/kpis/")
    with CaptureQueriesContext(connection) as many:
        page = reader.get("/kpis/").context["page"]
    assert len(page.rows) == 50
    # the count of what does not fit on one page is the one query more
    assert len(many) <= len(few) + 1 <= 22
