"""The library's pages: who gets in, what they show, and templates in the composers."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from escalations.selectors.playbook_card import use_templates, values_of
from escalations.services.playbooks import start
from playbooks.models import MessageTemplate, Playbook, PlaybookVersion
from playbooks.services.playbooks import draft_version
from tests.factories.incidents import open_incident
from tests.factories.readers import warmed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_that_time(travel):
    """Pages live at `at`."""


@pytest.fixture
def reader(client, company):
    client.force_login(company["agent"])
    return client


@pytest.fixture
def incident(company, at):
    return open_incident(at, product_area="cards", category="outage")


@pytest.fixture
def run(company, incident, at):
    return start("payment-outage", {}, by=company["agent"], at=at, incident=incident.number)


def test_strangers_sign_in_and_people_without_a_role_get_403(client, company, run):
    paths = ["/playbooks/", "/playbooks/payment-outage/", f"/playbooks/runs/{run.pk}/"]
    for path in paths:
        assert client.get(path)["Location"].startswith("/accounts/login/")
    client.force_login(company["outsider"])
    for path in paths:
        assert client.get(path).status_code == 403
    for path in ("stop/", "steps/1/finish/"):
        assert client.post(f"{paths[2]}{path}").status_code == 403
    assert client.post("/playbooks/payment-outage/start/").status_code == 403
    run.refresh_from_db()
    assert run.state == "running"


@pytest.mark.parametrize(
    "path",
    [
        "/playbooks/nothing/",
        "/playbooks/runs/999/",
        "/playbooks/runs/99999999999999999999/",
        "/playbooks/?incident=999",
        "/playbooks/?incident=9999999999999999999",
        "/playbooks/payment-outage/?incident=999",
    ],
)
def test_a_wrong_address_is_404(reader, path):
    assert reader.get(path).status_code == 404


def test_odd_words_in_the_address_change_nothing(reader, incident):
    for path in (
        "/playbooks/?q=%00&area=%00&tier=odd&kind=odd&incident=x",
        f"/playbooks/?incident={'9' * 5000}",
        f"/incidents/{incident.number}/?template=%00",
        f"/incidents/{incident.number}/?template=nothing:xx",
    ):
        assert reader.get(path).status_code == 200


def test_the_library_says_who_owns_it_its_version_and_how_it_last_went(reader, run):
    shown = reader.get("/playbooks/").text
    assert "Dana Moreau" in shown and "v1" in shown and "Never used" in shown
    assert "Running" in shown
    assert "No playbook fits this search." in reader.get("/playbooks/?q=zzz").text
    Playbook.objects.update(is_active=False)
    assert "No playbook yet." in reader.get("/playbooks/").text


def test_a_playbook_shows_its_triggers_in_words_and_drafts_only_to_who_writes(client, company, at):
    book = Playbook.objects.get(code="payment-outage")
    draft_version(book, {"note": "Secret plan"}, [], by=company["governor"], at=at)
    client.force_login(company["agent"])
    shown = client.get("/playbooks/payment-outage/").text
    assert "The category is outage and the product area is cards." in shown
    assert "Secret plan" not in shown
    client.force_login(company["governor"])
    assert "Secret plan" in client.get("/playbooks/payment-outage/").text


def test_a_reader_without_the_right_sees_the_checklist_and_no_button(client, company, run):
    client.force_login(company["governor"])
    shown = client.get(f"/playbooks/runs/{run.pk}/").text
    assert "Say how far it reaches" in shown and "5:00 left" in shown
    assert "is done</button>" not in shown and "Stop the run" not in shown
    client.force_login(company["agent"])
    shown = client.get(f"/playbooks/runs/{run.pk}/").text
    assert "Step 1 is done" in shown and "Stop the run" in shown


def test_a_text_of_a_person_is_escaped(reader, company, incident, at):
    chosen = {"hypothesis": "<script>x</script>"}
    start("payment-outage", chosen, by=company["agent"], at=at, incident=incident.number)
    for path in (f"/incidents/{incident.number}/", "/playbooks/runs/1/"):
        page = reader.get(path)
        assert "<script>x" not in page.text


def test_a_step_that_is_not_there_is_404(reader, run):
    for position in (0, 9, 99999999999999999999):
        assert reader.post(f"/playbooks/runs/{run.pk}/steps/{position}/finish/").status_code == 404


def test_way_back_never_leaves_the_house(reader, run):
    posted = {"next": "https://evil.example/"}
    answer = reader.post(f"/playbooks/runs/{run.pk}/steps/1/finish/", posted)
    assert answer["Location"] == f"/playbooks/runs/{run.pk}/"


def test_a_template_fills_the_composer_it_is_meant_for(reader, company, incident):
    path = f"/incidents/{incident.number}/"
    assert "Start from a template" in reader.get(path).text
    shown = reader.get(f"{path}?template=first-update").text
    assert "We see trouble with Trouble with capture since" in shown
    german = reader.get(f"{path}?template=first-update:de").text
    assert "Seit " in german and "We see trouble" not in german
    handoff = reader.get(f"{path}?template=shift-handoff").text
    assert "Who knows most" in handoff


def test_values_of_a_template_hold_nothing_sensitive_and_say_when_the_next_update_is_due(
    incident, company, at
):
    values = values_of(incident, at)
    assert values["incident"] == incident.key
    assert values["account"] == "Northwind"
    assert "420000" not in str(values)
    assert values["next_update"].endswith("UTC")


def test_templates_of_another_area_are_not_offered(incident, company, at):
    from escalations.selectors.actions import Action

    actions = (Action("update", "Send update", "/"),)
    MessageTemplate.objects.update(product_area="ads")
    found = use_templates(incident, actions, "first-update", company["agent"], at)
    assert found.choices == {"update": ()}
    MessageTemplate.objects.update(product_area="CARDS")
    found = use_templates(incident, actions, "first-update", company["agent"], at)
    assert {each.value for each in found.choices["update"]} >= {"first-update:en"}


def queries(client, path):
    warmed(client, path)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(path).status_code == 200
    return len(seen)


def test_the_incident_page_costs_the_same_for_few_playbooks_and_for_many(reader, company, incident):
    path = f"/incidents/{incident.number}/"
    few = queries(reader, path)
    for i in range(12):
        book = Playbook.objects.create(code=f"x{i}", name=f"X {i}", kind="incident")
        PlaybookVersion.objects.create(
            playbook=book,
            number=1,
            state="in_force",
            effective_from=incident.opened_at,
            sha256="x",
        )
        book.triggers.create(category="outage")
    assert queries(reader, path) == few
