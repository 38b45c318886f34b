"""KPIs on the governance pages: what is asked for, reviewed and looked for."""

from __future__ import annotations

from datetime import date

import pytest

from escalations.models import Kpi, Threshold
from tests.governance.test_pages import address

EMPTY_FORMSET = {"TOTAL_FORMS": "0", "INITIAL_FORMS": "0"}
ONE_FORM = {"TOTAL_FORMS": "1", "INITIAL_FORMS": "0"}
NEW_KPI = {
    "name": "Baskets",
    "code": "baskets",
    "objective": "Visitors fill their baskets.",
    "family": "revenue",
    "is_critical": "on",
    "is_active": "on",
    "unit": "count",
    "grain_s": "3600",
    "time_zone": "Europe/Berlin",
    "review_every_days": "30",
    "change_reason": "New",
}
LIMITS = {
    "mode": "baseline",
    "direction": "higher",
    "warn_k": "3.5",
    "breach_k": "5",
    "resolution": "0",
    "n": "1",
    "m": "1",
    "c": "1",
    "missing": "hold",
    "warn_severity": "3",
    "breach_severity": "2",
    "warn_facts": "{}",
    "breach_facts": '{"users_pct": 12}',
}


def form(prefix, row=None, **more):
    count = EMPTY_FORMSET if row is None else ONE_FORM
    values = {f"{prefix}-{name}": value for name, value in count.items()}
    return values | {f"{prefix}-0-{name}": value for name, value in (row or {}).items()} | more


def new_kpi(**changes):
    source = {"name": "shop", "is_primary": "on"}
    limits = {k.removeprefix("limit_"): v for k, v in changes.items() if k.startswith("limit_")}
    fields = {k: v for k, v in changes.items() if not k.startswith("limit_")}
    return {**NEW_KPI, **fields} | form("thresholds", LIMITS | limits) | form("sources", source)


def test_a_kpi_is_made_with_its_learned_limits_and_its_source(governor):
    page = governor.post(address(Kpi, "add"), new_kpi())
    assert page.status_code == 302, page.context["errors"]
    kpi = Kpi.objects.get(code="baskets")
    assert (kpi.family, kpi.is_critical, kpi.time_zone) == ("revenue", True, "Europe/Berlin")
    version = kpi.thresholds.get()
    assert (version.mode, version.breach_facts) == ("baseline", {"users_pct": 12})
    assert kpi.sources.get().history.get().history_change_reason == "New"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"time_zone": "Mars"}, "is no time zone"),
        ({"limit_mode": "both"}, "This field is required"),
        ({"limit_breach_facts": '{"users": 1}'}, "There is no fact"),
        ({"limit_target_lo": "-1"}, "count is never below 0"),
        ({"limit_target_lo": "NaN"}, "Enter a number"),
        ({"limit_warn_k": "inf"}, "Enter a number"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(governor, change, said):
    page = governor.post(address(Kpi, "add"), new_kpi(**change))
    assert page.status_code == 200
    assert said in page.text.replace("&#x27;", "'")
    assert not Kpi.objects.filter(code="baskets").exists()


def test_marking_as_reviewed_dates_and_records_it(governor, governed):
    url = address(Kpi, "changelist")
    Kpi.objects.update(reviewed_on=None)
    assert "never reviewed" in governor.get(url).text
    picked = list(Kpi.objects.values_list("pk", flat=True)[:2])
    sent = {"action": "mark_as_reviewed", "_selected_action": picked}
    page = governor.post(url, sent, follow=True)
    assert "2 KPIs are marked as reviewed today" in page.text
    kpi = Kpi.objects.get(pk=picked[0])
    assert kpi.reviewed_on == date(2026, 11, 17)
    last = kpi.history.first()
    assert (last.history_change_reason, last.history_user) == ("Reviewed", governed["governor"])
    assert Kpi.objects.filter(reviewed_on=None).count() == Kpi.objects.count() - 2


def test_kpis_are_filtered_by_family_weight_team_and_use(governor):
    Kpi.objects.filter(code="cpc").update(family="growth", is_critical=True)
    url = address(Kpi, "changelist")
    for asked in ("family__exact=growth", "is_critical__exact=1", "is_active__exact=1"):
        assert "Cost per click" in governor.get(f"{url}?{asked}").text, asked
    assert "Cost per click" not in governor.get(f"{url}?family__exact=risk").text


def test_the_declared_facts_are_for_those_who_may_see_revenue(governed, governor, client):
    Threshold.objects.update(breach_facts={"arr_at_risk": 7654321})
    url = address(Threshold, "change", Threshold.objects.first().pk)
    assert "7654321" in governor.get(url).text
    staff = governed["kpi-owner"]
    staff.is_staff = True
    staff.save()
    client.force_login(staff)
    page = client.get(url)
    assert page.status_code == 200 and "7654321" not in page.text
