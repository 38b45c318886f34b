from __future__ import annotations

import pytest

from accounts.models import User
from escalations.models import Threshold
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


@pytest.fixture
def client(db):
    return client_of("add_kpi", "add_threshold", "change_kpi", "view_kpi", "send_signals")


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


def test_a_changed_limit_is_a_new_version_and_a_name_is_not(client):
    client.post(URL, HIGHER)
    body = client.patch(f"{URL}sales/", {"name": "Sold"}).json()
    assert (body["name"], body["version"]) == ("Sold", 1)
    body = client.patch(f"{URL}sales/", {"breach": 2.4}).json()
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
    assert client.get(URL, {"owner": "olga"}).json()["code"] == "unknown_parameter"
    first = client.get(URL, {"page_size": 1}).json()
    assert [kpi["code"] for kpi in client.get(first["next"]).json()["results"]] == ["visits"]
