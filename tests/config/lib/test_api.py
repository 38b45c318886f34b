from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team, User
from tests.config.lib.callers import said, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.lib.sample_api")]
START = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def caller(client):
    signed_in(client)
    return client


def post(client, body, url="/api/v1/echo/", kind="application/json"):
    return client.post(url, body, content_type=kind)


def teams(count, *, same_name=False):
    for index in range(count):
        team = Team.objects.create(code=f"t{index}", name="Same" if same_name else f"N{index:03}")
        Team.objects.filter(pk=team.pk).update(
            created_at=START + timedelta(microseconds=index // 3)
        )


def walk(client, url, link="next"):
    """Codes of all pages in order, and the URL of the last page."""
    codes = []
    while url:
        body = client.get(url).json()
        page = [row["code"] for row in body["results"]]
        codes = codes + page if link == "next" else page + codes
        assert len(codes) <= 100, "the pages go in circles"
        last, url = url, body[link]
    return codes, last


@pytest.mark.parametrize("ordering", ["created_at", "-created_at", "name", "lead", "-lead"])
@pytest.mark.parametrize("page_size", [1, 4, 7, 20])
def test_pages_show_every_row_once_in_order_both_ways(caller, ordering, page_size):
    teams(14, same_name=True)
    leads = [User.objects.create_user(f"lead{i}") for i in range(2)]
    for index in (3, 4, 5, 9):
        Team.objects.filter(code=f"t{index}").update(lead=leads[index % 2])
    whole, _ = walk(caller, f"/api/v1/teams/?ordering={ordering}&page_size=500")
    forth, last = walk(caller, f"/api/v1/teams/?ordering={ordering}&page_size={page_size}")
    assert len(set(whole)) == 14
    assert forth == whole
    back, _ = walk(caller, last, "previous")
    assert back == whole


def test_a_row_that_comes_in_does_not_shift_the_next_page(caller):
    teams(6)
    first = caller.get("/api/v1/teams/?ordering=-created_at&page_size=3").json()
    Team.objects.create(code="newest", name="Newest")
    second = caller.get(first["next"]).json()
    codes = [row["code"] for row in first["results"] + second["results"]]
    assert sorted(codes) == [f"t{i}" for i in range(6)]


def test_a_page_has_at_most_500_rows(caller):
    Team.objects.bulk_create(Team(code=f"c{i}", name="x") for i in range(510))
    assert len(caller.get("/api/v1/teams/?page_size=9999").json()["results"]) == 500
    said(caller.get("/api/v1/teams/?page_size=0"), 400, "bad_page_size")
    said(caller.get("/api/v1/teams/?page_size=many"), 400, "bad_page_size")


@pytest.mark.parametrize(
    "ordering", ["code", "lead__password", "name,name", "--name", "-", "name,"]
)
def test_an_ordering_outside_the_list_is_refused(caller, ordering):
    said(caller.get("/api/v1/teams/", {"ordering": ordering}), 400, "unknown_ordering")


@pytest.mark.parametrize("cursor", ["x", "W10=", "é", "W1tdLCJuIixbXV0=", "[" * 3000, ""])
def test_a_bad_cursor_is_refused(caller, cursor):
    said(caller.get("/api/v1/teams/", {"cursor": cursor}), 400, "bad_cursor")


def test_a_cursor_belongs_to_its_ordering(caller):
    teams(3)
    link = caller.get("/api/v1/teams/?ordering=name&page_size=1").json()["next"]
    said(caller.get(link.replace("ordering=name", "ordering=-name")), 400, "bad_cursor")


def test_a_misspelt_filter_is_refused(caller):
    body = said(caller.get("/api/v1/teams/?nmae=x"), 400, "unknown_parameter")
    assert body["errors"][0]["field"] == "nmae"
    assert caller.get("/api/v1/teams/?name=x").status_code == 200
    said(caller.post("/api/v1/echo/?name=x"), 400, "unknown_parameter")


def test_nul_in_a_parameter_is_refused(caller):
    said(caller.get("/api/v1/teams/", {"name": "a\x00b"}), 400, "null_character")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ('{"a": NaN}', "bad_json"),
        ('{"a": -Infinity}', "bad_json"),
        ('{"a": 1e999}', "bad_json"),
        ('{"a": ', "bad_json"),
        ("", None),
        ('{"a": 1, "a": 2}', None),
        ('{"a": "x\\u0000y"}', "null_character"),
        ('{"x\\u0000y": [1]}', "null_character"),
        ('{"a": "\\\\u0000 in words"}', None),
        ('{"a": "\\ud800"}', "not_unicode"),
        ('{"a": "\\ud83d\\ude00"}', None),
        (b'{"a": "\xff"}', "not_utf8"),
        ("[" * 100_000, "too_deep"),
        ('{"a":' * 40 + "1" + "}" * 40, "too_deep"),
        ('{"a":' * 20 + "1" + "}" * 20, None),
        ("[]", "not_an_object"),
        ('"a"', "not_an_object"),
        ("9" * 5000, "bad_json"),
    ],
)
def test_json_is_taken_strictly(caller, body, code):
    response = post(caller, body)
    if code is None:
        assert response.status_code == 200, response.content
    else:
        said(response, 400, code)


def test_rows_come_as_one_object_or_a_list(caller):
    url = "/api/v1/readings/"
    assert post(caller, "{}", url).json() == {"rows": 1}
    assert post(caller, "[{}, {}, {}]", url).json() == {"rows": 3}
    said(post(caller, "[{}, {}, {}, {}]", url), 400, "bad_row_count")
    said(post(caller, "[]", url), 400, "bad_row_count")
    body = said(post(caller, "[{}, 1]", url), 400, "not_an_object")
    assert body["errors"][0]["row"] == 1


def test_the_schema_is_open_and_shows_filters_and_problems(client):
    response = client.get("/api/schema/?format=json", HTTP_AUTHORIZATION="Token wrong")
    assert response.status_code == 200
    schema = response.json()
    operation = schema["paths"]["/api/v1/teams/"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert {"name", "cursor", "page_size", "ordering"} <= names
    assert "application/problem+json" in operation["responses"]["4XX"]["content"]
    assert "Problem" in schema["components"]["schemas"]
    assert {"token", "bearer"} <= schema["components"]["securitySchemes"].keys()
    for path in schema["paths"].values():
        for one in path.values():
            assert "4XX" in one["responses"]


def test_the_docs_load_nothing_from_elsewhere(client):
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert b"//cdn" not in page.content
    assert "script-src 'self';" in page["Content-Security-Policy"] + ";"
    assert client.get("/api/docs/?script=").status_code == 200
    assert "unsafe" not in client.get("/accounts/login/")["Content-Security-Policy"]
