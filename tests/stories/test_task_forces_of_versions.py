"""Task forces come from the version pinned to the incident; what was frozen before versions carried
them goes by the rules of the house."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

import pytest
import yaml
from django.apps import apps
from django.db import connection
from django.urls import reverse

from accounts.models import Team, User
from escalations.models import ChangeRequest, Policy, PolicyVersion, TaskForceRule
from escalations.selectors.policies import build_doc, clear_caches, policy_doc
from escalations.selectors.policy_lint import version_findings
from escalations.services.policies import copy_version, digest, put_in_force
from escalations.services.policy_documents import draft_from_text
from escalations.tasks.schedule import sweep
from tests.factories.changes import document, draft_of, warning_keys
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.room_stories import acting, api, told

__all__ = ["acting", "api"]  # the fixtures
pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
CARDS = {
    "name": "Cards in trouble",
    "severity_at_least": "S1",
    "product_area": "cards",
    "team": "growth",
    "bridge": "tel:+493099",
    "meets": "daily at 09:30 Europe/Berlin",
}


@pytest.fixture
def policy(company: dict[str, User], travel, at) -> Policy:
    travel.to(at)
    return Policy.objects.get()


def agreed(acting, policy, change, at, travel):
    """Drafted from a document, asked for, approved by two and put in force, as people do it."""
    content = document(policy)
    change(content)
    governor, code = acting("governor"), policy.code
    sent = {"document": yaml.safe_dump(content), "note": "Task forces.", "act": "draft"}
    governor.post(reverse("policy-import", args=[code]), sent)
    draft = policy.versions.order_by("number").last()
    read = {f"warning_{key}": "on" for key in warning_keys(draft)}
    asked = governor.post(
        f"{reverse('policy-ask', args=[code])}?v={draft.number}", {"reason": "Agreed.", **read}
    )
    assert asked.status_code == 302, asked.content.decode()
    request = ChangeRequest.objects.latest("pk")
    for who in ("governor2", "governor3"):
        acting(who).post(reverse("change-answer", args=[request.pk, "approve"]), {"comment": ""})
    request.refresh_from_db()
    travel.to(request.settle_at)
    sweep(request.settle_at)
    draft.refresh_from_db()
    assert draft.state == "in_force"
    return draft


def trouble(at, key):
    return open_incident(
        at, key, severity_hint="critical", facts=MAJOR, product_area="cards", category="outage"
    )


def test_an_incident_forms_its_task_force_by_the_version_pinned_to_it(
    acting, api, policy, company, at, travel
):
    def cards_first(content):
        content["task_forces"].insert(0, CARDS)

    third = agreed(acting, policy, cards_first, at, travel)
    now = at + 2 * HOUR
    first, second = trouble(now, "a"), trouble(now, "b")
    number, code = third.number, policy.code

    formed = api("agent", "post", f"task-forces/{first.number}/form/", 201)
    assert (formed["policy"], formed["version"], formed["position"]) == (code, number, 1)
    assert (formed["rule"], formed["bridge_url"]) == ("Cards in trouble", "tel:+493099")
    assert formed["next_meeting_at"].endswith("08:30:00Z"), "half past nine in Berlin"
    growth = set(Team.objects.get(code="growth").memberships.values_list("user__username"))
    assert growth <= {(each["user"],) for each in formed["members"]}
    by = f"by row 1 of Standard v{number}: Cards in trouble."
    assert told("task_force", first)[0].endswith(by)
    card = acting("agent").get(f"/incidents/{first.number}/").content.decode()
    assert f"By row 1 of Standard v{number}: Cards in trouble" in card

    # The next version has none; whoever is pinned to the one before keeps its row.
    travel.to(now)
    none = draft_of(
        policy,
        by=company["governor"],
        at=now,
        change=lambda content: content.update(task_forces=[]),
    )
    fourth = put_in_force(none, by=company["governor2"], at=now)
    third_later = trouble(now + 4 * HOUR, "c")
    assert third_later.policy_version == fourth
    page = acting("agent").get(f"/incidents/{third_later.number}/").content.decode()
    assert "No rule asks for one." in page
    page = acting("agent").get(f"/incidents/{second.number}/").content.decode()
    assert f"Cards in trouble asks for one: Growth sit in. By row 1 of Standard v{number}." in page
    late = api("agent", "post", f"task-forces/{second.number}/form/", 201)
    assert (late["version"], late["position"]) == (number, 1)
    alone = api("agent", "post", f"task-forces/{third_later.number}/form/", 201)
    assert (alone["rule"], alone["policy"], alone["position"]) == (None, None, None)

    # A committee reads it, and tries an incident under both.
    page = acting("governor").get(f"/policies/{code}/?v={number}").content.decode()
    assert "S1 and product area is cards" in page and "daily at 09:30 Europe/Berlin" in page
    told_by = f"/policies/{code}/compare/?from={number}&to={fourth.number}"
    assert "Task force Cards in trouble is gone" in acting("governor").get(told_by).text
    said = {"product_area": "cards", "declared": "S1"}
    where = f"policies/{code}/versions/{{}}/preview/"
    tried = api("governor", "post", where.format(number), **said)["task_force"]
    assert (tried["position"], tried["rule"], tried["team"]) == (1, "Cards in trouble", "growth")
    assert len(tried["people"]) == len(growth) and not tried["is_of_house"]
    assert api("governor", "post", where.format(fourth.number), **said)["task_force"] is None
    sent = {**said, "against": str(fourth.number)}
    page = acting("governor").post(reverse("policy-preview", args=[code, number]), sent).text
    assert "<strong>Cards in trouble</strong> asks for one: row 1" in page
    assert "No row asks for one." in page
    document_of = api("governor", "get", f"policies/{code}/versions/{number}/")["document"]
    assert document_of["task_forces"][0]["meets"] == {"at": "09:30", "zone": "Europe/Berlin"}


@pytest.fixture
def older(policy, company, at):
    """The house as the upgrade finds it: two rules, one of them off, a version in force and one in
    review that say nothing of them, and a draft."""
    TaskForceRule.objects.all().delete()
    growth = Team.objects.get(code="growth")
    values = {"severity_at_least": 2, "team": growth, "meeting": "every", "meeting_every_h": 3}
    TaskForceRule.objects.create(position=5, name="Major trouble", **values)
    TaskForceRule.objects.create(position=6, name="Off", severity_at_least=4, is_active=False)
    reviewed = draft_of(policy, by=company["governor"], at=at)
    PolicyVersion.objects.filter(pk=reviewed.pk).update(state="in_review")
    drafted = draft_of(policy, by=company["governor"], at=at)
    TaskForceRule.objects.exclude(version=None).delete()
    step = import_module("escalations.migrations.0037_task_forces_of_versions")
    step.tell_older(apps, connection.schema_editor())
    clear_caches()
    for each in (reviewed, drafted):
        each.refresh_from_db()
    return policy.versions.get(state="in_force"), reviewed, drafted


def test_what_was_frozen_before_goes_by_the_rules_of_the_house(
    acting, api, policy, older, company, at
):
    version, reviewed, drafted = older
    doc = policy_doc(version.pk)
    assert doc.has_task_forces_of_house and policy_doc(reviewed.pk).has_task_forces_of_house
    assert [(rule.position, rule.name) for rule in doc.task_forces] == [(5, "Major trouble")]
    own = build_doc(drafted)
    assert [rule.name for rule in own.task_forces] == ["Major trouble"]
    assert not own.has_task_forces_of_house, "a draft takes them into itself"

    incident = trouble(at, "a")
    formed = api("agent", "post", f"task-forces/{incident.number}/form/", 201)
    assert (formed["policy"], formed["version"], formed["position"]) == (None, None, 5)
    assert told("task_force", incident)[0].endswith("by rule 5 of the house: Major trouble.")

    # What is made of it says them itself: a copy, a document with them, an old one without.
    copied = copy_version(version, by=company["governor"], at=at, note="Back.")
    content = document(policy)
    del content["task_forces"]
    old_file = draft_from_text(policy.code, yaml.safe_dump(content), by=None, at=at, note="Old.")
    for made in (copied, draft_of(policy, by=company["governor"], at=at), old_file):
        said = build_doc(made)
        assert not said.has_task_forces_of_house
        assert [(rule.position, rule.name) for rule in said.task_forces] == [(1, "Major trouble")]
        assert digest(said) != digest(doc)
    content["task_forces"] = []
    none = draft_from_text(policy.code, yaml.safe_dump(content), by=None, at=at, note="None.")
    assert build_doc(none).task_forces == ()

    # Sent back to be mended, the one in review has them in itself.
    rows = ChangeRequest.objects
    PolicyVersion.objects.filter(pk=reviewed.pk).update(state="draft")
    governor = acting("governor")
    read = {f"warning_{key}": "on" for key in warning_keys(reviewed)}
    ask = f"{reverse('policy-ask', args=[policy.code])}?v={reviewed.number}"
    assert governor.post(ask, {"reason": "Faster.", **read}).status_code == 302
    governor.post(reverse("change-answer", args=[rows.latest("pk").pk, "withdraw"]), {})
    reviewed.refresh_from_db()
    assert (reviewed.state, reviewed.carries_task_forces) == ("draft", True)
    assert [rule.name for rule in build_doc(reviewed).task_forces] == ["Major trouble"]


def test_the_rules_of_the_house_are_read_and_no_longer_changed(acting, older):
    rule = TaskForceRule.objects.get(version=None, name="Major trouble")
    listed = reverse("admin:escalations_taskforcerule_changelist")
    of_one = reverse("admin:escalations_taskforcerule_change", args=[rule.pk])
    page = acting("governor").get(listed).text
    assert "The house" in page and "Off" in page
    assert acting("governor").get(of_one).status_code == 200
    assert acting("governor").post(of_one, {"name": "Mine"}).status_code == 403
    add = reverse("admin:escalations_taskforcerule_add")
    assert acting("governor").get(add).status_code == 403


def test_a_team_without_anybody_is_told_before_others_are_asked(policy, company, at):
    def seats_nobody(content):
        content["task_forces"] = [{**CARDS, "team": "empty"}]

    Team.objects.create(code="empty", name="Empty")
    draft = draft_of(policy, by=company["governor"], at=at, change=seats_nobody)
    found = {each.code: each for each in version_findings(draft, at)}
    assert not found["task_force_nobody"].is_error
    assert "seats the team 'empty', in which nobody active is now" in (
        found["task_force_nobody"].sentence
    )
