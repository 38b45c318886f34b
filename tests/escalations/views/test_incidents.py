from __future__ import annotations

import re

import pytest
from django.db import transaction

from escalations.models import Incident
from escalations.rules.lifecycle import Verb
from escalations.selectors.incidents import visible_incident
from escalations.services.moves import perform
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.readers import warmed

pytestmark = pytest.mark.django_db
# A value for each field that some guard or form asks for.
VALUES = {
    "textarea": "A sentence.",
    "text": "Some words",
    "checkbox": "on",
    "datetime": "2026-11-18T12:00",
}


@pytest.fixture(autouse=True)
def at_that_time(travel):
    """Pages live at `at`."""


@pytest.fixture
def reader(client, company):
    client.force_login(company["agent"])
    return client


@pytest.fixture
def incident(company, at):
    return open_incident(at, severity_hint="critical", facts=MAJOR, category="outage")


def fill(action, other="") -> dict[str, str]:
    """`other` is an open incident that a move may name."""
    values = {
        field.name: field.choices[-1][0] if field.kind == "select" else VALUES[field.kind]
        for field in action.fields
    }
    return values | {name: other for name in ("into", "to") if name in values}


def said(answer) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


def press(client, number, verb, **posted):
    return client.post(f"/incidents/{number}/{verb}/", posted, follow=True)


# What was done before, so that the page stands in each state.
LIVES = {
    "new": (),
    "acknowledged": ((Verb.CLAIM, {}),),
    "paused": (
        (Verb.CLAIM, {}),
        (Verb.PAUSE, {"reason": "customer_wait", "awaiting": "their logs"}),
    ),
    "mitigating": ((Verb.CLAIM, {}), (Verb.MITIGATE, {"plan": "Roll back."})),
    "proposed": (
        (Verb.CLAIM, {}),
        (Verb.MITIGATE, {"plan": "Roll back."}),
        (Verb.PROPOSE_CONTAIN, {"evidence": "No errors."}),
    ),
    "contained": (
        (Verb.CLAIM, {}),
        (Verb.MITIGATE, {"plan": "Roll back."}),
        (Verb.PROPOSE_CONTAIN, {"evidence": "No errors."}),
        (Verb.CONFIRM_CONTAIN, {}),
    ),
    "resolved": (
        (Verb.CLAIM, {}),
        (Verb.MITIGATE, {"plan": "Roll back."}),
        (Verb.PROPOSE_CONTAIN, {"evidence": "No errors."}),
        (Verb.CONFIRM_CONTAIN, {}),
        (
            Verb.RESOLVE,
            {"resolution_code": "fixed", "cause_category": "change", "final_update": "Done."},
        ),
    ),
}


@pytest.mark.parametrize("life", LIVES)
def test_every_button_of_the_page_works(client, company, at, incident, life):
    duty = company["duty"]
    for verb, given in LIVES[life]:
        perform(incident.number, verb, given, by=duty, at=at)
    client.force_login(duty)
    actions = client.get(f"/incidents/{incident.number}/").context["page"].actions
    start = Incident.objects.get(pk=incident.number).version
    other = open_incident(at, "other", severity_hint="critical", facts=MAJOR).key
    assert actions
    for action in actions:
        if action.verb == "unlink":
            continue  # shown where there are links, see test_merges
        with transaction.atomic():
            answer = client.post(action.url, fill(action, other) | {"expected_version": start})
            assert answer.status_code == 302
            now = Incident.objects.get(pk=incident.number)
            assert now.version == start + 1, (life, action.verb, said(client.get("/")))
            transaction.set_rollback(True)


def test_an_illegal_move_comes_back_as_its_sentences(reader, incident):
    answer = press(reader, incident.number, "resolve")
    assert answer.redirect_chain == [(f"/incidents/{incident.number}/", 302)]
    assert "Say how it ended." in said(answer)
    assert "Legal from" in said(answer)
    assert Incident.objects.get(pk=incident.number).version == incident.version


def test_a_bad_value_is_named_with_its_label(reader, company, incident, at):
    perform(incident.number, Verb.CLAIM, {}, by=company["agent"], at=at)
    answer = press(reader, incident.number, "pause", reason="lunch", awaiting="them")
    assert "Waiting for:" in said(answer)


def test_a_claim_says_what_it_did_and_goes_back_where_it_came_from(reader, company, incident):
    answer = press(reader, incident.number, "claim", next="/?clock=late")
    assert answer.redirect_chain == [("/?clock=late", 302)]
    assert said(answer) == f"{incident.key}: is yours, further paging stops."
    assert Incident.objects.get(pk=incident.number).commander == company["agent"]


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_nobody_is_sent_to_another_site(reader, incident, away):
    answer = press(reader, incident.number, "note", text="x", next=away)
    assert answer.redirect_chain == [(f"/incidents/{incident.number}/", 302)]


def test_a_page_that_is_out_of_date_changes_nothing(reader, company, incident, at):
    perform(incident.number, Verb.NOTE, {"text": "x"}, by=company["agent2"], at=at)
    answer = press(reader, incident.number, "claim", expected_version=incident.version)
    assert "changed meanwhile" in said(answer)
    assert Incident.objects.get(pk=incident.number).accepted_at is None


