"""Where the house asks so, the rules of a roster change by requests; who stands in stays free."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Override, Roster, RosterPlan
from accounts.rules.roster_diff import differing, roster_sentences
from accounts.selectors.rosters import on_call, plan_of
from accounts.services.roster_plans import ensure_first
from escalations.models import ChangeRequest
from escalations.tasks.schedule import sweep
from tests.escalations.views.test_roster_versions import form_of
from tests.stories.test_governed_versions import HOUR, as_, ask, press, said

__all__ = ["as_"]  # the fixture
DAY = timedelta(days=1)
EDIT = "/rosters/primary/edit/"


@pytest.fixture
def primary(company, at):
    found = Roster.objects.get(code="primary")
    found.by_request = True
    found.save()
    ensure_first(found, at)
    return found


def turned(client, company) -> dict[str, str]:
    """The form of the editor with the two people in the other order."""
    sent = form_of(client.get(EDIT))
    sent["layer-0-person_1"], sent["layer-0-person_2"] = (
        sent["layer-0-person_2"],
        sent["layer-0-person_1"],
    )
    first = sent["layer-0-continue_with"]
    others = [sent[f"layer-0-person_{n}"] for n in (1, 2)]
    sent["layer-0-continue_with"] = next(each for each in others if each != first)
    return sent | {"reason": "The other week suits them.", "publish": "1"}


def test_rules_wait_for_another_stand_in_the_calendar_ahead_and_are_rolled_back(
    as_, company, primary, at, travel
):
    governor = as_("governor")
    before = plan_of(primary, at, at + 40 * DAY, at).shifts(at, at + 40 * DAY)
    page = said(governor.post(EDIT, turned(governor, company), follow=True))
    request = ChangeRequest.objects.get()
    assert "Rules of" in page and "people in their order" in page
    assert "Somebody else answers" in page and " instead of " in page
    assert primary.versions.count() == 1, "nothing is planned yet"
    body = {"layers": [], "reason": "Now."}
    layer = {"zone": "UTC", "handoff": "09:00", "unit": "week", "people": ["agent"]}
    body["layers"] = [layer | {"continue_with": "agent"}]
    direct = governor.post(
        "/api/v1/rosters/primary/versions/", body, content_type="application/json"
    )
    assert (direct.status_code, direct.json()["code"]) == (409, "by_request")

    press(as_("governor2"), request, "approve")
    plan = RosterPlan.objects.get(number=2)
    begins = plan.written.effective_from
    assert request.state == plan.state == "scheduled" and begins >= request.settle_at
    ahead = plan_of(primary, at, at + 40 * DAY, at).shifts(at, at + 40 * DAY)
    assert ahead != before, "it stands in the calendar from its date"
    assert ahead[0].duty.person == before[0].duty.person, "and not before"
    whom = on_call(primary, begins + HOUR, at).person

    press(governor, request, "withdraw")
    plan.refresh_from_db()
    assert (plan.state, plan.written) == ("draft", None)
    now = plan_of(primary, at, at + 40 * DAY, at).shifts(at, at + 40 * DAY)
    assert now == before, "what was planned ahead is withdrawn"

    request = ask(governor, "roster", "primary", 2)
    press(as_("governor2"), request, "approve")
    stand_in = Override.objects.create(
        roster=primary,
        user=company["senior"],
        start_at=at,
        end_at=at + HOUR / 2,
        recorded_at=at,
        recorded_by=company["duty"],
    )
    assert on_call(primary, at, at).person == stand_in.user_id, "stand-ins ask nobody"
    sweep(request.settle_at)
    plan.refresh_from_db()
    held = RosterPlan.objects.get(number=1)
    assert (plan.state, held.state, len(plan.sha256)) == ("in_force", "retired", 64)
    assert on_call(primary, begins + HOUR, begins).person == whom

    travel.to(begins + HOUR)
    url = "/versions/roster/primary/"
    assert "From v1 to v2" in said(governor.get(url))
    back = ask(governor, "roster", "primary", 1, verb="roll-back")
    press(as_("governor3"), back, "approve")
    while sweep(back.settle_at):
        pass
    third = RosterPlan.objects.get(number=3)
    assert third.state == "in_force" and third.layers == held.layers


def test_gaps_and_strangers_are_refused_and_a_machine_asks_over_http(
    as_, company, primary, at, travel
):
    sent = {"content_type": "application/json"}
    layer = {
        "zone": "America/New_York",
        "handoff": "09:00",
        "unit": "week",
        "people": ["agent", "senior"],
        "continue_with": "senior",
        "restrict": {"mon": [["09:00", "17:00"]]},
    }
    body = {"roster": "primary", "layers": [layer], "reason": "Mondays."}
    refused = as_("agent").post("/api/v1/roster-drafts/", body, **sent)
    assert refused.status_code == 403
    gaps = as_("governor").post("/api/v1/roster-drafts/", body, **sent)
    assert (gaps.status_code, gaps.json()["code"]) == (409, "roster_gaps")
    fine = as_("governor").post("/api/v1/roster-drafts/", body | {"accept_gaps": True}, **sent)
    assert fine.status_code == 201, fine.content
    (change,) = fine.json()["changes"]
    assert (change["kind"], change["code"], change["version"]) == ("roster", "primary", 2)
    assert fine.json()["needed"] == 1


def test_what_changes_is_said_layer_by_layer():
    layer = {
        "zone": "UTC",
        "handoff": "09:00",
        "unit": "week",
        "every": 1,
        "start_on": None,
        "restrict": {},
        "people": [1, 2],
    }
    before = {"layers": [layer, layer], "fallback": None, "accepts_gaps": False}
    office = {"mon": [["09:00", "17:00"]]}
    other = layer | {"handoff": "10:00", "every": 2, "people": [2, 1], "restrict": office}
    after = {"layers": [other], "fallback": 3, "accepts_gaps": True}
    names = {1: "Ada", 2: "Bo", 3: "Cleo"}
    assert roster_sentences(before, before, names) == ()
    assert roster_sentences(before, after, names) == (
        "Layer 1, hand-over: 09:00 becomes 10:00.",
        "Layer 1, turns: every week becomes every 2 weeks.",
        "Layer 1, people in their order: Ada, Bo becomes Bo, Ada.",
        "Layer 1, hours: around the clock becomes Monday 09:00-17:00.",
        "Layer 2 is gone: Ada, Bo.",
        "Fallback: nobody becomes Cleo.",
        "Gaps are meant so.",
    )


def test_times_in_which_somebody_else_answers_are_joined(at):
    first = [(at, at + 2 * HOUR, 1), (at + 2 * HOUR, at + 6 * HOUR, 2)]
    second = [(at, at + HOUR, 1), (at + HOUR, at + 4 * HOUR, 3), (at + 4 * HOUR, at + 6 * HOUR, 2)]
    assert differing(first, second) == [
        (at + HOUR, at + 2 * HOUR, 1, 3),
        (at + 2 * HOUR, at + 4 * HOUR, 2, 3),
    ]
    assert differing(first, first) == []
