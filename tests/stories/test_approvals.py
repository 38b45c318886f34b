"""The rules change by a request that others approve: its whole life, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from escalations.models import (
    Approval,
    ChangeReader,
    ChangeRequest,
    Clock,
    Notice,
    Policy,
    PolicyVersion,
    RoutingRule,
)
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_lint import version_findings
from escalations.tasks.schedule import sweep
from tests.factories.changes import answered_in, document, draft_of, warning_keys
from tests.factories.incidents import open_incident

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def policy(company: dict[str, User]) -> Policy:
    return Policy.objects.get()


@pytest.fixture
def as_(company, travel):
    """A signed-in client by name."""

    def client(name: str) -> Client:
        found = Client()
        found.force_login(User.objects.get(username=name))
        return found

    return client


@pytest.fixture
def draft(policy, company, at):
    """Version 3: an S1 is answered within four minutes."""
    return draft_of(policy, by=company["governor"], at=at)


def ask(client: Client, version: PolicyVersion, **given):
    url = f"{reverse('policy-ask', args=[version.policy.code])}?v={version.number}"
    return client.post(url, {"reason": "Five was too long.", **given})


def ask_with_all_read(client: Client, version: PolicyVersion, **given):
    read = {f"warning_{key}": "on" for key in warning_keys(version)}
    return ask(client, version, **read, **given)


def asked(client: Client, version: PolicyVersion, **given) -> ChangeRequest:
    assert ask_with_all_read(client, version, **given).status_code == 302
    return ChangeRequest.objects.latest("pk")


def press(client: Client, request: ChangeRequest, verb: str, comment: str = "") -> str:
    url = reverse("change-answer", args=[request.pk, verb])
    answer = client.post(url, {"comment": comment}, follow=True)
    request.refresh_from_db()
    return said(answer)


def said(answer) -> str:
    return answer.content.decode()


def state(version: PolicyVersion) -> str:
    version.refresh_from_db()
    return version.state


def in_force(policy: Policy) -> PolicyVersion:
    return policy.versions.get(state="in_force")


def test_a_version_goes_through_its_whole_life(as_, policy, draft, at, travel):
    """Draft, refused by the lint, mended, asked for, one's own approval refused, approved by two,
    scheduled, in force at its instant while an open incident stays pinned, rolled back."""
    before = in_force(policy)
    incident = open_incident(at, "pinned", severity_hint="critical", facts={"users_pct": 35})
    rule = RoutingRule.objects.create(
        version=draft,
        position=90,
        name="Never",
        when={"match": "all", "parts": [{"field": "no_such_fact", "op": "is", "value": True}]},
        team=draft.routing_rules.first().team,
    )
    refused = ask(as_("governor"), draft)
    assert refused.status_code == 400

    assert "Mend 3 first: The last rule must match everything." in said(refused)
    assert state(draft) == "draft"
    rule.delete()

    when = at + 2 * DAY
    request = asked(as_("governor"), draft, effective_from=f"{when:%Y-%m-%dT%H:%M}")
    assert state(draft) == "in_review"
    compare = f"{reverse('policy-compare', args=[policy.code])}?from=2&to=3"
    assert "Needs 2 approvals, has 0" in said(as_("governor2").get(compare))

    assert "You asked for this" in press(as_("governor"), request, "approve")
    assert request.approvals.filter(verdict="approved").count() == 0
    press(as_("governor2"), request, "approve", "Agreed.")
    assert "Needs 2 approvals, has 1" in said(as_("governor3").get(compare))
    assert state(draft) == "in_review"
    assert "You have had your word" in press(as_("governor2"), request, "approve")
    press(as_("governor3"), request, "approve")
    assert (state(draft), request.state, request.settle_at) == ("scheduled", "scheduled", when)
    assert len(draft.sha256) == 64

    assert sweep(when - timedelta(seconds=1)) >= 0
    assert in_force(policy) == before
    sweep(when)
    assert (state(draft), state(before)) == ("in_force", "retired")
    assert draft.effective_from == before.retired_at == when
    sweep(when)
    assert PolicyVersion.history.filter(id=draft.pk, state="in_force").count() == 1

    travel.to(when + HOUR)
    incident.refresh_from_db()
    assert incident.policy_version == before
    later = open_incident(when + HOUR, "later", severity_hint="critical", facts={"users_pct": 35})
    assert later.policy_version == draft
    clock = Clock.objects.get(incident=later, kind="response")
    assert clock.target_s == 240

    url = f"{reverse('policy-roll-back', args=[policy.code])}?v={before.number}"
    assert as_("governor").post(url, {"reason": "Nobody made it."}).status_code == 302
    back = ChangeRequest.objects.latest("pk")
    for name in ("governor2", "governor3"):
        press(as_(name), back, "approve")
    sweep(back.settle_at)
    again = in_force(policy)
    assert again.number == 4
    assert back.changes.get().restores_number == before.number
    assert policy_doc(again.pk).severities == policy_doc(before.pk).severities
    states = PolicyVersion.history.filter(id=draft.pk).order_by("history_id")
    assert list(dict.fromkeys(states.values_list("state", flat=True))) == [
        "draft",
        "in_review",
        "approved",
        "scheduled",
        "in_force",
        "retired",
    ]


def test_without_a_date_it_takes_effect_an_hour_after_the_last_approval(as_, policy, draft, at):
    request = asked(as_("governor"), draft)
    press(as_("governor2"), request, "approve")
    press(as_("governor3"), request, "approve")
    assert request.settle_at == at + HOUR


def test_a_date_within_the_hour_is_refused(as_, draft, at):
    answer = ask(as_("governor"), draft, effective_from=f"{at + HOUR / 2:%Y-%m-%dT%H:%M}")
    assert answer.status_code == 400
    assert "Give people an hour" in said(answer)


def test_each_warning_is_acknowledged_and_kept(as_, policy, company, at):
    def slower(content):
        content["severities"]["S1"]["clocks"]["response"] = "40 min"

    draft = draft_of(policy, by=company["governor"], at=at, change=slower)
    found = [each for each in version_findings(draft, at) if not each.is_error]
    assert found
    refused = ask(as_("governor"), draft)
    assert refused.status_code == 400
    assert "acknowledge each" in said(refused)
    one = {f"warning_{warning_keys(draft)[0]}": "on"}
    assert ask(as_("governor"), draft, **one).status_code == 400
    request = asked(as_("governor"), draft)
    assert set(request.warnings.values_list("sentence", flat=True)) == {f.sentence for f in found}


def test_sent_back_it_is_a_draft_again_and_comes_in_a_new_round(as_, policy, draft, company):
    request = asked(as_("governor"), draft)
    assert "Say what is to be mended" in press(as_("governor2"), request, "send-back")
    press(as_("governor2"), request, "send-back", "Three would do.")
    assert (state(draft), request.state) == ("draft", "sent_back")
    assert Notice.objects.filter(recipient=company["governor"], subject__startswith="Sent back")
    again = asked(as_("governor"), draft)
    assert (again.pk, again.round) == (request.pk, 2)
    page = said(as_("governor3").get(reverse("change-request", args=[request.pk])))
    assert "Three would do." in page
    press(as_("governor2"), again, "approve")
    press(as_("governor3"), again, "approve")
    assert again.state == "scheduled"


def test_too_few_others_are_no_committee(as_, draft, company):
    company["governor3"].groups.clear()
    refused = said(ask_with_all_read(as_("governor"), draft))
    assert "2 others must approve, and 1 may." in refused
    assert state(draft) == "draft"
    asked(as_("governor"), draft, is_emergency="on")


def test_who_wrote_the_draft_does_not_approve_it_when_another_asks(as_, policy, draft):
    Policy.objects.update(approvals_needed=1)
    request = asked(as_("governor2"), draft)
    assert "You wrote a part of this draft" in press(as_("governor"), request, "approve")
    assert request.approvals.count() == 1


def test_its_author_withdraws_it(as_, draft):
    request = asked(as_("governor"), draft)
    assert "Whoever asked withdraws it" in press(as_("governor2"), request, "withdraw")
    press(as_("governor"), request, "withdraw")
    assert (request.state, state(draft)) == ("withdrawn", "draft")


def test_a_duty_manager_reads_a_request_and_does_not_answer(as_, draft):
    request = asked(as_("governor"), draft)
    client, url = as_("duty"), reverse("change-request", args=[request.pk])
    assert "Severity S1: response goes from 5 min to 4 min." in said(client.get(url))
    assert client.post(reverse("change-answer", args=[request.pk, "approve"])).status_code == 403


def test_what_was_bent_after_its_approval_does_not_take_effect(as_, policy, draft, at):
    before = in_force(policy)
    request = asked(as_("governor"), draft)
    press(as_("governor2"), request, "approve")
    press(as_("governor3"), request, "approve")
    draft.clock_targets.filter(severity=1, kind="response").update(target_s=60)
    sweep(request.settle_at)
    request.refresh_from_db()
    assert (request.state, request.stopped_why) == (
        "sent_back",
        "It does not say any more what was approved.",
    )
    assert (state(draft), in_force(policy)) == ("draft", before)


def test_an_emergency_is_in_force_with_one_approval_and_stays_once_confirmed(
    as_, policy, draft, at
):
    request = asked(as_("governor"), draft, is_emergency="on")
    press(as_("governor2"), request, "approve")
    assert (state(draft), request.settle_at) == ("in_force", at + DAY)
    press(as_("governor3"), request, "approve")
    assert request.confirmed_at == at
    sweep(at + 2 * DAY)
    assert in_force(policy) == draft


def test_an_emergency_that_nobody_confirms_is_taken_back(as_, policy, draft, at):
    before = in_force(policy)
    request = asked(as_("governor"), draft, is_emergency="on")
    press(as_("governor2"), request, "approve")
    sweep(at + DAY - timedelta(seconds=1))
    assert in_force(policy) == draft
    sweep(at + DAY)
    request.refresh_from_db()
    back = in_force(policy)
    assert (request.state, state(draft), back.number) == ("expired", "retired", 4)
    assert policy_doc(back.pk).severities == policy_doc(before.pk).severities
    assert Notice.objects.filter(subject__startswith="Taken back").exists()


def test_an_emergency_is_taken_back_at_once_by_who_sends_it_back(as_, policy, draft):
    request = asked(as_("governor"), draft, is_emergency="on")
    press(as_("governor2"), request, "approve")
    press(as_("governor3"), request, "send-back", "It pages everybody.")
    assert (request.state, in_force(policy).number) == ("expired", 4)


def test_those_concerned_are_told_what_changes_and_counted_when_they_read_it(
    as_, policy, draft, company, travel
):
    request = asked(as_("governor"), draft)
    press(as_("governor2"), request, "approve")
    press(as_("governor3"), request, "approve")
    assert f"/policies/requests/{request.pk}/" in said(as_("governor").get("/admin/"))  # soon
    sweep(request.settle_at)
    travel.to(request.settle_at + HOUR)
    mail = Notice.objects.get(recipient=company["duty"], subject__startswith="In force now")
    assert "Severity S1: response goes from 5 min to 4 min." in mail.text
    told = ChangeReader.objects.filter(request=request)
    assert told.filter(person=company["duty"], read_at=None).exists()
    url = reverse("change-request", args=[request.pk])
    assert f"Read by 1 of {told.count()}" in said(as_("duty").get(url))
    as_("auditor").get(url)  # was not told, is not counted
    assert f"Read by 2 of {told.count()}" in said(as_("governor").get(url))


def test_what_waits_for_me_comes_first_and_stands_on_the_first_page_of_governance(
    as_, policy, draft, company, at
):
    request = asked(as_("governor"), draft)
    other = draft_of(policy, by=company["governor2"], at=at, change=answered_in("3 min"))
    own = asked(as_("governor2"), other)
    page = said(as_("governor2").get(reverse("change-requests")))
    assert page.index(f"/requests/{request.pk}/") < page.index(f"/requests/{own.pk}/")
    needs = said(as_("governor2").get("/admin/"))
    assert f"/policies/requests/{request.pk}/" in needs
    assert f"/policies/requests/{own.pk}/" not in needs


def test_the_list_costs_the_same_for_many_requests(
    as_, policy, draft, company, at, django_assert_max_num_queries
):
    client, url = as_("governor2"), reverse("change-requests")
    asked(as_("governor"), draft)
    for minutes in ("3 min", "2 min", "1 min"):
        with django_assert_max_num_queries(11):
            client.get(url)
        made = draft_of(policy, by=company["governor"], at=at, change=answered_in(minutes))
        asked(as_("governor"), made)


# --- frozen -------------------------------------------------------------------------------------
def test_a_version_in_review_is_not_edited_by_any_form(as_, draft):
    asked(as_("governor"), draft)
    client = as_("governor2")
    ladder = draft.ladders.first()
    for url in (
        reverse("admin:escalations_policyversion_change", args=[draft.pk]),
        reverse("admin:escalations_ladder_change", args=[ladder.pk]),
        reverse("admin:escalations_ladderlevel_change", args=[ladder.levels.first().pk]),
        reverse("admin:escalations_policyversion_delete", args=[draft.pk]),
    ):
        assert client.post(url, {"change_reason": "x"}).status_code == 403, url


def test_nothing_is_put_into_a_version_that_left_draft(as_, draft):
    asked(as_("governor"), draft)
    count = draft.ladders.count()
    answer = as_("governor2").post(
        reverse("admin:escalations_ladder_add"),
        {
            "version": draft.pk,
            "name": "extra",
            "repeat": 0,
            "on_breach_level": 1,
            "fallback_every_s": 900,
            "max_pages_total": 50,
            "change_reason": "x",
            "levels-TOTAL_FORMS": 0,
            "levels-INITIAL_FORMS": 0,
        },
    )
    assert answer.status_code == 200
    assert draft.ladders.count() == count


def test_what_a_draft_said_is_never_kept_as_what_decides(as_, policy, draft, at):
    policy_doc(draft.pk)
    draft.clock_targets.filter(severity=1, kind="response").update(target_s=180)
    request = asked(as_("governor"), draft)
    press(as_("governor2"), request, "approve")
    press(as_("governor3"), request, "approve")
    sweep(request.settle_at)
    target = policy_doc(draft.pk).severities[1].targets
    assert {kind.value: each.target_s for kind, each in target.items()}["response"] == 180


# --- suggestions --------------------------------------------------------------------------------
def test_an_agent_suggests_a_change_and_reads_the_answer(as_, policy, at):
    incident = open_incident(at, "shown", severity_hint="critical")
    client = as_("agent")
    url = reverse("policy-suggest", args=[policy.code])
    asked_with = said(client.get(f"{url}?incident={incident.number}"))
    assert f'value="{incident.number}"' in asked_with
    sent = {"text": "Cards go to Payments.", "incident": incident.key, "about": "Routing"}
    assert client.post(url, sent).status_code == 302
    suggestion = policy.suggestions.get()
    assert (suggestion.incident, suggestion.suggested_by.username) == (incident, "agent")
    assert "Cards go to Payments." not in said(as_("agent2").get(reverse("suggestions")))
    answer = reverse("suggestion-answer", args=[suggestion.pk])
    assert client.post(answer, {"answer": "No."}).status_code == 403
    as_("governor").post(answer, {"answer": "In the next version."})
    assert "In the next version." in said(client.get(reverse("suggestions")))


@pytest.mark.parametrize("incident", ["INC-999999", "999999999", "odd"])
def test_a_suggestion_names_an_incident_that_exists(as_, policy, incident):
    url = reverse("policy-suggest", args=[policy.code])
    answer = as_("agent").post(url, {"text": "x", "incident": incident})
    assert answer.status_code == 400
    assert not policy.suggestions.exists()


def test_the_log_tells_every_word(as_, draft):
    request = asked(as_("governor"), draft)
    press(as_("governor2"), request, "approve", "Agreed.")
    page = said(as_("auditor").get(reverse("approvals-log")))
    assert "Agreed." in page
    assert Approval.objects.count() == 2


def test_a_document_begins_as_what_is_in_force(policy):
    assert document(policy)["severities"]["S1"]["clocks"]["response"] == "5 min"
