"""Playbooks on incidents: proposed with why, asked for, approved by another, worked, ended."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from accounts.models import Membership, Team
from escalations.models import Incident, IncidentPlaybook, Notice, TimelineEvent
from escalations.selectors.playbooks import proposals
from escalations.tasks.schedule import next_due, sweep, tick
from playbooks.models import PlaybookRun, StepRun
from tests.factories.incidents import open_incident

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
KPI = "checkout-conversion"
DROP = "checkout-conversion-drop"


@pytest.fixture
def api(company, travel):
    def as_(username: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(company[username])
        return client

    return as_


def post(api, who, path, expect=200, **body):
    answer = api(who).post(f"/api/v1/{path}", body)
    assert answer.status_code == expect, answer.json()
    return answer.json()


def read(api, at, values):
    rows = [
        {"kpi": KPI, "at": (at + i * HOUR).isoformat(), "value": value}
        for i, value in enumerate(values)
    ]
    assert api("integrator").post("/api/v1/readings/", rows).status_code == 200


@pytest.fixture
def breach(api, at):
    """A KPI in breach, claimed by agent."""
    read(api, at - 5 * HOUR, [2.4, 2.4, 2.4])
    tick()
    number = Incident.objects.get().number
    post(api, "agent", f"incidents/{number}/claim/")
    return number


def start(api, who, playbook, number=None, expect=201, **chosen):
    body = {"playbook": playbook, **chosen}
    if number is not None:
        body["incident"] = number
    return post(api, who, "playbook-runs/", expect, **body)


def kinds(number):
    rows = TimelineEvent.objects.filter(incident=number, kind__startswith="playbook")
    return [(each.kind, each.actor.username if each.actor else None) for each in rows]


def page(client, user, number):
    client.force_login(user)
    return client.get(f"/incidents/{number}/").text


def test_a_kpi_remediation_is_verified_proposed_approved_by_another_worked_and_ended(
    api, client, company, travel, at, breach
):
    told = page(client, company["agent"], breach)
    assert "Checkout conversion drop" in told
    assert "because KPI Checkout conversion is in breach" in told
    assert "Verify the data first: no playbook runs on unproven figures." in told
    assert start(api, "agent", DROP, breach, 409)["code"] == "not_verified"
    (fitting,) = api("agent").get(f"/api/v1/incidents/{breach}/playbooks/").json()["proposals"]
    assert fitting["playbook"] == DROP
    assert fitting["why"] == "because KPI Checkout conversion is in breach"
    assert api("outsider").get(f"/api/v1/incidents/{breach}/playbooks/").status_code == 403

    post(api, "kpi-owner", f"incidents/{breach}/verify/", outcome="confirmed", evidence="Two feeds")
    claims = {
        "hypothesis": "The coupon box.",
        "success_criterion": "2.9 %",
        "rollback": "Redeploy.",
    }
    run = start(api, "agent", DROP, breach, **claims)
    pk = run["id"]
    assert (run["state"], run["incident"], run["needs_approval"]) == (
        "waiting_approval",
        breach,
        True,
    )
    assert {name: run[name] for name in claims} == claims
    assert run["why"] == "because KPI Checkout conversion is in breach"
    assert run["started_at"] is run["due_at"] is None
    asked = Notice.objects.get(key__contains=f"approve-run:{pk}", recipient__username="kpi-owner")
    assert asked.recipient == company["kpi-owner"]
    assert "The coupon box." in asked.text and "Why you got this:" in asked.text

    assert start(api, "agent", DROP, breach, 409)["code"] == "playbook_running"
    step = f"playbook-runs/{pk}/steps/1/finish/"
    assert post(api, "agent", step, 409)["code"] == "not_approved"
    refused = api("agent").post(f"/api/v1/incidents/{breach}/mitigate/", {})
    assert [each["code"] for each in refused.json()["unmet"]] == ["plan_missing"]

    assert post(api, "agent", f"playbook-runs/{pk}/approve/", 403)["code"] == "missing_right"
    travel.to(at + 2 * MINUTE)
    approved = post(api, "kpi-owner", f"playbook-runs/{pk}/approve/")
    assert (approved["state"], approved["approved_by"]) == ("running", "kpi-owner")
    assert [each["state"] for each in approved["steps"]] == ["active", *["waiting"] * 3]
    assert approved["steps"][0]["due_at"] == "2026-11-17T10:17:00Z"
    assert approved["due_at"] == "2026-11-17T12:52:00Z"
    again = post(api, "duty", f"playbook-runs/{pk}/approve/", 409)
    assert again["code"] == "not_waiting"
    mitigating = post(api, "agent", f"incidents/{breach}/mitigate/")
    assert mitigating["state"] == "mitigating", "a running playbook is a plan"

    travel.to(at + 10 * MINUTE)
    moved = post(api, "agent", step, note="Payment loses 30 %.")
    assert moved["steps"][0]["note"] == "Payment loses 30 %."
    assert moved["steps"][1]["due_at"] == "2026-11-17T10:25:00Z", "its box starts when it is on"
    assert post(api, "agent", step, 409)["code"] == "not_active"
    wrong = post(api, "agent", f"playbook-runs/{pk}/steps/3/finish/", 409)
    assert wrong["code"] == "not_active"
    skip = f"playbook-runs/{pk}/steps/2/skip/"
    assert post(api, "agent", skip, 400)["errors"][0]["code"] == "reason_missing"
    post(api, "agent", skip, reason="One release only.")

    third = f"playbook-runs/{pk}/steps/3"
    assert Notice.objects.filter(key__contains="approve-step:", recipient=company["kpi-owner"])
    assert post(api, "agent", f"{third}/finish/", 409)["code"] == "not_approved"
    assert post(api, "kpi-owner", f"{third}/approve/")["steps"][2]["approved_by"] == "kpi-owner"
    post(api, "agent", f"{third}/finish/")
    early = post(api, "agent", f"playbook-runs/{pk}/finish/", 409, outcome="worked")
    assert early["code"] == "steps_open"
    post(api, "kpi-owner", f"playbook-runs/{pk}/steps/4/finish/")
    ended = post(api, "agent", f"playbook-runs/{pk}/finish/", outcome="worked", note="Back at 3.1")
    assert (ended["state"], ended["outcome"], ended["ended_by"]) == ("done", "worked", "agent")
    assert kinds(breach) == [
        ("playbook_started", "agent"),
        ("playbook_approved", "kpi-owner"),
        ("playbook_step", "agent"),
        ("playbook_skipped", "agent"),
        ("playbook_approved", "kpi-owner"),
        ("playbook_step", "agent"),
        ("playbook_step", "kpi-owner"),
        ("playbook_ended", "agent"),
    ]
    client.force_login(company["agent"])
    shown = client.get(f"/playbooks/{DROP}/").text
    assert "It worked" in shown and f"on INC-{breach}" in shown
    assert "It worked" in client.get("/playbooks/").text


def test_nobody_approves_their_own_run_or_the_step_they_asked_for(api, breach):
    post(api, "kpi-owner", f"incidents/{breach}/verify/", outcome="confirmed", evidence="Two feeds")
    pk = start(api, "kpi-owner", DROP, breach)["id"]
    own = post(api, "kpi-owner", f"playbook-runs/{pk}/approve/", 403)
    assert own["code"] == "own_request"
    post(api, "duty", f"playbook-runs/{pk}/approve/")
    for position in (1, 2):
        post(api, "duty", f"playbook-runs/{pk}/steps/{position}/finish/")
    own = post(api, "duty", f"playbook-runs/{pk}/steps/3/approve/", 403)
    assert own["code"] == "own_request", "who brought the run to the step asked for it"
    post(api, "kpi-owner", f"playbook-runs/{pk}/steps/3/approve/")


def test_the_pages_work_without_javascript_from_proposal_to_outcome(client, company, at, travel):
    incident = open_incident(at, product_area="cards", category="outage")
    client.force_login(company["agent"])
    shown = client.get(f"/incidents/{incident.number}/").text
    assert "because the category is outage and the product area is cards" in shown
    started = client.post(
        "/playbooks/payment-outage/start/",
        {
            "incident": incident.number,
            "next": f"/incidents/{incident.number}/",
            "hypothesis": "Acquirer A is down.",
        },
        follow=True,
    )
    assert started.redirect_chain[-1][0] == f"/incidents/{incident.number}/"
    run = PlaybookRun.objects.get()
    assert (run.state, run.hypothesis) == ("running", "Acquirer A is down.")
    assert run.rollback == "Point the route back to the first acquirer."
    base = f"/playbooks/runs/{run.pk}"

    def press(path, **posted):
        answer = client.post(f"{base}/{path}/", posted, follow=True)
        assert answer.redirect_chain[-1][0] == f"{base}/"
        return " ".join(str(each) for each in answer.context["messages"])

    assert press("steps/1/finish", note="EU only") == "Step 1 is done."
    assert press("steps/2/skip") == "Say why."
    assert press("steps/2/skip", reason="They know") == "Step 2 is skipped."
    assert "Approving a run" in press("steps/3/approve")
    client.force_login(company["duty"])
    assert press("steps/3/approve") == "Step 3 is approved."
    assert press("steps/3/finish") == "Step 3 is done."
    assert "steps are open" in press("finish", outcome="worked")
    assert press("finish") == "Outcome: This field is required."
    assert press("finish", outcome="rolled_back", note="A is back") == "The outcome is recorded."
    run.refresh_from_db()
    assert (run.state, run.outcome) == ("done", "rolled_back")
    last = run.steps.last()
    assert (last.state, last.note) == ("skipped", "The run ended before this step was done.")
    assert client.post(f"{base}/dance/").status_code == 404
    assert client.get(f"{base}/stop/").status_code == 405


def test_a_run_ends_when_its_incident_is_resolved_or_cancelled(api, company, at):
    for verb, body in (
        ("cancel", {"reason": "A drill of the customer."}),
        (
            "resolve",
            {"resolution_code": "fixed", "cause_category": "change", "final_update": "Done."},
        ),
    ):
        number = open_incident(at, verb, product_area="cards", category="outage").number
        post(api, "duty", f"incidents/{number}/claim/")
        run = start(api, "duty", "payment-outage", number)
        post(api, "duty", f"incidents/{number}/mitigate/")
        post(api, "duty", f"incidents/{number}/propose-contain/", evidence="No errors.")
        post(api, "duty", f"incidents/{number}/confirm-contain/")
        post(api, "duty", f"incidents/{number}/{verb}/", **body)
        ended = api("duty").get(f"/api/v1/playbook-runs/{run['id']}/").json()
        assert ended["state"] == "stopped" and ended["ended_by"] is None
        assert "The incident is" in ended["outcome_note"]
        assert {each["state"] for each in ended["steps"]} == {"skipped"}
        assert kinds(number)[-1] == ("playbook_stopped", "duty")
        over = start(api, "duty", "payment-outage", number, 409)
        assert over["code"] == "incident_over"
    assert next_due() is None or not StepRun.objects.filter(alarm_at__isnull=False)


def test_a_data_fault_stops_the_remedy_and_lets_only_recovery_run(api, breach):
    post(api, "kpi-owner", f"incidents/{breach}/verify/", outcome="confirmed", evidence="Two feeds")
    pk = start(api, "agent", DROP, breach)["id"]
    post(api, "duty", f"playbook-runs/{pk}/approve/")
    post(api, "agent", f"incidents/{breach}/verify/", outcome="data_fault", evidence="Bots")
    assert api("agent").get(f"/api/v1/playbook-runs/{pk}/").json()["state"] == "stopped"
    assert start(api, "agent", DROP, breach, 409)["code"] == "not_verified"
    repaired = start(api, "steward", "data-pipeline-late", breach)
    assert repaired["state"] == "running"


def test_a_time_box_tells_the_commander_once_exactly_when_it_passes(api, company, at):
    number = open_incident(at, product_area="cards", category="outage").number
    post(api, "agent", f"incidents/{number}/claim/")
    run = start(api, "agent", "payment-outage", number)
    due = at + 5 * MINUTE

    def told():
        return Notice.objects.filter(key__contains="time-box:", recipient=company["agent"]).count()

    sweep(due - timedelta(microseconds=1))
    assert told() == 0
    sweep(due)
    assert told() == 1
    sweep(due)
    sweep(due + HOUR)
    assert told() == 1
    event = TimelineEvent.objects.get(incident=number, kind="playbook_late")
    assert (event.at, event.recorded_at, event.actor) == (due, due, None)
    shown = api("agent").get(f"/api/v1/playbook-runs/{run['id']}/").json()
    assert shown["steps"][0]["state"] == "active", "late, but still to be done"


def test_a_late_sweep_dates_the_passing_when_it_was_due(api, at):
    number = open_incident(at, product_area="cards", category="outage").number
    post(api, "agent", f"incidents/{number}/claim/")
    start(api, "agent", "payment-outage", number)
    sweep(at + 3 * HOUR)
    sweep(at + 3 * HOUR)
    event = TimelineEvent.objects.get(incident=number, kind="playbook_late")
    assert (event.at, event.recorded_at) == (at + 5 * MINUTE, at + 3 * HOUR)


def test_a_step_done_in_time_tells_nobody(api, at, travel):
    number = open_incident(at, product_area="cards", category="outage").number
    post(api, "agent", f"incidents/{number}/claim/")
    run = start(api, "agent", "payment-outage", number)
    travel.to(at + 4 * MINUTE)
    post(api, "agent", f"playbook-runs/{run['id']}/steps/1/finish/")
    sweep(at + 5 * MINUTE)
    assert not Notice.objects.filter(key__contains="time-box:").exists()


def test_without_an_incident_the_one_who_asked_is_told(api, company, at):
    run = start(api, "agent2", "third-party-outage")
    assert run["incident"] is None
    assert next_due() == at + 15 * MINUTE
    for _ in range(2):
        sweep(at + 15 * MINUTE)
    notice = Notice.objects.get()
    assert (notice.recipient, notice.incident_id) == (company["agent2"], None)
    assert f"/playbooks/runs/{run['id']}/" in notice.text


def test_a_run_of_a_private_team_is_hidden_from_who_may_not_see_its_incident(
    api, client, company, at
):
    incident = open_incident(at, product_area="cards", category="outage")
    pk = start(api, "agent", "payment-outage", incident.number)["id"]
    team = Team.objects.create(code="legal", name="Legal", is_private=True)
    Membership.objects.create(team=team, user=company["agent"], valid_from=at)
    Incident.objects.filter(pk=incident.pk).update(team=team)
    for who, seen in (("agent", 1), ("agent2", 0)):
        assert len(api(who).get("/api/v1/playbook-runs/").json()["results"]) == seen
        status = api(who).get(f"/api/v1/playbook-runs/{pk}/").status_code
        assert status == (200 if seen else 404)
        client.force_login(company[who])
        assert client.get(f"/playbooks/runs/{pk}/").status_code == (200 if seen else 404)
        assert (f"INC-{incident.number}" in client.get("/playbooks/payment-outage/").text) is bool(
            seen
        )
    hidden = post(api, "agent2", f"playbook-runs/{pk}/steps/1/finish/", 404)
    assert hidden["code"] == "not_found"
    assert start(api, "agent2", "payment-outage", incident.number, 404)["code"] == "not_found"


def test_a_drill_runs_its_time_boxes_at_its_own_time(api, at):
    from escalations.models import Drill

    number = open_incident(at, product_area="cards", category="outage").number
    start(api, "agent", "payment-outage", number)
    drill = Drill.objects.create(name="d", started_at=at, clock_at=at)
    Incident.objects.filter(pk=number).update(drill=drill)
    sweep(at + HOUR)
    assert not TimelineEvent.objects.filter(kind="playbook_late").exists()
    sweep(at + HOUR, drill)
    assert TimelineEvent.objects.filter(kind="playbook_late").exists()
    assert Notice.objects.filter(key__contains="time-box").exclude(channel="drill").count() == 0


def test_what_fits_closest_is_proposed_first_and_drafts_never(company, at):
    from playbooks.models import PlaybookVersion

    incident = open_incident(at, product_area="cards", category="outage", severity_hint="critical")
    assert [each.code for each in proposals(incident)] == ["payment-outage", "renewal-risk-save"]
    PlaybookVersion.objects.filter(playbook__code="payment-outage").update(state="draft")
    assert [each.code for each in proposals(incident)] == ["renewal-risk-save"]
    assert not IncidentPlaybook.objects.exists()
