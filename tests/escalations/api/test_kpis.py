from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from config.lib import clock
from escalations.models import Kpi, KpiSource, Series, Threshold
from escalations.services.change_effects import settle_change
from escalations.services.changes import approve
from tests.escalations.api.test_readings import client_of

pytestmark = pytest.mark.django_db
URL = "/api/v1/kpis/"
HIGHER = {
    "code": "sales",
    "name": "Sales",
    "direction": "higher",
    "target_lo": 3,
    "warn": 2.8,
    "breach": 2.5,
    "n": 3,
    "m": 5,
    "c": 3,
    "grain_s": 3600,
}
WRITES = ("add_kpi", "add_threshold", "change_kpi", "view_kpi")


@pytest.fixture
def client(db):
    return client_of(*WRITES, "view_revenue")


def test_a_kpi_is_made_and_read_back(client):
    User.objects.create_user("olga")
    sent = {**HIGHER, "clear_warn": 2.9, "clear_breach": 2.6, "owner": "olga", "unit": "%"}
    answer = client.post(URL, {**sent, "breach_severity": "S1", "revenue_exposed": "100.50"})
    assert answer.status_code == 201, answer.json()
    body = client.get(f"{URL}sales/").json()
    assert {name: body[name] for name in sent} == sent
    assert (body["breach_severity"], body["warn_severity"], body["version"]) == ("S1", "S3", 1)
    assert body["states"] == [] and body["warn_lo"] is None
    assert [kpi["code"] for kpi in client.get(URL).json()["results"]] == ["sales"]


def test_clear_levels_left_out_are_a_tenth_of_the_gap(client):
    body = client.post(URL, HIGHER).json()
    assert (body["clear_warn"], body["clear_breach"]) == pytest.approx((2.83, 2.53))


def test_a_range_has_both_sides(client):
    limits = {"warn_lo": 2, "warn_hi": 8, "breach_lo": 1, "breach_hi": 9}
    sent = {"code": "r", "name": "R", "direction": "range", **limits}
    body = client.post(URL, sent).json()
    assert {name: body[name] for name in limits} == limits
    assert (body["clear_warn_lo"], body["clear_warn_hi"]) == pytest.approx((2.1, 7.9))
    assert client.post(URL, {**sent, "code": "q", "warn": 3}).json()["code"] == "not_used"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"breach": 2.9}, "clear_breach"),
        ({"warn": None}, "warn"),
        ({"n": 6}, "n"),
        ({"warn": True}, "warn"),
        ({"direction": "up"}, "direction"),
        ({"owner": "nobody"}, "owner"),
        ({"colour": "red"}, "colour"),
        ({"warn_lo": 1}, "warn_lo"),
    ],
)
def test_a_bad_field_is_named(client, change, field):
    full = {**HIGHER, "clear_warn": 2.9, "clear_breach": 2.6}
    answer = client.post(URL, {**full, **change})
    assert answer.status_code == 400
    assert field in [error["field"] for error in answer.json()["errors"]]


def test_the_same_code_twice_is_refused(client):
    client.post(URL, HIGHER)
    assert client.post(URL, HIGHER).status_code in (400, 409)


@pytest.fixture
def agreed(db, travel):
    """What was asked for takes effect: one of the committee approves, and the hour passes."""
    client_of("approve_policy")
    another = User.objects.latest("pk")

    def agree(answer):
        assert answer.status_code == 200, answer.json()
        waits = approve(answer.json()["change_request"], by=another, at=clock.now())
        travel.to(waits.settle_at)
        assert settle_change(waits.pk, waits.settle_at)

    return agree


def test_a_changed_limit_waits_for_another_and_a_name_does_not(client, agreed):
    client.post(URL, HIGHER)
    body = client.patch(f"{URL}sales/", {"name": "Sold"}).json()
    assert (body["name"], body["version"]) == ("Sold", 1)
    refused = client.patch(f"{URL}sales/", {"breach": 2.4})
    assert (refused.status_code, refused.json()["code"]) == (400, "reason_missing")
    answer = client.patch(f"{URL}sales/", {"breach": 2.4, "reason": "Quieter."})
    assert (answer.json()["breach"], answer.json()["version"]) == (2.5, 1)
    agreed(answer)
    body = client.get(f"{URL}sales/").json()
    assert (body["breach"], body["warn"], body["version"]) == (2.4, 2.8, 2)
    assert list(Threshold.objects.order_by("number").values_list("breach_lo", flat=True)) == [
        2.5,
        2.4,
    ]
    assert client.patch(f"{URL}sales/", {"breach": 5}).status_code == 400


def test_writing_needs_the_rights(client):
    client.post(URL, HIGHER)
    reader = client_of("view_kpi")
    assert reader.get(f"{URL}sales/").status_code == 200
    assert reader.post(URL, HIGHER).status_code == 403
    assert reader.patch(f"{URL}sales/", {"name": "x"}).status_code == 403
    assert client.get(f"{URL}nothing/").status_code == 404


