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
