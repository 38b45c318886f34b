"""Limits, and what else is governed, change by requests as policies do: over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from escalations.models import ChangeRequest, Clock, Kpi, Policy, Threshold
from escalations.services.threshold_versions import draft_thresholds
from escalations.tasks.schedule import sweep
from playbooks.models import Playbook
from playbooks.services.playbooks import content_of, draft_version
from tests.factories.incidents import open_incident
from tests.governance.test_pages import address

HOUR = timedelta(hours=1)


@pytest.fixture
def as_(company, travel):
    """A signed-in client by name."""

    def client(name: str) -> Client:
        found = Client()
        found.force_login(User.objects.get(username=name))
        return found

    return client


def said(answer) -> str:
    return answer.content.decode()


def ask(client, kind, code, number, verb="ask", **given) -> ChangeRequest:
    url = reverse(f"version-{verb}", args=[kind, code, number])
    answer = client.post(url, {"reason": "Prices rose.", **given})
    assert answer.status_code == 302, said(answer)
    return ChangeRequest.objects.latest("pk")


def press(client, request, verb, comment="") -> str:
    url = reverse("change-answer", args=[request.pk, verb])
    answer = client.post(url, {"comment": comment}, follow=True)
    request.refresh_from_db()
    return said(answer)


def draft_limits(client, kpi: Kpi, **changes) -> Threshold:
    values = {
        "kpi": kpi.pk,
        "mode": "static",
        "warn_k": "3.5",
        "breach_k": "5",
        "resolution": "0",
        "direction": "lower",
        "warn_hi": "0.4",
        "breach_hi": "0.8",
        "clear_warn_hi": "0.35",
        "clear_breach_hi": "0.7",
        "n": 1,
        "m": 1,
        "c": 24,
        "missing": "hold",
        "warn_severity": 3,
        "breach_severity": 2,
        "change_reason": "Prices rose.",
    }
    answer = client.post(address(Threshold, "add"), values | changes)
    assert answer.status_code == 302, answer.context["errors"]
    return Threshold.objects.latest("pk")


def test_limits_of_a_critical_kpi_go_through_their_whole_life(as_, company, at, travel):
    """Drafted, compared, asked for, approved by two others, scheduled, in force, rolled back."""
    kpi = Kpi.objects.get(code="cpc")
    Kpi.objects.filter(pk=kpi.pk).update(is_critical=True)
    before = kpi.thresholds.get()
    owner = as_("kpi-owner")
    draft = draft_limits(owner, kpi)
    assert (draft.state, draft.effective_from) == ("draft", None)

    page = said(owner.get(reverse("versions", args=["limits", "cpc"])))
    assert "From v1 to v2" in page and "Breach above: " in page
    assert "Roll back" not in page
    waiting = said(owner.get(reverse("version-ask", args=["limits", "cpc", 2])))
    assert "It needs 2 approvals" in waiting
    request = ask(owner, "limits", "cpc", 2)
    assert owner.post(address(Threshold, "change", draft.pk), {"n": 1}).status_code == 403
    assert "Limits of Cost per click v2" in said(as_("governor").get(reverse("change-requests")))
    assert "403" in press(owner, request, "approve")
    press(as_("governor"), request, "approve")
    assert request.state == "in_review"
    press(as_("governor2"), request, "approve")
    assert request.state == "scheduled"

    sweep(request.settle_at)
    draft.refresh_from_db()
    before.refresh_from_db()
    assert (draft.state, before.state) == ("in_force", "retired")
    assert draft.effective_from == before.retired_at == request.settle_at
    assert request.changes.get().replaced_number == 1

    travel.to(request.settle_at + HOUR)
    back = ask(owner, "limits", "cpc", 1, verb="roll-back")
    for name in ("governor", "governor2"):
        press(as_(name), back, "approve")
    sweep(back.settle_at)
    again = kpi.thresholds.get(state="in_force")
    assert (again.number, again.breach_hi) == (3, before.breach_hi)
    assert back.changes.get().restores_number == 1
    page = said(owner.get(reverse("versions", args=["limits", "cpc"]) + "?from=1&to=3"))
    assert "They say the same." in page


def test_an_emergency_on_limits_is_taken_back_and_what_was_altered_never_decides(as_, company, at):
    kpi = Kpi.objects.get(code="cpc")
    Kpi.objects.filter(pk=kpi.pk).update(is_critical=True)
    owner = as_("kpi-owner")
    draft_limits(owner, kpi)
    request = ask(owner, "limits", "cpc", 2, is_emergency="on")
    press(as_("governor"), request, "approve")
    assert kpi.thresholds.get(state="in_force").number == 2
    sweep(at + 25 * HOUR)
    request.refresh_from_db()
    assert (request.state, kpi.thresholds.get(state="in_force").number) == ("expired", 3)

    draft = draft_limits(owner, kpi, breach_hi="0.9")
    request = ask(owner, "limits", "cpc", draft.number)
    for name in ("governor", "governor2"):
        press(as_(name), request, "approve")
    Threshold.objects.filter(pk=draft.pk).update(breach_hi=99)
    sweep(request.settle_at)
    request.refresh_from_db()
    assert (request.state, kpi.thresholds.get(state="in_force").number) == ("sent_back", 3)
    assert "does not say any more what was approved" in request.stopped_why


def test_whoever_may_not_see_revenue_reads_that_it_changes_and_not_to_what(as_, company):
    kpi = Kpi.objects.get(code="cpc")
    draft_limits(as_("governor"), kpi, revenue_exposed="7654321")
    url = reverse("versions", args=["limits", "cpc"])
    assert "7654321" in said(as_("governor").get(url))
    page = said(as_("agent").get(url))
    assert "Revenue exposed: changed." in page and "7654321" not in page
    assert "Ask for approval" not in page


def test_fewer_approvals_are_approved_by_as_many_as_before(as_, company, at):
    """Nobody lowers the number alone: two approve that one is enough, and no emergency helps."""
    policy = Policy.objects.get()
    code, url = f"policy-{policy.code}", reverse("approvals-needed")
    governor = as_("governor")
    assert (
        b'name="approvals_needed"' not in governor.get(address(Policy, "change", policy.pk)).content
    )
    sent = {"code": code, "needed": "1", "reason": "We are few."}
    assert as_("duty").post(url, sent).status_code == 403
    page = said(governor.post(url, sent, follow=True))
    assert "Needs 2 approvals, has 0" in page and "2 approvals become 1." in page
    request = ChangeRequest.objects.latest("pk")
    assert "1, in review" in said(governor.get(url))
    assert "You asked for this" in press(governor, request, "approve")
    press(as_("governor2"), request, "approve")
    assert (request.state, policy_needs(policy)) == ("in_review", 2)
    press(as_("governor3"), request, "approve")
    assert (request.state, policy_needs(policy)) == ("scheduled", 2)
    sweep(request.settle_at)
    assert policy_needs(policy) == 1

    assert "It needs 1 now." in said(governor.post(url, sent, follow=True))
    many = governor.post(url, sent | {"needed": "9"}, follow=True)
    assert "people may approve" in said(many)
    back = reverse("version-roll-back", args=["approvals", code, 1])
    hurried = governor.post(back, {"reason": "Back.", "is_emergency": "on"})
    assert hurried.status_code == 400 and "waits for all who must approve" in said(hurried)


def policy_needs(policy: Policy) -> int:
    policy.refresh_from_db()
    return policy.approvals_needed


def test_a_playbook_is_asked_for_compared_and_rolled_back(as_, company, at):
    """By its editor, approved by one other; a run that began keeps its version."""
    playbook = Playbook.objects.get(code="payment-outage")
    before = playbook.versions.get(state="in_force")
    leader = company["remediation"]
    steps = [{"title": "Look at the provider", "timebox_s": 300}]
    draft = draft_version(playbook, {"rollback": "Switch back."}, steps, by=leader, at=at)
    client, own = as_("remediation"), ["playbook", playbook.code]
    page = said(client.get(reverse("versions", args=own)))
    assert "Step &#x27;Look at the provider&#x27; is new, in place 1." in page
    assert "Switch back." in page
    request = ask(client, *own, draft.number)
    press(as_("governor"), request, "approve")
    sweep(request.settle_at)
    assert playbook.versions.get(state="in_force") == draft
    back = ask(client, *own, before.number, verb="roll-back", is_emergency="on")
    press(as_("governor"), back, "approve")
    again = playbook.versions.get(state="in_force")
    assert (back.state, again.number) == ("in_force", draft.number + 1)
    assert (
        content_of(again, list(again.steps.all()))["steps"]
        == (content_of(before, list(before.steps.all()))["steps"])
    )


def test_new_hours_wait_for_another_and_reach_what_runs_at_their_instant(as_, company, at, travel):
    incident = open_incident(at - HOUR, account="halden", severity_hint="info")
    clock = Clock.objects.get(incident=incident, kind="resolution")
    due, hours = clock.due_at, clock.calendar.service_hours
    url = reverse("service-hours-one", args=[hours.code])
    sent = {
        "zone_name": clock.calendar.zone,
        **{day: "09:00-12:00" for day in ("mon", "tue", "wed", "thu", "fri")},
        "effective_from": "2026-11-17T08:00",  # three hours from now in New York
        "reason": "Shorter days.",
    }
    assert (
        as_("governor").post(url, sent | {"effective_from": "2026-11-17T05:30"}).status_code == 200
    )
    answer = as_("governor").post(url, sent, follow=True)
    request = ChangeRequest.objects.get()
    assert "Monday: 09:00-17:00 becomes 09:00-12:00." in said(answer)
    press(as_("governor2"), request, "approve")
    while sweep(request.settle_at - timedelta(seconds=1)):
        pass
    clock.refresh_from_db()
    assert clock.due_at == due and hours.versions.get(state="in_force") == clock.calendar
    while sweep(request.settle_at):
        pass
    clock.refresh_from_db()
    assert clock.due_at > due
    assert hours.versions.get(state="in_force").since == request.settle_at

    travel.to(request.settle_at + HOUR)
    back = ask(as_("governor"), "hours", hours.code, 1, verb="roll-back", is_emergency="on")
    press(as_("governor2"), back, "approve")
    assert (back.state, hours.versions.get(state="in_force").number) == ("in_force", 3)


def test_many_versions_cost_as_many_queries_as_few(as_, company, at):
    kpi, client = Kpi.objects.get(code="cpc"), as_("governor")
    url = reverse("versions", args=["limits", "cpc"])

    def drafted(count: int) -> None:
        for _ in range(count):
            draft_thresholds(kpi, {"c": 9}, by=company["kpi-owner"], at=at, note="Slower.")

    def queries() -> int:
        client.get(url)
        with CaptureQueriesContext(connection) as found:
            assert client.get(url).status_code == 200
        return len(found)

    drafted(2)
    few = queries()
    drafted(9)
    assert queries() == few
