"""A committee reads its policies, compares two versions, and drafts the next one from a document."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from escalations.models import Incident, Policy, PolicyVersion
from escalations.rules.policy_documents import as_text
from escalations.selectors.policies import policy_doc
from escalations.services.messages import message_of
from escalations.services.policies import put_in_force
from escalations.services.policy_documents import draft_from_text
from escalations.services.signals import receive_signal

DAY = timedelta(days=1)


@pytest.fixture
def policy(company: dict[str, User]) -> Policy:
    return Policy.objects.get()


@pytest.fixture
def code(policy: Policy) -> str:
    return policy.code


def document(policy: Policy) -> dict:
    version = policy.versions.get(state="in_force")
    return yaml.safe_load(as_text(policy_doc(version.pk), "yaml"))


def text(content: dict) -> str:
    return yaml.safe_dump(content, sort_keys=False)


def with_route(content: dict) -> dict:
    when = {"all": [{"field": "product_area", "op": "=", "value": "cards"}]}
    content["rules"].insert(0, {"name": "Cards", "when": when, "team": "frontline"})
    return content


@pytest.fixture
def governor(client, company):
    client.force_login(company["governor"])
    return client


def test_the_rules_in_force_on_a_day_are_shown(governor, policy, code, at, travel):
    content = document(policy)
    content["min_confidence"] = 70
    third = draft_from_text(code, text(content), by=None, at=at + DAY, note="Surer.")
    put_in_force(third, by=None, at=at + 5 * DAY)
    travel.to(at + 9 * DAY)
    began = policy.versions.get(number=1).effective_from.date()

    page = governor.get("/policies/")
    assert [line.number for line in page.context["policies"][0].versions] == [3, 2, 1]
    now = governor.get(f"/policies/{code}/").context["page"]
    assert now.version.number == 3
    for day, number in ((-40, 1), (4, 2), (5, 3), (8, 3)):
        on = (at + day * DAY).date()
        shown = governor.get(f"/policies/{code}/?on={on}").context["page"]
        assert shown.version.number == number, on
    before = governor.get(f"/policies/{code}/?on={began - DAY}")
    assert before.context["page"].version is None
    assert f"was in force on {(began - DAY).day}" in before.text


def test_a_rule_says_how_often_it_took_an_incident(governor, policy, code, at, travel):
    content = with_route(document(policy))
    version = draft_from_text(code, text(content), by=None, at=at, note="Cards first.")
    put_in_force(version, by=None, at=at)
    travel.to(at)
    for key, area in (("a", "cards"), ("b", "cards"), ("c", "login")):
        given = {"source": "pager", "dedup_key": key, "title": "t", "product_area": area}
        receive_signal(message_of(given, at=at), by=None, at=at)
    last = Incident.objects.filter(product_area="cards").latest("number")

    page = governor.get(f"/policies/{code}/").context["page"]
    (routing,) = [table for table in page.tables if table.is_counted]
    did = {row.key: row.fired and (row.fired.count, row.fired.last_key) for row in routing.rows}
    assert did["Cards"] == (2, last.key)
    assert did["Everything else"][0] == 1
    travel.to(at + 91 * DAY)
    page = governor.get(f"/policies/{code}/").context["page"]
    assert not any(row.fired for table in page.tables for row in table.rows)


def test_two_versions_are_compared_and_a_wrong_number_is_404(governor, policy, code, at):
    content = document(policy)
    content["severities"]["S1"]["clocks"]["cadence"] = "20 min"
    draft_from_text(code, text(content), by=None, at=at, note="Sooner.")
    answer = governor.get(f"/policies/{code}/compare/?from=2&to=3")
    assert answer.context["page"].comparison.sentences == (
        "Severity S1: customer update goes from 30 min to 20 min.",
    )
    for query in ("", "?from=1", "?from=1&to=9", "?from=x&to=1", "?from=-1&to=1"):
        assert governor.get(f"/policies/{code}/compare/{query}").status_code == 404, query
    for path in ("/policies/none/", f"/policies/{code}/?v=9", f"/policies/{code}/v9.yaml"):
        assert governor.get(path).status_code == 404, path


def test_a_draft_grows_from_the_version_in_force(governor, policy, code, company):
    """First looked at, which stores nothing; then stored."""
    page = governor.get(f"/policies/{code}/import/?v=2")
    content = yaml.safe_load(page.context["form"]["document"].value())
    assert content == document(policy)
    sent = {"document": text(with_route(content)), "note": "Cards have people of their own."}

    looked = governor.post(f"/policies/{code}/import/", sent)
    assert [s.split(" (")[0] for s in looked.context["comparison"].sentences] == [
        "Rule Cards is new",
        "Rule KPIs go to Growth: place goes from 1 to 2.",
        "Rule Data or legal questions: place goes from 2 to 3.",
        "Rule Everything else: place goes from 3 to 4.",
    ]
    assert PolicyVersion.objects.count() == 2

    stored = governor.post(f"/policies/{code}/import/", {**sent, "act": "draft"}, follow=True)
    assert "Draft v3 is stored." in stored.text
    draft = PolicyVersion.objects.get(number=3)
    assert (draft.state, draft.note) == ("draft", sent["note"])
    assert draft.service_hours == policy.versions.get(number=2).service_hours
    assert draft.history.get().history_user == company["governor"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c["factors"][0].update(weight=31), "must sum to 100"),
        (lambda c: c["rules"][0].update(team="nobody"), "names no team"),
        (lambda c: c.update(rules=[]), "must match everything"),
        (lambda c: c["severities"]["S1"].update(ladder="night"), "there is none"),
        (lambda c: c.pop("limits"), "Missing."),
    ],
)
def test_what_is_wrong_is_told_and_never_stored(governor, policy, code, change, said):
    content = document(policy)
    change(content)
    for act in ("look", "draft"):
        answer = governor.post(
            f"/policies/{code}/import/", {"document": text(content), "note": "n", "act": act}
        )
        assert answer.status_code == 200 and said in answer.text
    assert PolicyVersion.objects.count() == 2


def test_a_committee_member_alone_may_import(client, company, code):
    client.force_login(company["auditor"])
    assert client.get(f"/policies/{code}/").status_code == 200
    assert client.get(f"/policies/{code}/import/").status_code == 403
    client.force_login(company["agent"])
    assert client.get("/policies/").status_code == 403


def test_pages_cost_the_same_for_few_and_many_versions(governor, policy, code, at):
    def cost() -> list[int]:
        found = []
        for path in ("/policies/", f"/policies/{code}/", f"/policies/{code}/compare/?from=1&to=1"):
            governor.get(path)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                governor.get(path)
            found.append(len(asked))
        return found

    few = cost()
    for _ in range(3):
        draft_from_text(code, text(document(policy)), by=None, at=at, note="again")
    assert cost() == few


# --- by command ---------------------------------------------------------------------------------
def run(*args: str) -> str:
    out = StringIO()
    call_command("policy", *args, stdout=out)
    return out.getvalue()


def test_by_command_what_is_exported_is_imported_again(policy, code, tmp_path):
    file = tmp_path / "policy.yaml"
    for more in ((), ("--json",)):
        file.write_text(run("export", code, "2", *more))
        assert run("lint", code, str(file)).splitlines()[-1] == "The document is in order."
    file.write_text(text(with_route(document(policy))))
    by = ("--by", "governor", "--note", "Cards")
    said = run("import", code, str(file), *by, "--dry-run")
    assert "change: Rule Cards is new" in said and "nothing is stored" in said
    assert PolicyVersion.objects.count() == 2
    assert f"Stored as draft v3 of {code}." in run("import", code, str(file), *by)


def test_by_command_what_is_refused_ends_with_an_error(policy, code, tmp_path):
    file = tmp_path / "policy.yaml"
    content = document(policy)
    content["min_confidence"] = 700
    file.write_text(text(content))
    with pytest.raises(CommandError, match="refused"):
        run("lint", code, str(file))
    with pytest.raises(CommandError, match="may not write policies"):
        run("import", code, str(file), "--by", "agent", "--note", "n")
    with pytest.raises(CommandError, match="no policy"):
        run("lint", "none", str(file))
    with pytest.raises(CommandError, match="cannot be read"):
        run("lint", code, str(tmp_path / "none"))
    assert PolicyVersion.objects.count() == 2
