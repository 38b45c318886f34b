import io
import json
import logging
import re

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.urls import include, path

from accounts.models import Account
from config.lib.problems import to_problem
from config.lib.request_log import JsonLines, RequestIdFilter
from tests.config.lib.callers import said, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

OWN_ID = "trace-20261117.0001"


def broken(request, **parts):
    raise RuntimeError("something fell over")


urlpatterns = [
    path("api/v1/broken/", broken),
    path("broken/", broken),
    path("broken/<str:token>/", broken),
    path("feeds/<str:token>/", lambda request, token: HttpResponse("ok")),
    path("", include("config.urls")),
]
handler500 = "config.error_pages.broken"


@pytest.fixture
def log():
    """All that any logger says, at the most talkative level, as the console would get it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(RequestIdFilter())
    loggers = [logging.getLogger(name) for name in ("", *configured.LOGGING["loggers"])]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    loggers[0].addHandler(handler)
    yield stream
    loggers[0].removeHandler(handler)
    for logger, level in zip(loggers, before, strict=True):
        logger.setLevel(level)


def lines(log, name=None):
    rows = [json.loads(line) for line in log.getvalue().splitlines()]
    return [row for row in rows if name in (None, row["logger"])]


def access_line(log):
    (row,) = lines(log, "belay.request")
    return row["message"]


def test_a_callers_own_id_comes_back_and_stands_on_every_line(client, log):
    response = client.get("/healthz", headers={"X-Request-ID": OWN_ID})
    assert response["X-Request-ID"] == OWN_ID
    assert {row["request_id"] for row in lines(log)} == {OWN_ID}


@pytest.mark.parametrize(
    "bad",
    ["", "short", "x" * 65, "has space in it", "new\nline-in-it", "<script>12345", "ünïcode-id"],
)
def test_an_id_that_might_do_harm_is_replaced(client, bad):
    response = client.get("/healthz", headers={"X-Request-ID": bad})
    assert re.fullmatch("[0-9a-f]{32}", response["X-Request-ID"])


def test_two_requests_have_two_ids(client):
    first, second = client.get("/healthz"), client.get("/healthz")
    assert first["X-Request-ID"] != second["X-Request-ID"]


def test_an_id_ends_with_its_request(client, log):
    client.get("/healthz", headers={"X-Request-ID": OWN_ID})
    logging.getLogger("belay.clock").warning("the sweep is late")
    assert lines(log, "belay.clock")[0]["request_id"] is None


def test_a_problem_names_its_request(client):
    response = client.get("/api/v1/incidents/", headers={"X-Request-ID": OWN_ID})
    assert said(response, 401, "not_authenticated")["request_id"] == OWN_ID


def test_a_fault_of_the_api_can_be_found_in_the_log(client, log):
    client.raise_request_exception = False
    response = client.get("/api/v1/broken/", headers={"X-Request-ID": OWN_ID})
    assert said(response, 500, "internal_error")["request_id"] == OWN_ID
    (row,) = lines(log, "django.request")
    assert (row["request_id"], row["level"]) == (OWN_ID, "ERROR")
    assert "RuntimeError: something fell over" in row["exception"]


def test_the_page_for_faults_gives_the_code_to_report(client, people):
    client.raise_request_exception = False
    client.force_login(people.agent, backend="django.contrib.auth.backends.ModelBackend")
    response = client.get("/broken/", headers={"X-Request-ID": OWN_ID})
    assert response.status_code == 500
    assert f"give this code: <code>{OWN_ID}</code>" in response.content.decode()


def test_a_request_leaves_one_line_with_who_and_how_long(client, log):
    user = signed_in(client)
    client.get("/api/v1/incidents/?state=open&kpi=hidden-words")
    pattern = rf"GET /api/v1/incidents/ 200 \d+ ms user {user.pk}"
    assert re.fullmatch(pattern, access_line(log))


def test_the_line_of_a_stranger_costs_no_query(client, log, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/healthz")
    assert re.fullmatch(r"GET /healthz 200 \d+ ms user -", access_line(log))


def test_nobody_writes_a_line_of_their_own(client, log):
    client.get("/nothing%0a2026-11-17 ERROR belay forged/")
    assert "/nothing%0A2026-11-17%20ERROR" in access_line(log)


def test_no_secret_reaches_the_log(client, log, people):
    out = io.StringIO()
    call_command("create_token", "integrator", stdout=out)
    token = out.getvalue().split()[-1]
    bearer = {"Authorization": f"Bearer {token}"}
    password = "correct horse battery"
    client.post("/accounts/login/", {"username": "agent", "password": password})
    client.get("/accounts/login/?password=in-the-address")
    client.get("/feeds/a-door-by-itself/")
    kind = "application/json"
    said(
        client.get("/api/v1/incidents/?token=in-a-query", headers=bearer), 400, "unknown_parameter"
    )
    said(
        client.get("/api/v1/incidents/", headers={"Authorization": "Bearer not-the-one"}),
        401,
        "invalid_token",
    )
    body = {"source": "m", "dedup_key": "d", "title": "t", "password": "in-the-body"}
    said(
        client.post("/api/v1/signals/", body, content_type=kind, headers=bearer),
        400,
        "invalid",
    )
    client.raise_request_exception = False
    client.get("/broken/a-door-by-itself/")
    client.post("/api/v1/broken/?token=in-a-query", body, content_type=kind, headers=bearer)
    said_so_far = log.getvalue()
    assert len(lines(log, "belay.request")) == 8
    for secret in (token, password, "in-the-address", "in-a-query", "in-the-body", "not-the-one"):
        assert secret not in said_so_far
    assert "a-door-by-itself" not in said_so_far
    assert "/feeds/***/" in said_so_far


def test_a_refused_row_is_logged_by_the_name_of_its_constraint_alone(client, log):
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        Account.objects.create(external_id="x", name="words of a row", segment="unheard of")
    to_problem(caught.value)
    (row,) = lines(log, "belay.problems")
    assert row["message"] == "A constraint stopped a write: account_segment"
    assert "words of a row" not in log.getvalue()
