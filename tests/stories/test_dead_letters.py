"""What nobody got: seen, explained, and sent again by those who may, with a reason."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import ContactMethod, Team
from escalations.models import Notice, NoticeAttempt, TimelineEvent
from escalations.services import dead_letters
from tests.factories.incidents import open_incident
from tests.stories.test_channels import by, hook, post, tell, tries

__all__ = ["hook", "post"]  # fixtures
pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture
def dead(company, at, hook, post) -> Notice:
    by(company["agent"], "webhook", hook.url, at)
    notice = tell(company["agent"], at)
    hook.answers = [410, 200]
    post(at)
    notice.refresh_from_db()
    assert notice.failed_at
    return notice


def again(client, notice, reason="They put it right."):
    return client.post(f"/notices/{notice.pk}/send-again/", {"reason": reason}, follow=True)


def said(response) -> str:
    return " ".join(str(message) for message in response.context["messages"])


def test_a_dead_letter_is_sent_again_under_its_key_with_a_reason(
    company, at, hook, post, dead, client
):
    client.force_login(company["duty"])
    page = client.get(f"/notices/{dead.pk}/").text
    assert "127.0.0.1 refused it (410)." in page and "Send again" in page
    assert "Say why" in said(again(client, dead, " "))
    assert "on its way again" in said(again(client, dead))
    assert post(at + SECOND) == (1, 0)
    assert len({heard.headers["idempotency-key"] for heard in hook.heard}) == 1
    assert tries(dead) == ["refused", "again", "sent"]
    story = TimelineEvent.objects.get(kind="message_again")
    assert story.actor == company["duty"] and story.reason == "They put it right."
    assert "did not fail" in said(again(client, dead))


def test_a_new_round_has_all_its_tries_again(company, at, hook, post, dead, client):
    client.force_login(company["duty"])
    Notice.objects.filter(pk=dead.pk).update(attempts=20)
    again(client, dead)
    hook.answers = [503]
    post(at + SECOND)
    dead.refresh_from_db()
    assert dead.failed_at is None and dead.not_before <= at + 6 * SECOND


@pytest.mark.parametrize(("who", "status"), [("agent", 403), ("governor", 200), ("outsider", 403)])
def test_only_duty_managers_and_the_committee_send_again(company, at, dead, client, who, status):
    client.force_login(company[who])
    assert again(client, dead).status_code == status
    dead.refresh_from_db()
    assert (dead.failed_at is None) == (status == 200)


def test_a_page_of_what_is_over_is_not_sent_again(company, at, dead, client):
    type(dead.incident).objects.filter(pk=dead.incident_id).update(state="cancelled", is_void=True)
    client.force_login(company["duty"])
    assert "is over" in said(again(client, dead))


def test_it_takes_the_way_its_person_has_now(company, at, post, dead, client, mailoutbox):
    ContactMethod.objects.filter(kind="webhook").update(withdrawn_at=at)
    client.force_login(company["duty"])
    again(client, dead)
    assert post(at + SECOND) == (1, 0)
    assert mailoutbox[-1].to == [company["agent"].email]


def test_the_machine_door_does_the_same(company, at, dead, client):
    client.force_login(company["duty"])
    url = f"/api/v1/notices/{dead.pk}/"
    seen = client.get(url).json()
    assert (seen["state"], seen["tries"][0]["outcome"]) == ("failed", "refused")
    answer = client.post(f"{url}send-again/", {"reason": "Right now."}, "application/json")
    assert answer.json()["state"] == "pending"
    answer = client.post(f"{url}send-again/", {"reason": "Once more."}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_failed")
    client.force_login(company["agent"])
    answer = client.post(f"{url}send-again/", {"reason": "x"}, "application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "missing_right")


def test_who_does_not_see_the_incident_does_not_see_its_messages(company, at, dead, client):
    team = Team.objects.create(code="quiet", name="Quiet", is_private=True)
    type(dead.incident).objects.filter(pk=dead.incident_id).update(team=team, commander=None)
    dead.incident.responders.all().delete()
    client.force_login(company["agent2"])
    assert client.get(f"/notices/{dead.pk}/").status_code == 404
    assert again(client, dead).status_code == 404
    assert client.get(f"/notices/{2**63}/").status_code == 404


def test_the_incidents_page_says_by_what_and_how_often(company, at, dead, client):
    client.force_login(company["duty"])
    page = client.get(f"/incidents/{dead.incident_id}/").text
    assert f"/notices/{dead.pk}/" in page and "by webhook" in page


def test_the_committee_finds_dead_and_doubtful_ones_by_a_filter(company, at, dead, client):
    client.force_login(company["governor"])
    url = "/admin/escalations/notice/"
    assert dead.subject in client.get(f"{url}?state=failed").text
    assert dead.subject not in client.get(f"{url}?state=uncertain").text
    Notice.objects.filter(pk=dead.pk).update(uncertain_at=at)
    assert dead.subject in client.get(f"{url}?state=uncertain").text


def test_tries_are_written_set_wise(company, at, post):
    """Two statements for each letter, and one for all the tries of a round."""
    incident = open_incident(at, "many")
    Notice.objects.all().delete()
    row = {"incident": incident, "recipient": company["agent"], "kind": "news"}
    row |= {"address": "a@b.example", "subject": "s", "text": "t"}
    row |= {"created_at": at, "not_before": at}
    Notice.objects.bulk_create(Notice(key=str(n), **row) for n in range(10))
    with CaptureQueriesContext(connection) as seen:
        assert post(at) == (10, 0)
    said = [query["sql"] for query in seen if "escalations_notice" in query["sql"]]
    assert sum("INSERT" in sql for sql in said) == 1
    assert sum("sent_at" in sql and sql.startswith("UPDATE") for sql in said) == 10
    assert len(said) <= 2 * 10 + 8
    assert NoticeAttempt.objects.filter(outcome="sent").count() == 10


def test_tries_are_kept_for_ninety_days_and_words_of_people_for_good(company, at, dead):
    NoticeAttempt.objects.create(
        notice=dead, number=1, at=at, outcome="again", error="why", by=company["duty"]
    )
    assert dead_letters.forget_old_tries(at + timedelta(days=90)) == 0
    assert dead_letters.forget_old_tries(at + timedelta(days=90, seconds=1)) == 1
    assert tries(dead) == ["again"]
