"""Workstreams and task forces as other tools read and run them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from tests.factories.incidents import open_incident
from tests.factories.room_stories import acting, api, codes, incident

__all__ = ["acting", "api", "incident"]  # the fixtures
pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def listed(answer):
    return [row["name"] for row in answer["results"]]


def test_workstreams_run_and_end_over_the_api(api, company, incident, at):
    where = f"incidents/{incident.number}/workstreams/"
    row = api("agent", "post", where, 201, name="Third line", owner="agent2")
    assert (row["owner"], row["begun_by"], row["ended_at"]) == ("agent2", "agent", None)
    again = api("agent", "post", where, 409, name="Third line", owner="agent2")
    assert codes(again) == {"workstream_runs"}
    assert codes(api("agent", "post", where, 400, name="x", owner="nobody")) == {"unknown_person"}
    api("governor", "post", where, 403, name="Mine", owner="agent2")
    assert api("agent", "get", f"workstreams/{row['id']}/", 200)["name"] == "Third line"
    ended = api("agent", "post", f"workstreams/{row['id']}/end/", 200)
    assert (ended["ended_by"], ended["incident"]) == ("agent", incident.number)
    assert codes(api("agent", "post", f"workstreams/{row['id']}/end/", 409)) == {"ended"}
    api("agent", "post", where, 201, name="Customers", owner="agent")
    assert listed(api("agent", "get", where, 200)) == ["Third line", "Customers"]
    for query, names in (
        ("has_ended=false", ["Customers"]),
        ("owner=agent2", ["Third line"]),
        (f"incident={incident.number}&q=third", ["Third line"]),
        ("incident=999", []),
    ):
        assert listed(api("agent", "get", f"workstreams/?{query}", 200)) == names, query
    Team.objects.filter(pk=incident.team_id).update(is_private=True)
    assert listed(api("steward", "get", "workstreams/", 200)) == []
    api("steward", "get", f"workstreams/{row['id']}/", 404)
    api("steward", "get", where, 404)


def test_a_task_force_sits_changes_and_ends_over_the_api(api, company, incident, at):
    where = f"task-forces/{incident.number}/"
    api("agent", "get", where, 404)
    api("governor", "post", where + "form/", 403)
    formed = api("agent", "post", where + "form/", 201)
    assert [each["user"] for each in formed["members"]][0] == "agent"
    assert codes(api("agent", "post", where + "form/", 409)) == {"task_force_sits"}
    meets = {"meeting": "every", "meeting_every_h": 4, "add": "agent2"}
    changed = api("agent", "post", where + "change/", 200, **meets)
    assert changed["next_meeting_at"] == (at + 4 * HOUR).isoformat().replace("+00:00", "Z")
    assert "agent2" in [each["user"] for each in changed["members"]]
    wrong = api("agent", "post", where + "change/", 400, bridge_url="javascript:x")
    assert codes(wrong) == {"bad_link"}
    for query in ("member=agent2", "meeting=every", "has_ended=false", "ordering=formed_at"):
        found = api("agent", "get", f"task-forces/?{query}", 200)["results"]
        assert [row["incident"] for row in found] == [incident.number], query
    ended = api("agent", "post", where + "end/", 200)
    assert (ended["ended_by"], ended["next_meeting_at"]) == ("agent", None)
    assert codes(api("agent", "post", where + "change/", 409, meeting="")) == {"ended"}
    assert api("agent", "get", "task-forces/?has_ended=false", 200)["results"] == []
    Team.objects.filter(pk=incident.team_id).update(is_private=True)
    api("steward", "get", where, 404)
    assert api("steward", "get", "task-forces/", 200)["results"] == []


def test_the_lists_cost_the_same_however_long(api, company, incident, at):
    numbers = [incident.number, *(open_incident(at, f"n{n}").number for n in range(4))]
    for place, number in enumerate(numbers):
        api("agent", "post", f"task-forces/{number}/form/", 201)
        where = f"incidents/{number}/workstreams/"
        api("agent", "post", where, 201, name=f"Line {place}", owner="agent2")
    for path in ("task-forces/", "workstreams/"):
        costs = []
        for size in (1, 5):
            with CaptureQueriesContext(connection) as seen:
                rows = api("agent", "get", f"{path}?page_size={size}", 200)["results"]
            costs.append((len(seen), len(rows)))
        assert costs[0][0] == costs[1][0]
        assert [count for _, count in costs] == [1, 5]
