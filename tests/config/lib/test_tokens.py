from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from knox.models import AuthToken

from tests.config.lib.callers import said, signed_in

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.config.lib.sample_api")]
URL = "/api/v1/teams/"


@pytest.fixture
def person(client):
    user = signed_in(client, "robot", role="integrator")
    client.logout()
    return user


def token_of(username, **options):
    out = StringIO()
    call_command("create_token", username, stdout=out, **options)
    return out.getvalue().splitlines()[-1]


@pytest.mark.parametrize("word", ["Token", "Bearer", "bearer"])
def test_a_token_opens_the_api_by_either_word(client, person, word):
    header = f"{word} {token_of('robot')}"
    assert client.get(URL, HTTP_AUTHORIZATION=header).status_code == 200


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token nope", "Bearer \xff", "Token é"])
def test_a_wrong_token_is_401(client, person, header):
    response = client.get(URL, HTTP_AUTHORIZATION=header)
    said(response, 401, "invalid_token")
    assert response["WWW-Authenticate"] == "Token"


def test_a_token_with_the_right_beginning_only_is_401(client, person):
    token = token_of("robot")
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    said(client.get(URL, HTTP_AUTHORIZATION=f"Token {wrong}"), 401, "invalid_token")


def test_a_token_ends_with_its_days(client, person):
    token = token_of("robot", days=3)
    assert client.get(URL, HTTP_AUTHORIZATION=f"Token {token}").status_code == 200
    stored = AuthToken.objects.get()
    stored.expiry -= timedelta(days=3)
    stored.save()
    said(client.get(URL, HTTP_AUTHORIZATION=f"Token {token}"), 401, "invalid_token")


def test_the_token_of_a_person_who_left_is_refused(client, person):
    token = token_of("robot")
    person.is_active = False
    person.save()
    said(client.get(URL, HTTP_AUTHORIZATION=f"Bearer {token}"), 401, "inactive_user")
    with pytest.raises(CommandError, match="not active"):
        token_of("robot")


def test_an_unknown_name_is_told_so():
    with pytest.raises(CommandError, match="no user 'ghost'"):
        token_of("ghost")


def test_no_token_lasts_zero_days(person):
    with pytest.raises(CommandError, match="--days"):
        token_of("robot", days=0)
