from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Permission
from rest_framework.test import APIClient

from accounts.models import User
from escalations.models import Reading

pytestmark = pytest.mark.django_db
URL = "/api/v1/readings/"


def client_of(*rights):
    user = User.objects.create_user("sender" + str(User.objects.count()))
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def client(sender):
    return client_of("send_signals", "view_reading")


def test_a_list_is_answered_row_by_row(client, sender):
    answer = client.post(URL, [sender.row(0, 3.1), sender.row(0, 3.1), sender.row(0, 2)])
    assert answer.status_code == 200
    assert answer.json() == {
        "results": [
            {"row": 0, "status": "stored"},
            {"row": 1, "status": "duplicate"},
            {"row": 2, "status": "suspect"},
        ],
        "stored": 1,
        "duplicate": 1,
        "revised": 0,
        "suspect": 1,
    }


def test_one_object_is_a_list_of_one(client, sender):
    assert client.post(URL, sender.row(0, 3.1)).json()["stored"] == 1


def test_a_bad_row_refuses_all(client, sender):
    answer = client.post(URL, [sender.row(0, 3.1), sender.row(1, "3")])
    assert answer.status_code == 400
    body = answer.json()
    assert body["code"] == "invalid_readings"
    assert [(e["row"], e["field"], e["code"]) for e in body["errors"]] == [
        (1, "value", "not_a_number")
    ]
    assert not Reading.objects.exists()


def test_more_than_ten_thousand_rows_are_refused(client, sender):
    answer = client.post(URL, [sender.row(0, 3.1)] * 10_001)
    assert (answer.status_code, answer.json()["code"]) == (400, "too_many_rows")


@pytest.mark.parametrize("body", ["text", 3, None, [None], [[]]])
def test_what_is_no_reading_is_refused(client, body):
    assert client.post(URL, body, format="json").status_code == 400


def test_sending_and_reading_need_their_rights(sender):
    nobody = client_of()
    assert nobody.post(URL, sender.row(0, 3)).status_code == 403
    assert nobody.get(URL).status_code == 403
    assert client_of("add_reading").post(URL, sender.row(0, 3)).status_code == 200
    assert APIClient().get(URL).status_code == 401


def test_the_list_is_newest_first_and_filtered(client, sender):
    client.post(URL, [sender.row(h, h, segment=s, channel="web") for h in range(3) for s in "ab"])
    answer = client.get(URL, {"kpi": sender.kpi.code, "segment": "a", "page_size": 2}).json()
    assert [row["value"] for row in answer["results"]] == [2, 1]
    assert [row["value"] for row in client.get(answer["next"]).json()["results"]] == [0]
    assert client.get(URL, {"kip": "sales"}).json()["code"] == "unknown_parameter"
    assert client.get(URL, {"quality": "fine"}).json()["code"] == "unknown_quality"
    period = {"from": sender.at(1).isoformat(), "to": sender.at(2).isoformat()}
    assert len(client.get(URL, period).json()["results"]) == 2
    assert client.get(URL, {"from": "then"}).status_code == 400


def test_a_reading_from_the_future_is_refused(client, sender):
    later = datetime.now(UTC) + timedelta(days=2)
    answer = client.post(URL, {"kpi": sender.kpi.code, "at": later.isoformat(), "value": 1})
    assert answer.json()["errors"][0]["code"] == "in_future"


NOT_READINGS = [
    (b'[{"kpi": "conversion", "at": "2026-03-02T00:00:00Z", "value": NaN}]', "bad_json"),
    (b'[{"kpi": "conversion", "at": "2026-03-02T00:00:00Z", "value": -Infinity}]', "bad_json"),
    (b'[{"kpi": "conversion", "at": "2026-03-02T00:00:00Z", "value": 1e400}]', "bad_json"),
    (b'[{"kpi": "conversion\\u0000", "value": 1}]', "null_character"),
    (b'[{"kpi": "conversi\xf3n", "value": 1}]', "not_utf8"),
    ('[{"kpi": "conversion"}]'.encode("utf-16"), "not_utf8"),
    (b"kpi;at;value", "bad_json"),
]


@pytest.mark.parametrize(("body", "code"), NOT_READINGS)
def test_a_body_that_is_no_json_is_refused_whole(client, body, code):
    answer = client.post(URL, body, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert not Reading.objects.exists()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": "NaN"}, ("value", "not_a_number")),
        ({"value": 10**400}, ("value", "not_finite")),
        ({"value": "=1+1"}, ("value", "not_a_number")),
        ({"value": True}, ("value", "not_a_number")),
        ({"at": "2026-03-02T00:00:00"}, ("at", "naive_time")),
        ({"at": "0001-01-01T00:00:00+14:00"}, ("at", "out_of_range")),
        ({"unit": "EUR"}, ("unit", "wrong_unit")),
        ({"unit": 3}, ("unit", "not_text")),
        ({"currency": "EUR"}, ("currency", "unknown_field")),
        ({"segment": "x" * 121}, ("segment", "too_long")),
    ],
)
def test_one_bad_row_stores_none_and_is_named(client, sender, change, error):
    answer = client.post(URL, [sender.row(1, 3.1), {**sender.row(2, 3.1), **change}])
    body = answer.json()
    assert (answer.status_code, body["code"]) == (400, "invalid_readings")
    assert [(e["row"], e["field"], e["code"]) for e in body["errors"]] == [(1, *error)]
    assert not Reading.objects.exists()


def test_the_unit_of_the_kpi_may_be_said(client, sender):
    assert client.post(URL, sender.row(1, 3.1, unit="%")).json()["stored"] == 1
    assert client.post(URL, sender.row(2, -3.1)).json()["stored"] == 1  # a value may be negative


def test_an_empty_body_and_an_empty_list_store_nothing(client):
    assert client.post(URL, b"", content_type="application/json").status_code == 400
    assert client.post(URL, []).json()["results"] == []
