"""How you are reached, over the profile: added, verified by a code, ordered, removed."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from django.core import mail
from standardwebhooks import Webhook

from accounts.models import ContactMethod, User
from accounts.selectors.contact_methods import ways_of
from accounts.services import contact_methods as verbs
from escalations.services.contact_codes import send_code, send_test
from tests.factories.servers import receiver

pytestmark = pytest.mark.django_db
URL = "/accounts/profile/contact-methods/"
CHAT = "json://{host}/token-of-ana"


@pytest.fixture
def ana(client, travel, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    person = User.objects.create_user("ana", email="ana@people.example")
    client.force_login(person)
    return person


@pytest.fixture
def hook(settings):
    with receiver() as found:
        settings.OUTWARD_HOSTS = [found.host]
        yield found


def add(client, kind, address, **more):
    return client.post(URL, {"add": "1", "kind": kind, "address": address, **more})


def only(person) -> ContactMethod:
    return ContactMethod.objects.live().get(person=person)


def code_in(text: str) -> str:
    return re.search(r"\b\d{6}\b", text)[0]


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def shown(person):
    return [way.shown for way in ways_of([person])[person.pk]]


def test_a_new_address_gets_nothing_before_its_code_came_back(client, ana, at):
    assert add(client, "email", "night@people.example", label="At night").status_code == 302
    method = only(ana)
    assert shown(ana) == ["ana@people.example"], "until then the address of the account counts"
    assert send_code(method.pk, at=at)
    (letter,) = mail.outbox
    assert letter.to == ["night@people.example"]
    page = client.get("/accounts/profile/").text
    assert "not verified: it gets nothing yet" in page and 'name="number"' in page
    answer = client.post(URL, {"verify": method.pk, "number": code_in(letter.body)}, follow=True)
    assert "Verified" in said(answer)
    assert shown(ana) == ["night@people.example"]


def test_the_code_rests_nowhere_in_clear(client, ana, at):
    add(client, "email", "night@people.example")
    send_code(only(ana).pk, at=at)
    code = code_in(mail.outbox[0].body)
    method = only(ana)
    values = " ".join(str(getattr(method, f.attname)) for f in method._meta.concrete_fields)
    assert code not in values and method.code_hash


def test_five_wrong_tries_and_the_code_is_over(client, ana, at):
    add(client, "email", "night@people.example")
    method = only(ana)
    send_code(method.pk, at=at)
    code = code_in(mail.outbox[0].body)
    wrong = "000000" if code != "000000" else "000001"
    for left in (4, 3, 2, 1, 0):
        answer = client.post(URL, {"verify": method.pk, "number": wrong}, follow=True)
        assert f"{left} tries are left" in said(answer)
    answer = client.post(URL, {"verify": method.pk, "number": code}, follow=True)
    assert "no longer counts" in said(answer)
    assert only(ana).verified_at is None


def test_a_code_lives_ten_minutes_and_a_new_one_ends_the_one_before(client, ana, at, travel):
    add(client, "email", "night@people.example")
    method = only(ana)
    send_code(method.pk, at=at)
    first = code_in(mail.outbox[0].body)
    travel.to(at + timedelta(minutes=10))
    assert "no longer" in said(
        client.post(URL, {"verify": method.pk, "number": first}, follow=True)
    )
    client.post(URL, {"code": method.pk})
    assert "No code is on its way" in said(
        client.post(URL, {"verify": method.pk, "number": first}, follow=True)
    )
    send_code(method.pk, at=travel.at)
    second = code_in(mail.outbox[1].body)
    client.post(URL, {"verify": method.pk, "number": second})
    assert only(ana).verified_at == travel.at


def test_nobody_is_flooded_with_codes(client, ana, at, travel):
    add(client, "email", "victim@other.example")
    method = only(ana)
    for _ in range(4):
        client.post(URL, {"code": method.pk})
    assert "Enough was sent" in said(client.post(URL, {"code": method.pk}, follow=True))
    add(client, "email", "victim2@other.example")
    second = ContactMethod.objects.get(address="victim2@other.example")
    for _ in range(4):
        client.post(URL, {"code": second.pk})
    answer = add(client, "email", "victim3@other.example")
    assert not ContactMethod.objects.filter(address="victim3@other.example").exists()
    travel.to(at + timedelta(hours=1, seconds=1))
    assert "on its way" in said(client.post(URL, {"code": method.pk}, follow=True))
    assert answer.status_code == 302


def test_a_webhook_proves_itself_by_a_signed_code_and_shows_its_secret_once(
    client, ana, at, hook, settings
):
    answer = add(client, "webhook", hook.url)
    method = only(ana)
    assert answer.status_code == 200 and method.secret in answer.text
    send_code(method.pk, at=at)
    (heard,) = hook.heard
    event = Webhook(method.secret).verify(heard.body, heard.headers)
    assert event["type"] == "belay.code" and event["specversion"] == "1.0"
    client.post(URL, {"verify": method.pk, "number": code_in(event["data"]["text"])})
    assert only(ana).verified_at
    page = client.get("/accounts/profile/").text
    assert method.secret not in page and "secret-part" not in page
    assert "http://127.0.0.1/…" in page


def test_a_chat_proves_itself_and_its_token_is_shown_nowhere(client, ana, at, hook, caplog):
    add(client, "apprise", CHAT.format(host=hook.host))
    method = only(ana)
    assert send_code(method.pk, at=at)
    said_there = json.loads(hook.heard[0].body)
    client.post(URL, {"verify": method.pk, "number": code_in(said_there["message"])})
    hook.answers = [500]
    client.post(URL, {"test": method.pk})
    assert not send_test(method.pk, at=at)
    page = client.get("/accounts/profile/").text
    assert "json could not take it (500)." in page
    past = " ".join(str(row.__dict__) for row in ContactMethod.history.all())
    assert "token-of-ana" not in page + past + caplog.text + str(method)


def test_while_a_secret_changes_both_sign_for_a_day(client, ana, at, hook):
    add(client, "webhook", hook.url)
    ContactMethod.objects.update(verified_at=at)
    old = only(ana).secret
    answer = client.post(URL, {"rotate": only(ana).pk})
    new = only(ana).secret
    assert new in answer.text and new != old
    send_test(only(ana).pk, at=at)
    for secret in (old, new):
        Webhook(secret).verify(hook.heard[0].body, hook.heard[0].headers)
    send_test(only(ana).pk, at=at + timedelta(days=1, seconds=1))
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(old).verify(hook.heard[1].body, hook.heard[1].headers)


@pytest.mark.parametrize(
    ("kind", "address", "sentence"),
    [
        ("email", "nobody", "Give an e-mail address"),
        ("email", "a@b.example\nBcc: c@d.example", "no spaces"),
        ("webhook", "https://169.254.169.254/latest", "inside our own network"),
        ("webhook", "http://hooks.example/x", "Only https://"),
        ("webhook", "https://me:word@hooks.example/x", "user names"),
        ("apprise", "syslog://", "one of these"),
        ("apprise", "file:///etc/passwd", "one of these"),
        ("apprise", "hello", "one of these"),
        ("pigeon", "slack://a/b/c", "one of these kinds"),
        ("apprise", "json://a/\0", "no spaces"),
        ("webhook", "https://h.example/" + "x" * 1000, "at most 1000"),
    ],
)
def test_what_cannot_be_right_is_refused_at_once(client, ana, kind, address, sentence):
    answer = client.post(URL, {"add": "1", "kind": kind, "address": address}, follow=True)
    assert sentence in said(answer)
    assert not ContactMethod.objects.exists()


def test_the_first_way_is_chosen_and_the_last_one_stays(client, ana, at):
    verbs.follow_account(ana, by=None, at=at, is_verified=True)
    add(client, "email", "night@people.example")
    night = ContactMethod.objects.get(address="night@people.example")
    assert "Verify it first" in said(client.post(URL, {"first": night.pk}, follow=True))
    ContactMethod.objects.filter(pk=night.pk).update(verified_at=at)
    client.post(URL, {"first": night.pk})
    assert shown(ana) == ["night@people.example", "ana@people.example"]
    client.post(URL, {"remove": night.pk})
    assert shown(ana) == ["ana@people.example"]
    answer = client.post(URL, {"remove": only(ana).pk}, follow=True)
    assert "only way" in said(answer) and only(ana)


def test_a_removed_way_forgets_its_secret(client, ana, at, hook):
    verbs.follow_account(ana, by=None, at=at, is_verified=True)
    add(client, "apprise", CHAT.format(host=hook.host))
    chat = ContactMethod.objects.get(kind="apprise")
    client.post(URL, {"remove": chat.pk})
    chat.refresh_from_db()
    assert "token-of-ana" not in chat.address and chat.withdrawn_at == at


def test_nobody_touches_the_ways_of_somebody_else(client, ana, at):
    other = User.objects.create_user("bob", email="bob@people.example")
    verbs.follow_account(other, by=None, at=at, is_verified=True)
    for act in ("code", "verify", "first", "test", "remove", "rotate"):
        assert client.post(URL, {act: only(other).pk}).status_code == 404
    assert client.post(URL, {"remove": "9" * 30}).status_code == 404
    assert client.post(URL, {}).status_code == 404
    assert only(other).verified_at


def test_a_new_address_of_the_account_waits_to_be_verified(ana, at):
    verbs.follow_account(ana, by=None, at=at, is_verified=True)
    ana.email = "ana@new.example"
    ana.save()
    verbs.follow_account(ana, by=None, at=at, before="ana@people.example")
    assert only(ana).verified_at is None
    assert shown(ana) == ["ana@new.example"], "the committee's address counts until then"


def test_somebody_without_a_mail_address_but_with_a_chat_is_reachable(ana, at, hook):
    User.objects.filter(pk=ana.pk).update(email="")
    ana.refresh_from_db()
    assert not ana.is_reachable and shown(ana) == []
    ContactMethod.objects.create(
        person=ana, kind="apprise", address="x", shown="json://…", created_at=at, verified_at=at
    )
    assert ana.is_reachable and shown(ana) == ["json://…"]
