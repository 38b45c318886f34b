from datetime import time

import pytest
from django.contrib.auth.models import Group

from accounts.models import User
from accounts.services.roles import sync_roles

pytestmark = pytest.mark.django_db
URL = "/accounts/profile/"


@pytest.fixture
def ana(client):
    sync_roles()
    user = User.objects.create_user("ana")
    user.groups.add(Group.objects.get(name="duty_manager"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return user


def test_it_names_the_roles_in_words(client, ana):
    assert b"Duty manager" in client.get(URL).content


def test_zone_and_keys_are_kept(client, ana):
    assert client.post(URL, {"time_zone": "Asia/Kathmandu"}).status_code == 302
    ana.refresh_from_db()
    assert (ana.time_zone, ana.keys_enabled) == ("Asia/Kathmandu", False)
    assert b'data-keys="off"' in client.get(URL).content


def test_no_other_field_can_be_sent_along(client, ana):
    client.post(URL, {"time_zone": "UTC", "is_staff": "on", "username": "root"})
    ana.refresh_from_db()
    assert (ana.username, ana.is_staff) == ("ana", False)


def test_an_unknown_zone_is_refused(client, ana):
    response = client.post(URL, {"time_zone": "Mars/Base"})
    assert response.status_code == 200
    assert b"has-error" in response.content


def test_quiet_hours_are_kept_and_taken_away_again(client, ana):
    page = client.get(URL).content.decode()
    assert 'name="quiet_from"' in page and "An S1 wakes you in any case." in page
    hours = {"time_zone": "UTC", "quiet_from": "21:30", "quiet_to": "06:00"}
    assert client.post(URL, hours).status_code == 302
    ana.refresh_from_db()
    assert (ana.quiet_from, ana.quiet_to) == (time(21, 30), time(6))
    assert 'value="21:30"' in client.get(URL).content.decode()
    client.post(URL, {"time_zone": "UTC"})
    ana.refresh_from_db()
    assert (ana.quiet_from, ana.quiet_to) == (None, None)


@pytest.mark.parametrize(
    "hours",
    [
        {"quiet_from": "21:30"},
        {"quiet_to": "06:00"},
        {"quiet_from": "06:00", "quiet_to": "06:00"},
        {"quiet_from": "25:00", "quiet_to": "06:00"},
    ],
)
def test_half_a_night_is_refused(client, ana, hours):
    response = client.post(URL, {"time_zone": "UTC", **hours})
    assert response.status_code == 200
    assert response.context["form"].errors
    ana.refresh_from_db()
    assert (ana.quiet_from, ana.quiet_to) == (None, None)
