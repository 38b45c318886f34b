import pytest
from django.test import Client

from tests.config.lib.callers import said, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.lib.sample_api")]


def test_a_stranger_reads_401_and_how_to_sign_in(client):
    response = client.get("/api/v1/teams/")
    said(response, 401, "not_authenticated")
    assert response["WWW-Authenticate"] == "Token"


def test_a_person_without_a_role_reads_403(client):
    signed_in(client, role=None)
    said(client.get("/api/v1/teams/"), 403, "no_role")


def test_an_unknown_address_under_the_api_is_a_problem(client):
    said(client.get("/api/v1/nothing/"), 404, "not_found")
    said(client.get("/v2/nothing"), 404, "not_found")
    said(client.get("/api/"), 404, "not_found")


def test_an_unknown_page_stays_a_page(client):
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert b"Nothing here" in response.content


def test_a_wrong_method_names_the_right_ones(client):
    signed_in(client)
    response = client.delete("/api/v1/teams/")
    said(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]
    response = client.post("/api/v1/plain/")
    said(response, 405, "method_not_allowed")
    assert "GET" in response["Allow"]


def test_an_unknown_media_type_is_415(client):
    signed_in(client)
    response = client.post("/api/v1/echo/", "a=b", content_type="text/plain")
    said(response, 415, "unsupported_media_type")


def test_a_post_without_its_slash_is_not_redirected(client):
    signed_in(client)
    response = client.post("/api/v1/echo", "{}", content_type="application/json")
    said(response, 404, "missing_slash")


def test_a_forged_form_is_told_so():
    client = Client(enforce_csrf_checks=True)
    signed_in(client)
    response = client.post("/api/v1/echo/", "{}", content_type="application/json")
    said(response, 403, "csrf_failed")


def test_nested_fields_are_dotted(client):
    signed_in(client)
    response = client.post(
        "/api/v1/checked/", '{"clocks": [{"kind": "nap"}]}', content_type="application/json"
    )
    errors = said(response, 400, "invalid")["errors"]
    assert {(e["field"], e["code"]) for e in errors} == {
        ("name", "required"),
        ("clocks.0.kind", "invalid_choice"),
    }


def test_a_domain_error_keeps_its_code_and_members(client):
    signed_in(client)
    body = said(client.get("/api/v1/raises/conflict/"), 409, "illegal_move")
    assert body["allowed"] == ["close"]


def test_a_model_that_breaks_its_rules_names_the_fields(client):
    signed_in(client)
    errors = said(client.get("/api/v1/raises/model/"), 400, "invalid")["errors"]
    assert ("time_zone", "unknown_zone") in {(e["field"], e["code"]) for e in errors}
    errors = said(client.get("/api/v1/raises/plain/"), 400, "invalid")["errors"]
    assert errors == [{"field": "", "code": "nope", "detail": "No."}]


@pytest.mark.django_db(transaction=True)
def test_a_broken_constraint_is_a_conflict(client):
    signed_in(client)
    assert client.get("/api/v1/raises/unique/").status_code == 409


def test_a_record_in_use_is_a_conflict(client):
    signed_in(client)
    said(client.get("/api/v1/raises/protected/"), 409, "protected")


def test_a_fault_of_ours_says_nothing_of_its_inside():
    client = Client(raise_request_exception=False)
    signed_in(client)
    response = client.get("/api/v1/raises/bug/")
    said(response, 500, "internal_error")
    assert b"secret" not in response.content
