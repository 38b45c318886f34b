"""Messages by mail, webhook and chat against real servers on this machine: taken, refused, lost,
uncertain, and never more than they should be."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from socket import create_server

import pytest
from aiosmtpd.controller import Controller
from standardwebhooks import Webhook

from accounts.models import ContactMethod, User
from accounts.services.contact_methods import new_secret
from config.lib import outward
from escalations.models import LadderLevel, LadderStep, Notice, NoticeAttempt, TimelineEvent
from escalations.models.notices import NoticeKind
from escalations.selectors import policies
from escalations.services import notices
from escalations.services.recorder import Recorder
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.servers import receiver

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def hook(settings):
    with receiver() as found:
        settings.OUTWARD_HOSTS = [found.host]
        yield found


@pytest.fixture
def post(monkeypatch, travel, settings):
    """`post(at)`: everything due is sent at that instant."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    monkeypatch.setattr(notices, "now", lambda: travel.at)

    def send(at: datetime):
        travel.to(at)
        return notices.deliver_due(at)

    return send


def by(person: User, kind: str, address: str, at, place: int = 0) -> ContactMethod:
    """One more verified way of this person, in that place."""
    return ContactMethod.objects.create(
        person=person,
        kind=kind,
        address=address,
        shown=f"{kind} of {person}",
        position=place,
        created_at=at,
        verified_at=at,
        secret=new_secret() if kind == "webhook" else "",
    )


def tell(person: User, at, kind: NoticeKind = NoticeKind.PAGE, key: str = "x") -> Notice:
    """One message to one person about an incident of nobody's."""
    incident = open_incident(at, f"of-{key}")
    Notice.objects.all().delete()
    recorder = Recorder(at)
    recorder.notice(incident, person, kind, key=key, headline="Look", why="it is a test.")
    recorder.write()
    return Notice.objects.get(key__endswith=key)


def tries(notice: Notice) -> list[str]:
    return list(NoticeAttempt.objects.filter(notice=notice).values_list("outcome", flat=True))


# --- which way ------------------------------------------------------------------------------------
def test_a_page_takes_the_first_way_and_everything_else_comes_by_mail(company, at, hook):
    ana = company["agent"]
    by(ana, "webhook", hook.url, at)
    page = tell(ana, at)
    assert (page.channel, page.address) == ("webhook", "webhook of Ana Reyes")
    news = tell(ana, at, NoticeKind.NEWS, "n")
    assert (news.channel, news.address) == ("email", ana.email)


def test_a_level_that_asks_for_two_ways_pages_by_two_and_says_who_has_fewer(company, at, hook):
    LadderLevel.objects.filter(ladder__name="s1", number=1).update(channels_min=2)
    policies.clear_caches()
    incident = open_incident(at, severity_hint="critical", facts=MAJOR)
    step = LadderStep.objects.filter(run__incident=incident, kind="page").first()
    story = TimelineEvent.objects.get(incident=incident, kind="ladder_page").sentence
    assert step.channel == "email" and f"{step.person} has 1" in story
    by(step.person, "webhook", hook.url, at, place=9)
    other = open_incident(at, "second", account="acme", severity_hint="critical", facts=MAJOR)
    steps = LadderStep.objects.filter(run__incident=other, person=step.person, level=1)
    assert sorted(steps.values_list("channel", flat=True)) == ["email", "webhook"]
    pages = Notice.objects.filter(incident=other, kind="page", recipient=step.person)
    assert sorted(pages.values_list("channel", "way")) == [("email", 1), ("webhook", 2)]
    assert len(set(pages.values_list("key", flat=True))) == 2


# --- webhooks -------------------------------------------------------------------------------------
def test_what_leaves_by_a_webhook_is_a_signed_cloud_event_with_a_stable_key(
    company, at, hook, post
):
    way = by(company["agent"], "webhook", hook.url, at)
    page = tell(company["agent"], at)
    hook.answers = [503, 200]
    assert post(at) == (0, 1)
    assert post(at + 6 * SECOND) == (1, 0)
    first, second = hook.heard
    for heard in (first, second):
        event = Webhook(way.secret).verify(heard.body, heard.headers)
        assert heard.headers["idempotency-key"] == heard.headers["webhook-id"] == page.key
        assert heard.headers["content-type"].startswith("application/cloudevents+json")
        assert (event["specversion"], event["id"], event["type"]) == ("1.0", page.key, "belay.page")
        assert event["data"]["incident"] == page.incident_id
    assert first.body == second.body
    assert tries(page) == ["failed", "sent"]