@pytest.mark.parametrize("path", ["99999999999999999999999/", "9/", "{n}/sing/", "9/claim/"])
def test_wrong_addresses_are_not_found_or_not_allowed(reader, incident, path):
    url = "/incidents/" + path.format(n=incident.number + 0 if "{n}" in path else 0)
    assert reader.get(url).status_code in (404, 405)
    assert reader.post(url).status_code in (404, 405)


def test_who_may_not_see_incidents_may_not_move_them(client, company, incident):
    client.force_login(company["outsider"])
    assert client.post(f"/incidents/{incident.number}/claim/").status_code == 403
    client.logout()
    assert client.post(f"/incidents/{incident.number}/claim/").status_code == 302
    assert Incident.objects.get(pk=incident.number).accepted_at is None


def test_who_may_only_read_sees_no_buttons(client, company, incident):
    client.force_login(company["governor"])
    page = client.get(f"/incidents/{incident.number}/").context["page"]
    assert [each.verb for each in page.actions] == []
    assert client.get("/incidents/new/").status_code == 403


def test_what_waits_for_somebody_else_is_listed_with_its_sentences(client, company, at, incident):
    for verb, given in LIVES["mitigating"]:
        perform(incident.number, verb, given, by=company["agent"], at=at)
    client.force_login(company["agent"])
    page = client.get(f"/incidents/{incident.number}/").context["page"]
    later = {each.label: " ".join(each.sentences) for each in page.unmet}
    assert "contained before it goes on" in later["Resolve"]
    assert "senior engineer" in later["Confirm containment"]
    assert "propose-contain" in [each.verb for each in page.actions]


def test_you_are_meant_only_when_it_is_you(client, company, at, incident):
    owner = incident.commander
    other = company["steward"]
    client.force_login(owner)
    assert (
        "you are asked to take it"
        in client.get(f"/incidents/{incident.number}/").context["page"].why
    )
    client.force_login(other)
    why = client.get(f"/incidents/{incident.number}/").context["page"].why
    assert f"{owner} is asked to take it" in why
    assert " you " not in why


def test_the_page_costs_the_same_however_much_happened(
    reader, company, incident, at, django_assert_num_queries, django_assert_max_num_queries
):
    url = f"/incidents/{incident.number}/"
    warmed(reader, url)
    with django_assert_max_num_queries(44) as seen:
        reader.get(url)
    first = len(seen)  # the next request outside empties what was seen
    for n in range(20):
        perform(incident.number, Verb.NOTE, {"text": f"{n}"}, by=company["agent2"], at=at)
    warmed(reader, url)
    with django_assert_num_queries(first):
        reader.get(url)


def test_the_timeline_is_sent_again_only_when_something_happened(reader, incident):
    url = f"/incidents/{incident.number}/timeline/"
    assert reader.get(url, {"version": incident.version}).status_code == 204
    assert b"Opened from pager" in reader.get(url, {"version": "0"}).content


def test_the_score_says_what_is_known_and_what_is_assumed(reader, incident):
    text = reader.get(f"/incidents/{incident.number}/score/").content.decode()
    assert "Technical severity" in text and "Assumed" in text


def test_what_people_wrote_is_shown_and_never_run(reader, company, incident, at):
    evil = "<script>alert(1)</script>"
    perform(incident.number, Verb.NOTE, {"text": evil}, by=company["agent"], at=at)
    text = reader.get(f"/incidents/{incident.number}/").content.decode()
    assert evil not in text and "&lt;script&gt;alert(1)" in text


def test_a_preview_tells_the_outcome_and_nobody_else(reader, company):
    form = {"account": "northwind", "severity_hint": "critical", "arr_at_risk": "420000"}
    form |= {"users_pct": "35", "core_down_no_workaround": "yes", "title": ""}
    answer = reader.post("/incidents/new/", form | {"preview": "1"})
    found = answer.context["preview"]
    assert found.severity == 1
    assert found.route == "Frontline" and found.owner
    assert [each.label for each in found.deadlines][:2] == ["Acknowledge", "Restore"]
    assert not Incident.objects.exists()


def test_a_preview_and_the_incident_agree(reader, company):
    form = {"title": "Capture fails", "account": "northwind", "severity_hint": "critical"}
    found = reader.post("/incidents/new/", form | {"preview": "1"}).context["preview"]
    answer = reader.post("/incidents/new/", form, follow=True)
    made = Incident.objects.get()
    assert answer.redirect_chain == [(f"/incidents/{made.number}/", 302)]
    assert (made.severity, str(made.commander)) == (found.severity, found.owner)
    assert f"{made.score_bp / 100:.2f}" == found.score
    assert made.opened_by == company["agent"]
    assert visible_incident(made.number, company["agent"]).source == "manual"


def test_a_form_with_mistakes_opens_nothing(reader, company):
    answer = reader.post("/incidents/new/", {"title": "", "users_pct": "101"})
    assert answer.status_code == 200
    assert {"title", "users_pct"} <= set(answer.context["form"].errors)
    assert not Incident.objects.exists()


def test_from_an_incident_one_suggests_a_change_of_its_rules(reader, incident):
    text = reader.get(f"/incidents/{incident.number}/").text
    (address,) = set(re.findall(r'href="(/policies/[^"]+/suggest/[^"]+)"', text))
    form = reader.get(address).context["form"]
    assert form["incident"].value() == str(incident.number)