def test_the_list_is_filtered_and_a_misspelt_filter_is_refused(client):
    client.post(URL, {**HIGHER, "product_area": "ads"})
    client.post(URL, {**HIGHER, "code": "visits"})
    found = client.get(URL, {"product_area": "ads"}).json()["results"]
    assert [kpi["code"] for kpi in found] == ["sales"]
    assert client.get(URL, {"state": "breach"}).json()["results"] == []
    assert client.get(URL, {"state": "bad"}).json()["code"] == "unknown_state"
    assert client.get(URL, {"onwer": "olga"}).json()["code"] == "unknown_parameter"
    first = client.get(URL, {"page_size": 1}).json()
    assert [kpi["code"] for kpi in client.get(first["next"]).json()["results"]] == ["visits"]


# --- objective, family, sources, review --------------------------------------------------------
SOURCES = [
    {
        "name": "shop",
        "system": "Warehouse",
        "description": "Orders over sessions",
        "is_primary": True,
        "tolerance_abs": None,
        "tolerance_rel": 0.02,
    },
    {
        "name": "web",
        "system": "",
        "description": "",
        "is_primary": False,
        "tolerance_abs": 0.1,
        "tolerance_rel": None,
    },
]
DESCRIBED = {
    **HIGHER,
    "objective": "Every visitor who wants to buy can buy.",
    "family": "revenue",
    "is_critical": True,
    "time_zone": "Europe/Berlin",
    "review_every_days": 30,
    "reviewed_on": "2026-01-31",
    "sources": SOURCES,
}


def errors_of(answer):
    assert answer.status_code == 400, answer.json()
    return {(error["field"], error["code"]) for error in answer.json()["errors"]}


def test_all_that_a_kpi_declares_is_read_back(client):
    body = client.post(URL, DESCRIBED).json()
    assert {name: body[name] for name in DESCRIBED} == DESCRIBED
    assert (body["review_due_on"], body["mode"], body["is_active"]) == (
        "2026-03-02",
        "static",
        True,
    )
    assert (body["warn_k"], body["breach_k"], body["resolution"]) == (3.5, 5, 0)


def test_sources_sent_replace_all_and_the_primary_may_move(client):
    client.post(URL, DESCRIBED)
    first = KpiSource.objects.get(name="web")
    sent = [{"name": "till"}, {"name": "web", "is_primary": True}]
    body = client.patch(f"{URL}sales/", {"sources": sent}).json()
    assert [(s["name"], s["is_primary"]) for s in body["sources"]] == [
        ("till", False),
        ("web", True),
    ]
    web = KpiSource.objects.get(name="web")
    assert (web.pk, web.tolerance_abs) == (first.pk, None)
    assert web.history.count() == 2
    assert client.patch(f"{URL}sales/", {"name": "Sold"}).json()["sources"] == body["sources"]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"time_zone": "Mars/Olympus"}, ("time_zone", "unknown_zone")),
        ({"family": "luck"}, ("family", "invalid_choice")),
        ({"review_every_days": 0}, ("review_every_days", "min_value")),
        ({"reviewed_on": "2999-01-01"}, ("reviewed_on", "in_future")),
        ({"sources": [SOURCES[0], SOURCES[0]]}, ("sources.1.name", "repeated")),
        (
            {"sources": [SOURCES[0], {"name": "x", "is_primary": True}]},
            ("sources", "one_primary"),
        ),
        ({"sources": [{"name": "x", "colour": 1}]}, ("sources.0.colour", "unknown_field")),
        (
            {"sources": [{"name": "x", "tolerance_rel": 2}]},
            ("sources.0.tolerance_rel", "max_value"),
        ),
        ({"sources": [{"name": f"s{i}"} for i in range(51)]}, ("sources", "too_many")),
        ({"mode": "magic"}, ("mode", "invalid_choice")),
        ({"warn_k": 5}, ("", "invalid")),
        ({"resolution": -1}, ("", "invalid")),
        ({"breach_facts": {"users": 3}}, ("breach_facts.users", "unknown_field")),
        ({"breach_facts": {"users_pct": 101}}, ("breach_facts.users_pct", "max_value")),
        ({"unit": "orders", "target_lo": -1}, ("target_lo", "negative")),
    ],
)
def test_nothing_is_stored_of_a_kpi_with_a_bad_field(client, change, error):
    assert error in errors_of(client.post(URL, {**DESCRIBED, **change}))
    assert not Kpi.objects.exists() and not KpiSource.objects.exists()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'{"code": "a", "warn": NaN}', "bad_json"),
        (b'{"code": "a", "warn": Infinity}', "bad_json"),
        (b'{"code": "a", "warn": 1e999}', "bad_json"),
        (b'{"code": "a\xff"}', "not_utf8"),
        (b'{"code": "a", "name": "\\u0000"}', "null_character"),
        (b"[]", "not_an_object"),
    ],
)
def test_what_json_cannot_hold_is_refused(client, text, code):
    answer = client.post(URL, text, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_loss_may_be_aimed_at_and_a_negative_count_may_not(client):
    below = {"target_lo": -1, "warn": -2, "breach": -3}
    assert client.post(URL, {**HIGHER, **below, "unit": "USD"}).status_code == 201
    answer = client.post(URL, {**HIGHER, **below, "unit": "users", "code": "u"})
    assert ("target_lo", "negative") in errors_of(answer)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"family": "revenue"}, ["sales"]),
        ({"objective": "wants to BUY"}, ["sales"]),
        ({"critical": "true"}, ["sales"]),
        ({"critical": "false"}, ["visits"]),
        ({"owner": "olga"}, ["visits"]),
        ({"source": "web"}, ["sales"]),
        ({"source": "tracker"}, ["visits"]),
        ({"active": "true"}, ["sales", "visits"]),
        ({"q": "visitor buy"}, ["sales"]),
        ({"q": "VISI"}, ["sales", "visits"]),
        ({"q": "nothing"}, []),
        ({"ordering": "-code"}, ["visits", "sales"]),
        ({"ordering": "is_critical,code"}, ["visits", "sales"]),
    ],
)
def test_kpis_are_found_by(client, asked, found):
    User.objects.create_user("olga")
    client.post(URL, DESCRIBED)
    client.post(URL, {**HIGHER, "code": "visits", "owner": "olga", "is_critical": False})
    Series.objects.create(kpi=Kpi.objects.get(code="visits"), source="tracker")
    assert [kpi["code"] for kpi in client.get(URL, asked).json()["results"]] == found


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"family": "luck"}, "unknown_family"),
        ({"critical": "yes"}, "not_a_boolean"),
        ({"ordering": "owner"}, "unknown_ordering"),
    ],
)
def test_a_filter_that_means_nothing_is_refused(client, asked, code):
    assert client.get(URL, asked).json()["code"] == code