@pytest.mark.parametrize("status", [400, 401, 404, 410, 302])
def test_a_refusal_is_a_dead_letter_at_once(company, at, hook, post, status):
    by(company["agent"], "webhook", hook.url, at)
    page = tell(company["agent"], at)
    hook.answers = [(status, {"Location": hook.url})]
    post(at)
    page.refresh_from_db()
    assert page.failed_at and str(status) in page.last_error and len(hook.heard) == 1
    assert tries(page) == ["refused"]
    assert "secret-part" not in page.last_error


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_tried_again(company, at, hook, post, status):
    by(company["agent"], "webhook", hook.url, at)
    page = tell(company["agent"], at)
    hook.answers = [status]
    post(at)
    page.refresh_from_db()
    assert page.failed_at is None and at < page.not_before <= at + 5 * SECOND


@pytest.mark.parametrize(("asked", "waits"), [("60", 60), ("99999", 120), ("0", None), ("x", None)])
def test_a_page_waits_as_long_as_it_is_asked_to_but_two_minutes_at_most(
    company, at, hook, post, asked, waits
):
    by(company["agent"], "webhook", hook.url, at)
    page = tell(company["agent"], at)
    hook.answers = [(429, {"Retry-After": asked})]
    post(at)
    page.refresh_from_db()
    waited = (page.not_before - at).total_seconds()
    assert waited == waits if waits else 0 < waited <= 5


def test_a_webhook_that_takes_it_and_says_nothing_is_uncertain_and_gets_it_again_with_its_key(
    company, at, hook, post, monkeypatch
):
    monkeypatch.setattr(outward, "TOTAL_S", 0.3)
    by(company["agent"], "webhook", hook.url, at)
    page = tell(company["agent"], at)
    hook.answers = ["swallow", 200]
    post(at)
    page.refresh_from_db()
    assert page.uncertain_at == at and page.failed_at is None
    post(at + 6 * SECOND)
    page.refresh_from_db()
    assert page.sent_at and page.uncertain_at is None, "it knows the key: once is once"
    assert {heard.headers["idempotency-key"] for heard in hook.heard} == {page.key}
    assert [json.loads(heard.body)["data"]["is_repeat"] for heard in hook.heard] == [False, True]
    assert tries(page) == ["uncertain", "sent"]


# --- chats: nobody there knows a repeat ---------------------------------------------------------
def chat(person, at, hook) -> ContactMethod:
    return by(person, "apprise", f"json://{hook.host}/token", at)


def test_a_chat_gets_what_it_is_sent(company, at, hook, post):
    chat(company["agent"], at, hook)
    page = tell(company["agent"], at)
    assert post(at) == (1, 0)
    said = json.loads(hook.heard[0].body)
    assert said["title"] == page.subject and "Why you got this" in said["message"]
    page.refresh_from_db()
    assert page.sent_at and page.began_at is None


def test_a_page_whose_answer_is_lost_comes_again_and_says_so(company, at, hook, post, monkeypatch):
    monkeypatch.setattr(outward, "TOTAL_S", 0.3)
    chat(company["agent"], at, hook)
    page = tell(company["agent"], at)
    hook.answers = ["swallow", 200]
    post(at)
    page.refresh_from_db()
    assert page.uncertain_at == at and page.failed_at is None
    post(at + 6 * SECOND)
    page.refresh_from_db()
    first, second = (json.loads(heard.body)["message"] for heard in hook.heard)
    assert "Repeat" not in first and second.startswith("Repeat: it may have reached you before.")
    assert page.sent_at and page.uncertain_at, "it stays visible that it may have come twice"


def test_news_whose_answer_is_lost_waits_for_a_person(company, at, hook, post, monkeypatch):
    monkeypatch.setattr(outward, "TOTAL_S", 0.3)
    person = company["agent"]
    User.objects.filter(pk=person.pk).update(email="")
    ContactMethod.objects.filter(person=person).delete()
    person.refresh_from_db()
    chat(person, at, hook)
    news = tell(person, at, NoticeKind.NEWS)
    hook.answers = ["swallow", 200]
    post(at)
    post(at + timedelta(hours=9))
    news.refresh_from_db()
    assert len(hook.heard) == 1 and news.uncertain_at and news.failed_at
    assert tries(news) == ["uncertain"]


@pytest.mark.parametrize(("kind", "times"), [(NoticeKind.PAGE, 1), (NoticeKind.NEWS, 0)])
def test_a_sender_that_died_in_the_middle_repeats_a_page_and_nothing_else(
    company, at, hook, post, kind, times
):
    person = company["agent"]
    way = chat(person, at, hook)
    notice = tell(person, at, kind)
    Notice.objects.filter(pk=notice.pk).update(
        channel="apprise", method=way, began_at=at, attempts=1, leased_until=at + 60 * SECOND
    )
    assert post(at + 30 * SECOND) == (0, 0), "somebody may still be at it"
    post(at + 61 * SECOND)
    assert len(hook.heard) == times
    notice.refresh_from_db()
    assert notice.uncertain_at == at and bool(notice.sent_at) == bool(times)
    assert bool(notice.failed_at) != bool(times)


