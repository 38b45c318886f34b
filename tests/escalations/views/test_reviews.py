"""The pages of reviews and actions: who sees them, what they hold, what a refusal costs."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, Team
from escalations.models import (
    ActionItem,
    ContributingFactor,
    Incident,
    PostIncidentReview,
    ReviewEntry,
)
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.readers import warmed
from tests.factories.reviews import resolve

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def at_that_time(travel, at):
    travel.to(at + 2 * HOUR)


def reviewed(company, at, key="capture", **more) -> int:
    more = {"severity_hint": "critical", "facts": MAJOR, "category": "outage", **more}
    return resolve(open_incident(at, key, **more), by=company["agent"], at=at + HOUR).number


@pytest.fixture
def number(company, at) -> int:
    return reviewed(company, at)


@pytest.fixture
def reader(client, company):
    client.force_login(company["agent2"])
    return client


def act(of, company, at, **more) -> ActionItem:
    values = {
        "review": PostIncidentReview.objects.get(incident=of),
        "number": 1,
        "title": "Alarm on capture rate",
        "kind": "detect",
        "owner": company["agent2"],
        "verifier": company["senior"],
        "verification_method": "Drop the rate in staging.",
        "first_due_on": date(2026, 12, 1),
        "due_on": date(2026, 12, 1),
        "created_at": at,
        "updated_at": at,
        **more,
    }
    return ActionItem.objects.create(**values)


ADDRESSES = ("/reviews/", "/reviews/export.csv", "/reviews/{n}/", "/reviews/{n}/edit/", "/actions/")


def test_strangers_sign_in_and_people_without_a_role_are_refused(client, company, number):
    for address in ADDRESSES:
        answer = client.get(address.format(n=number))
        assert answer.status_code == 302
        assert answer["Location"].startswith("/accounts/login/")
    client.force_login(company["outsider"])
    for address in ADDRESSES:
        assert client.get(address.format(n=number)).status_code == 403, address
    for address in (f"/reviews/{number}/submit/", "/actions/1/start/", f"/reviews/{number}/edit/"):
        assert client.post(address).status_code == 403, address


def test_the_review_of_a_private_team_is_not_there_for_others(reader, company, number):
    team = Team.objects.create(code="legal", name="Legal", is_private=True)
    Incident.objects.filter(pk=number).update(team=team)
    assert reader.get(f"/reviews/{number}/").status_code == 404
    assert reader.get(f"/reviews/{number}/edit/").status_code == 404
    assert "capture" not in reader.get("/reviews/").text
    assert "capture" not in reader.get("/reviews/export.csv").text
    assert reader.post(f"/reviews/{number}/hold/").status_code == 404
    Membership.objects.create(
        team=team, user=company["agent2"], valid_from=team.created_at - timedelta(days=1)
    )
    assert reader.get(f"/reviews/{number}/").status_code == 200


def test_the_read_page_holds_every_section_and_the_clocks(reader, number):
    page = reader.get(f"/reviews/{number}/").text
    for word in ("Summary", "Impact", "Detection", "Contributing factors", "Actions", "Timeline"):
        assert word in page
    assert "Every S1 is reviewed." in page
    assert f'href="/incidents/{number}/#e1"' in page, "each event leads to its source"
    assert "without an entry: explain" in page


def test_the_sources_of_the_timeline_lead_to_lines_of_the_incident(reader, number):
    links = set(
        re.findall(rf'/incidents/{number}/#(e\d+)"', reader.get(f"/reviews/{number}/").text)
    )
    assert links
    there = set(re.findall(r'id="(e\d+)"', reader.get(f"/incidents/{number}/").text))
    assert links <= there


def part(name, **values):
    return {"part": name, **values}


def test_the_editor_saves_a_section_and_shows_it(reader, number):
    saved = reader.post(
        f"/reviews/{number}/edit/",
        part("summary", summary="Captures failed.", facilitator="senior", severity_final="S1"),
    )
    assert (saved.status_code, saved["Location"]) == (302, f"/reviews/{number}/edit/#part-summary")
    review = PostIncidentReview.objects.get(incident=number)
    assert (review.summary, review.facilitator.username) == ("Captures failed.", "senior")
    assert "Captures failed." in reader.get(f"/reviews/{number}/").text
    emptied = reader.post(f"/reviews/{number}/edit/", part("summary", summary="", facilitator=""))
    assert emptied.status_code == 302
    review.refresh_from_db()
    assert (review.summary, review.facilitator) == ("", None)


def test_a_refused_save_keeps_what_was_typed(reader, number):
    typed = part("impact", users_affected="many", support_contacts="12", customer_impact="11")
    refused = reader.post(f"/reviews/{number}/edit/", typed)
    assert refused.status_code == 400
    assert 'value="many"' in refused.text
    assert "A valid integer is required." in refused.text
    too_much = reader.post(f"/reviews/{number}/edit/", part("impact", customer_impact="11"))
    assert "Customer impact is 0 to 10." in too_much.text
    review = PostIncidentReview.objects.get(incident=number)
    stale = reader.post(
        f"/reviews/{number}/edit/",
        part("summary", summary="A long paragraph.", expected_version=review.version + 7),
    )
    assert stale.status_code == 400
    assert "A long paragraph." in stale.text
    assert "The review changed meanwhile" in stale.text


def test_factors_and_actions_are_added_one_by_one(reader, number):
    url = f"/reviews/{number}/edit/"
    assert reader.post(url, part("factor", category="change", text="No flag.")).status_code == 302
    assert reader.post(url, part("factor", category="odd", text="x")).status_code == 400
    reader.post(url, part("factor", category="process", text="No check.", evidence="Log"))
    changed = part("factor", position="1", category="defect", text="No flag at all.", evidence="")
    assert reader.post(url, changed).status_code == 302
    first, second = ContributingFactor.objects.all()
    assert (first.category, first.text) == ("defect", "No flag at all.")
    assert reader.post(url, part("factor-remove", position="2")).status_code == 302
    assert list(ContributingFactor.objects.all()) == [first]
    action = {"title": "Alarm", "kind": "detect", "owner": "agent2", "verifier": "senior"}
    bare = reader.post(url, part("action", **action))
    assert bare.status_code == 400
    assert 'value="Alarm"' in bare.text
    reader.post(url, part("action", **action, verification_method="Look."))
    assert ActionItem.objects.get().due_on == date(2027, 2, 9), "12 weeks"
    assert reader.post(url, part("nonsense")).status_code == 400


def test_an_event_is_hidden_for_readers_and_never_deleted(reader, number):
    review = PostIncidentReview.objects.get(incident=number)
    event = review.incident.timeline.get(kind="mitigating")
    url = f"/reviews/{number}/edit/"
    count = review.incident.timeline.count()
    reader.post(url, part("entry", kind="hiding", event=str(event.seq)))
    assert "Work on the remedy began" not in reader.get(f"/reviews/{number}/").text
    assert "Hidden from readers" in reader.get(url).text
    assert review.incident.timeline.count() == count + 1, "one more event says who hid it"
    reader.post(url, part("entry", kind="showing", event=str(event.seq)))
    assert "Work on the remedy began" in reader.get(f"/reviews/{number}/").text


def test_a_gap_is_marked_until_somebody_explains_it(reader, number):
    url = f"/reviews/{number}/edit/"
    page = reader.get(url).text
    start = re.search(r'name="from_at" value="(2026[^"]+)"', page)[1]
    end = re.search(r'name="to_at" value="(2026[^"]+)"', page)[1]
    before = reader.get(f"/reviews/{number}/").context["page"].gaps
    told = part("entry", kind="explanation", from_at=start, to_at=end, text="We waited for a dump.")
    assert reader.post(url, told).status_code == 302
    assert reader.get(f"/reviews/{number}/").context["page"].gaps == before - 1
    assert ReviewEntry.objects.get().text == "We waited for a dump."


def test_names_of_people_in_causes_are_pointed_out(reader, number):
    reader.post(
        f"/reviews/{number}/edit/", part("causes", root_causes="Ana Reyes pressed the button.")
    )
    page = reader.get(f"/reviews/{number}/edit/").text
    assert "&quot;Ana Reyes&quot; is named." in page
    assert "Root causes:" in page


def test_only_those_with_the_right_see_what_money_was_exposed(client, company, number):
    review = PostIncidentReview.objects.get(incident=number)
    assert review.revenue_exposed == 420000
    review.revenue_exposed = 7654321
    review.save()
    url = f"/reviews/{number}/"
    for who, sees in (("agent2", False), ("governor", True)):
        client.force_login(company[who])
        for address in (url, "/reviews/", "/reviews/export.csv", f"{url}edit/"):
            found = "7654321" in client.get(address).text.replace(",", "")
            assert found == (sees and address in (url, f"{url}edit/")), (who, address)
    client.force_login(company["agent2"])
    refused = client.post(f"{url}edit/", part("impact", revenue_exposed="1"))
    assert refused.status_code == 302, "a field one may not see is no field of the form"
    review.refresh_from_db()
    assert review.revenue_exposed == 7654321


def test_the_archive_is_searched_and_narrowed(reader, company, at, number):
    other = reviewed(company, at, "sftp", title="Payout file missing", account="fjord")
    ContributingFactor.objects.create(
        review=PostIncidentReview.objects.get(incident=other),
        position=1,
        category="third_party",
        text="The bank moved its host.",
    )

    def found(query) -> list[int]:
        return [row.number for row in reader.get(f"/reviews/{query}").context["page"].rows]

    assert found("") == [other, number]
    assert found("?q=payout") == [other]
    assert found("?q=bank+host") == [other], "the words of factors count"
    assert found(f"?q=INC-{number}") == [number]
    assert found("?cause=third_party") == [other]
    assert found("?tier=strategic") == [number]
    assert found("?state=completed") == []
    assert found("?since=2026-11-18") == []
    assert found("?until=2026-11-17&severity=1") != []
    assert found("?state=nonsense&since=never&page=x") == [other, number]
    page = reader.get("/reviews/?cause=third_party&q=payout").context["page"]
    assert [chip.label for chip in page.chips] == ['"payout"', "Kind of cause: Third party"]
    assert page.chips[1].remove_url == "/reviews/?q=payout"
    facet = next(each for each in page.facets if each.name == "cause")
    assert [(option.value, option.count) for option in facet.options] == [("third_party", 1)]
    assert "No review fits" in reader.get("/reviews/?q=zebra").text


def test_the_archive_says_so_when_there_is_no_review_at_all(reader):
    assert "No reviews yet." in reader.get("/reviews/").text


def test_the_export_holds_the_result_and_starts_no_formula(reader, company, at):
    number = reviewed(company, at, title="=HYPERLINK(1)")
    PostIncidentReview.objects.filter(incident=number).update(summary="+1 in the end")
    reviewed(company, at, "other", title="Other")
    rows = list(csv.DictReader(io.StringIO(reader.get("/reviews/export.csv?q=HYPERLINK").text)))
    assert [row["Title"] for row in rows] == ["'=HYPERLINK(1)"]
    assert rows[0]["Summary"] == "'+1 in the end"


def queries(client, url) -> int:
    warmed(client, url)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(url).status_code == 200
    return len(seen)


def test_long_lists_cost_what_short_ones_cost(reader, company, at, number):
    act(number, company, at)
    act(reviewed(company, at, "other", account="fjord"), company, at)
    for review in PostIncidentReview.objects.all():
        ContributingFactor.objects.create(review=review, position=1, category="change", text="x")
    urls = ("/reviews/", "/reviews/export.csv", "/actions/", "/actions/?view=open")
    urls += (f"/reviews/{number}/", f"/reviews/{number}/edit/")
    few = [queries(reader, url) for url in urls]
    for place in range(6):
        other = reviewed(company, at, f"more{place}", account="fjord")
        act(other, company, at, number=1)
    for place in range(2, 8):
        act(number, company, at, number=place)
        ContributingFactor.objects.create(
            review=PostIncidentReview.objects.get(incident=number),
            position=place,
            category="change",
            text="x",
        )
    assert [queries(reader, url) for url in urls] == few
    assert max(few) <= 40


def test_an_action_goes_from_mine_to_the_verifier(client, company, at, number):
    action = act(number, company, at)
    client.force_login(company["agent2"])
    page = client.get("/actions/").text
    assert "Alarm on capture rate" in page
    answer = client.post(
        f"/actions/{action.pk}/finish/", {"next": "/actions/?view=open"}, follow=True
    )
    assert "Say what shows it is done." in answer.text
    client.post(f"/actions/{action.pk}/finish/", {"evidence": "Alarm 12"})
    assert client.get("/actions/").context["page"].rows == ()
    mine = client.get("/actions/?view=verify").context["page"]
    assert mine.rows == ()
    client.force_login(company["senior"])
    rows = client.get("/actions/?view=verify").context["page"].rows
    assert [button.verb for button in rows[0].buttons] == ["verify", "reject"]
    client.post(f"/actions/{action.pk}/verify/")
    assert ActionItem.objects.get().state == "verified"


def test_overdue_actions_stand_in_their_own_view(reader, company, at, number):
    late = act(number, company, at, due_on=date(2026, 11, 16))
    act(number, company, at, number=2)
    often = act(number, company, at, number=3, times_moved=3)
    rows = reader.get("/actions/?view=overdue").context["page"].rows
    assert [row.id for row in rows] == [late.pk, often.pk]
    assert all(row.is_late for row in rows)


def test_the_way_back_stays_in_the_house(reader, company, at, number):
    action = act(number, company, at)
    answer = reader.post(f"/actions/{action.pk}/start/", {"next": "https://evil.example/"})
    assert answer["Location"] == "/actions/"


def test_a_near_miss_is_asked_for_on_the_page_of_its_incident(reader, company, at):
    incident = open_incident(at, "small", severity_hint="info", anchors={"business": 0})
    resolve(incident, by=company["agent"], at=at + HOUR)
    page = reader.get(f"/incidents/{incident.number}/").text
    assert "Ask for a review" in page
    empty = reader.post(f"/incidents/{incident.number}/review/", {"reason": " "}, follow=True)
    assert "Say why this should be reviewed." in empty.text
    reader.post(f"/incidents/{incident.number}/review/", {"reason": "Close call."})
    assert f"/reviews/{incident.number}/" in reader.get(f"/incidents/{incident.number}/").text


def test_a_like_cause_while_its_action_is_overdue_suggests_a_worse_severity(
    reader, company, at, number
):
    other = reviewed(company, at, "before", account="fjord")
    for each in (number, other):
        ContributingFactor.objects.create(
            review=PostIncidentReview.objects.get(incident=each),
            position=1,
            category="change",
            text="x",
        )
    PostIncidentReview.objects.filter(incident=number).update(severity_final=2)
    page = f"/reviews/{number}/"
    assert reader.get(page).context["page"].suggestions == ()
    act(other, company, at, due_on=date(2026, 11, 10))
    found = reader.get(page).context["page"]
    assert "consider S1" in found.suggestions[0]
    assert [(each.key, each.reasons) for each in found.similar] == [
        (f"INC-{other}", "same kind of cause: change")
    ]