def test_a_list_of_kpis_costs_the_same_for_one_and_for_many(client):
    def cost():
        with CaptureQueriesContext(connection) as seen:
            assert client.get(URL).status_code == 200
        return len(seen)

    client.post(URL, DESCRIBED)
    few = cost()
    for number in range(12):
        client.post(URL, {**DESCRIBED, "code": f"k{number}"})
    assert cost() == few


# --- versions and learned limits ---------------------------------------------------------------
def test_a_kpi_with_learned_limits_needs_no_others(client, agreed):
    sent = {"code": "l", "name": "L", "direction": "higher", "mode": "baseline", "warn_k": 3}
    body = client.post(URL, sent).json()
    assert (body["mode"], body["warn_k"], body["warn"]) == ("baseline", 3, None)
    answer = client.patch(f"{URL}l/", {"mode": "both"})
    assert ("warn", "required") in errors_of(answer)
    answer = client.patch(f"{URL}l/", {"warn": 3})  # some limits of a side are none
    assert ("breach", "required") in errors_of(answer)
    sent = {"mode": "both", "warn": 3, "breach": 2, "reason": "Both."}
    agreed(client.patch(f"{URL}l/", sent))
    body = client.get(f"{URL}l/").json()
    assert (body["mode"], body["version"], body["clear_warn"]) == ("both", 2, pytest.approx(3.1))


def test_every_version_is_listed_the_newest_first(client, agreed):
    client.post(URL, HIGHER)
    for breach in (2.4, 2.3):
        agreed(client.patch(f"{URL}sales/", {"breach": breach, "reason": "Quieter."}))
        body = client.get(f"{URL}sales/thresholds/", {"page_size": 2}).json()
    shown = [(v["number"], v["breach"], v["is_in_force"]) for v in body["results"]]
    assert shown == [(3, 2.3, True), (2, 2.4, False)]
    assert [v["number"] for v in client.get(body["next"]).json()["results"]] == [1]
    assert client.get(f"{URL}nothing/thresholds/").status_code == 404
    assert client_of().get(f"{URL}sales/thresholds/").status_code == 403


def test_revenue_is_shown_to_and_set_by_those_who_may_see_it(client, agreed):
    facts = {"arr_at_risk": "60000.00", "core_down_no_workaround": True}
    client.post(URL, {**HIGHER, "revenue_exposed": "100.50", "breach_facts": facts})
    other = client_of(*WRITES)
    for url in (URL, f"{URL}sales/", f"{URL}sales/thresholds/"):
        assert "60000" in client.get(url).text and "100.50" in client.get(url).text
        body = other.get(url)
        assert "60000" not in body.text and "revenue_exposed" not in body.text
        assert "core_down_no_workaround" in body.text
    for sent in (
        {"revenue_exposed": None},
        {"revenue_exposed": "5"},
        {"warn_facts": {"arr_at_risk": 5}},
    ):
        answer = other.patch(f"{URL}sales/", sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "missing_right")
    sent = {"breach_facts": {"users_pct": 3}, "reason": "Few users."}
    agreed(other.patch(f"{URL}sales/", sent))
    body = client.get(f"{URL}sales/").json()
    assert body["breach_facts"] == {"arr_at_risk": "60000.00", "users_pct": "3.0000"}
    assert body["revenue_exposed"] == "100.50"