def test_one_that_was_leased_and_never_begun_is_no_repeat(company, at, hook, post):
    chat(company["agent"], at, hook)
    page = tell(company["agent"], at)
    Notice.objects.filter(pk=page.pk).update(attempts=1, leased_until=at + 60 * SECOND)
    post(at + 61 * SECOND)
    page.refresh_from_db()
    assert page.sent_at and page.uncertain_at is None
    assert "Repeat" not in json.loads(hook.heard[0].body)["message"]


def test_a_service_that_is_no_longer_allowed_is_refused_in_words(company, at, hook, post, settings):
    chat(company["agent"], at, hook)
    page = tell(company["agent"], at)
    settings.APPRISE_SCHEMES = ["slack"]
    post(at)
    page.refresh_from_db()
    assert page.failed_at and "not one of the services" in page.last_error


@pytest.mark.parametrize("host", ["127.0.0.1:1", "169.254.169.254", "localhost", "[::1]"])
def test_a_chat_that_leads_inside_is_never_called(company, at, post, host, settings):
    by(company["agent"], "apprise", f"json://{host}/?verify=no", at)
    page = tell(company["agent"], at)
    post(at)
    page.refresh_from_db()
    assert page.failed_at and tries(page) == ["refused"]


# --- when a way goes ------------------------------------------------------------------------------
def test_a_page_on_its_way_by_a_way_that_was_removed_takes_the_next_one(company, at, hook, post):
    way = chat(company["agent"], at, hook)
    page = tell(company["agent"], at)
    ContactMethod.objects.filter(pk=way.pk).update(withdrawn_at=at)
    assert post(at) == (1, 0)
    page.refresh_from_db()
    assert hook.heard == [] and (page.channel, page.address) == ("email", company["agent"].email)


# --- one that hangs ------------------------------------------------------------------------------
def test_one_that_hangs_holds_nobody_else(company, at, hook, post, monkeypatch, settings):
    monkeypatch.setattr(outward, "TOTAL_S", 0.6)
    hook.answers = ["swallow"]
    by(company["agent"], "webhook", hook.url, at)
    slow = tell(company["agent"], at)
    with receiver() as second:
        settings.OUTWARD_HOSTS.append(second.host)
        by(company["agent2"], "webhook", second.url, at)
        recorder = Recorder(at)
        for name in ("agent2", "duty"):
            recorder.notice(
                slow.incident,
                company[name],
                NoticeKind.PAGE,
                key=name,
                headline="Look",
                why="test.",
            )
        recorder.write()
        assert post(at) == (2, 1)
        assert len(second.heard) == 1
    took = NoticeAttempt.objects.filter(outcome="sent").values_list("took_ms", flat=True)
    assert max(took) < 500, "they did not wait for the slow one"


# --- mail --------------------------------------------------------------------------------------
class Sink:
    """`answers` of the mail server to RCPT and to the end of the mail."""

    rcpt, data = "250 OK", "250 OK"

    def __init__(self):
        self.letters = []

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server, session, envelope):
        self.letters.append(envelope.content.decode())
        if self.data == "swallow":
            server.transport.abort()
        return self.data


@pytest.fixture
def mail_server(settings, post):
    sink = Sink()
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    yield sink
    controller.stop()


def test_a_mail_whose_answer_is_lost_is_uncertain_and_repeated_under_the_same_message_id(
    company, at, mail_server, post
):
    page = tell(company["agent"], at)
    mail_server.data = "swallow"
    post(at)
    page.refresh_from_db()
    assert page.uncertain_at == at and page.failed_at is None
    mail_server.data = "250 OK"
    post(at + 6 * SECOND)
    page.refresh_from_db()
    assert page.sent_at and page.uncertain_at is None and tries(page) == ["uncertain", "sent"]
    ids = [
        line for text in mail_server.letters for line in text.splitlines() if "Message-ID" in line
    ]
    assert len(ids) == 2 and len(set(ids)) == 1


@pytest.mark.parametrize(
    ("rcpt", "data", "outcome"),
    [
        ("550 No such user", "250 OK", "refused"),
        ("450 Try later", "250 OK", "failed"),
        ("250 OK", "554 It is spam", "refused"),
        ("250 OK", "451 Local error", "failed"),
    ],
)
def test_what_the_mail_server_says_for_good_is_final_and_the_rest_is_not(
    company, at, mail_server, post, rcpt, data, outcome
):
    page = tell(company["agent"], at)
    mail_server.rcpt, mail_server.data = rcpt, data
    post(at)
    page.refresh_from_db()
    assert tries(page) == [outcome] and bool(page.failed_at) == (outcome == "refused")
