import pytest

from accounts.models import User

pytestmark = pytest.mark.django_db
URL, WORD = "/accounts/login/", "a-long-password"


@pytest.fixture
def ana():
    return User.objects.create_user("ana", password=WORD)


def test_the_right_password_leads_where_the_person_was_going(client, ana):
    response = client.post(URL, {"username": "ana", "password": WORD, "next": "/help/"})
    assert (response.status_code, response["Location"]) == (302, "/help/")
    assert client.get("/help/").status_code == 200


def test_it_never_leads_to_another_site(client, ana):
    form = {"username": "ana", "password": WORD, "next": "https://evil.example/"}
    assert client.post(URL, form)["Location"] == "/"


def test_a_wrong_password_says_so_and_signs_nobody_in(client, ana):
    response = client.post(URL, {"username": "ana", "password": "wrong"})
    assert response.status_code == 200
    assert b"note-error" in response.content
    assert "_auth_user_id" not in client.session


def test_ten_wrong_passwords_lock_this_name_and_no_other(client, ana, settings):
    settings.AXES_LOCKOUT_CALLABLE = "accounts.views.sign_in.locked_out"
    User.objects.create_user("ben", password=WORD)
    for _ in range(10):
        response = client.post(URL, {"username": "ana", "password": "wrong"})
    assert response.status_code == 429
    assert b"Too many attempts" in response.content
    assert response["Retry-After"] == "900"
    assert client.post(URL, {"username": "ana", "password": WORD}).status_code == 429
    assert client.post(URL, {"username": "ben", "password": WORD}).status_code == 302


def test_the_demo_password_shows_in_development_only(client, settings):
    assert settings.DEMO_PASSWORD.encode() in client.get(URL).content
    settings.IS_PRODUCTION = True
    assert settings.DEMO_PASSWORD.encode() not in client.get(URL).content


def test_signing_out_takes_a_post(client, ana):
    client.force_login(ana, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/accounts/logout/").status_code == 405
    assert client.post("/accounts/logout/").status_code == 302
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("url", ["/accounts/profile/", "/help/", "/admin/"])
def test_a_stranger_is_sent_to_the_front_door(client, url):
    response = client.get(url, follow=True)
    assert response.redirect_chain[-1][0].startswith(URL)
    assert response.status_code == 200
