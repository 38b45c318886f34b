"""An exception: asked for, approved by somebody else, bending clocks that start in it, over by
itself, and owed until then."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from django.test import Client
from rest_framework.test import APIClient

from config.lib.stamps import Kept
from escalations.models import Clock, Notice, PolicyException, TimelineEvent
from escalations.rules.lifecycle import Verb
from escalations.selectors.exceptions import bends_from
from escalations.services.moves import perform
from escalations.tasks.schedule import sweep
from tests.factories.incidents import open_incident

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
URL = "/api/v1/exceptions/"
DOWN = {"core_down_no_workaround": True}  # an S2


@pytest.fixture
def api(company, travel):
    def call(who, method, path, expect=200, **body):
        client = APIClient()
        client.force_authenticate(company[who])
        answer = getattr(client, method)(URL + path, body or None, format="json")
        assert answer.status_code == expect, answer.json()
        return answer.json()

    return call


def asked(at, **more):
    values = {
        "policy": "standard",
        "account": "northwind",
        "clock_kind": "restore",
        "target_s": 4 * 3600,
        "reason": "Their data centre moves",
        "cost_minor": 125_050,
        "currency": "EUR",
        "expires_at": (at + 10 * DAY).isoformat(),
    }
    return values | more


def restore(incident):
    return Clock.objects.get(incident=incident, kind="restore")


def test_it_bends_clocks_that_start_in_it_and_no_other(api, company, travel, at):
    before = open_incident(at, "before", facts=DOWN)
    target = restore(before).target_s
    made = api("agent", "post", "", 201, **asked(at))
    path = f"{made['id']}/"
    assert (made["state"], made["standing"]) == ("asked", "asked")
    assert Notice.objects.filter(key__startswith=f"exception:{made['id']}:asked").exists()
    waiting = open_incident(at, "waiting", facts=DOWN)
    assert restore(waiting).target_s == target, "asking changes nothing"
    assert api("agent", "post", f"{path}approve/", 403)["code"] == "missing_right"
    granted = api("sponsor", "post", f"{path}approve/")
    assert (granted["standing"], granted["answered_by"]) == ("in_force", "sponsor")
    assert api("governor", "post", f"{path}refuse/", 409, answer="No")["code"] == "not_waiting"

    bent = open_incident(at, "bent", facts=DOWN)
    clock = restore(bent)
    assert (clock.target_s, clock.exception_id) == (4 * 3600, made["id"])
    assert clock.due_at == at + 4 * HOUR
    said = TimelineEvent.objects.get(incident=bent, kind="exception")
    assert f"exception {made['id']}" in said.sentence and said.reason == asked(at)["reason"]
    assert restore(before).target_s == target, "what ran before is not touched"
    other = open_incident(at, "other", account="halden", facts=DOWN)
    assert restore(other).exception_id is None
    page = Client()
    page.force_login(company["agent"])
    words = page.get(f"/incidents/{bent.number}/").content.decode()
    assert f"Exception {made['id']} set its target" in words

    # A narrower one wins while both are in force.
    narrow = asked(at, account="", incident=bent.number, clock_kind="resolution", target_s=60)
    api("governor", "post", f"{api('agent', 'post', '', 201, **narrow)['id']}/approve/")
    lasting = bends_from(Kept(None))
    assert {bend.incident for bend in lasting} == {None, bent.number}

    # It expires by itself, once, and clocks that started in it keep their target.
    Notice.objects.all().delete()
    for _ in range(2):
        sweep(at + 10 * DAY)
    row = PolicyException.objects.get(pk=made["id"])
    assert (row.state, row.settle_at) == ("expired", None)
    last = row.history.latest()
    assert (last.history_user, last.history_change_reason) == (None, "Its time is over")
    told = Notice.objects.filter(key__startswith=f"exception:{row.pk}:expired")
    assert [notice.recipient.username for notice in told] == ["agent"]
    given = {"severity": "S1", "reason": "All of them"}
    perform(bent.number, Verb.SET_SEVERITY, given, by=company["duty"], at=at + 10 * DAY)
    assert restore(bent).current_target_s == 4 * 3600
    late = open_incident(at + 10 * DAY, "late", facts=DOWN)
    assert restore(late).target_s == target


def test_nobody_approves_their_own_and_what_is_wrong_is_named(api, at):
    mine = api("governor", "post", "", 201, **asked(at))
    assert api("governor", "post", f"{mine['id']}/approve/", 403)["code"] == "own_request"
    assert api("governor2", "post", f"{mine['id']}/refuse/", 400, answer="")["code"] == "no_reason"
    wrong = {
        "unknown_policy": {"policy": "none"},
        "unknown_account": {"account": "none"},
        "one_scope": {"product_area": "cards"},
        "bad_rule": {"rule": "Also by phone"},
        "bad_period": {"expires_at": at.isoformat()},
        "too_long": {"expires_at": (at + 367 * DAY).isoformat()},
        "bad_cost": {"currency": ""},
        "unknown_incident": {"account": "", "incident": 99},
        "unknown_owner": {"owner": "nobody"},
    }
    for code, change in wrong.items():
        assert api("agent", "post", "", 400, **asked(at, **change))["code"] == code
    assert api("steward", "post", "", 403, **asked(at))["code"] == "missing_right"
    refused = api("governor2", "post", f"{mine['id']}/refuse/", answer="Move the date")
    assert (refused["state"], refused["answer"]) == ("refused", "Move the date")
    assert api("agent", "post", f"{mine['id']}/renew/", 409, reason="r",
               expires_at=(at + DAY).isoformat())["code"] == "not_granted"  # fmt: skip


def test_the_debt_is_owed_on_the_page_and_before_the_committee(
    api, company, travel, at, django_assert_max_num_queries
):
    first = api("agent", "post", "", 201, **asked(at))
    api("sponsor", "post", f"{first['id']}/approve/")
    again = {"reason": "They need longer", "expires_at": (at + 20 * DAY).isoformat()}
    for _ in range(2):
        last = api("agent", "post", f"{first['id']}/renew/", 201, **again)
        api("governor", "post", f"{last['id']}/approve/")
    assert (last["renews"], last["renewals"]) == (first["id"] + 1, 2), "also when it is asked anew"
    travel.to(at + 16 * DAY)
    page = Client()
    page.force_login(company["governor"])
    shown = page.get("/exceptions/?state=in_force").content.decode()
    assert "renewed 2 times" in shown and "60 % of its time gone" in shown
    index = page.get("/admin/").content.decode()
    assert "Exception debt" in index and "2 past half of their time" in index
    assert "1 renewed more than once" in index
    ended = api("agent", "post", f"{last['id']}/end/", reason="They moved")
    assert (ended["state"], ended["ended_why"]) == ("ended", "They moved")
    assert api("agent", "post", f"{last['id']}/end/", 409, reason="r")["code"] == "over_already"
    assert len(api("agent", "get", "?state=ended&account=northwind")["results"]) == 1
    copies = [PolicyException.objects.get(pk=first["id"]) for _ in range(40)]
    for copy in copies:
        copy.pk = None
    PolicyException.objects.bulk_create(copies)
    with django_assert_max_num_queries(8):
        assert page.get("/exceptions/?state=all").status_code == 200
    PolicyException.objects.filter(pk=last["id"]).update(reason="=1+1")
    with django_assert_max_num_queries(6):
        file = page.get("/exceptions/export.csv?state=all")
    rows = list(csv.DictReader(io.StringIO(file.content.decode())))
    assert len(rows) == 43 and "exceptions-2026-12-03.csv" in file["Content-Disposition"]
    by_id = {int(row["id"]): row for row in rows}
    row = by_id[last["id"]]
    assert (row["reason"], row["state"]) == ("'=1+1", "Ended early")
    assert (by_id[first["id"]]["cost"], row["cost"]) == ("1250.5", "")
    assert row["rule"] == "Restore promise: 4 h" and row["account"] == "northwind"
    narrow = page.get("/exceptions/export.csv?state=ended").content.decode()
    assert narrow.splitlines()[1:] == [line for line in file.text.splitlines() if "'=1+1" in line]
    outside = Client()
    outside.force_login(company["steward"])
    assert outside.get("/exceptions/export.csv").status_code == 403
    chosen = {"action": "export", "_selected_action": [str(last["id"])]}
    kept = page.post("/admin/escalations/policyexception/", chosen)
    assert kept["Content-Type"].startswith("text/csv") and "'=1+1" in kept.content.decode()


def test_it_is_asked_for_answered_and_renewed_on_pages(company, travel, at):
    def browser(who):
        client = Client()
        client.force_login(company[who])
        return client

    agent, governor = browser("agent"), browser("governor")
    form = {
        "policy": "standard", "limited_to": "", "rule": "Updates by phone only",
        "reason": "Their mail is down", "cost": "12.50", "currency": "EUR",
        "expires_at": f"{at + DAY:%Y-%m-%dT%H:%M}",
    }  # fmt: skip
    assert agent.post("/exceptions/ask/", form | {"target": "soon"}).status_code == 400
    gone = agent.post("/exceptions/ask/", form)
    row = PolicyException.objects.get()
    assert (gone.status_code, gone.url) == (302, f"/exceptions/{row.pk}/")
    assert (row.kind, row.cost_minor, row.rule) == ("other", 1250, "Updates by phone only")
    assert "Your answer" not in agent.get(gone.url).content.decode()
    assert agent.post(f"{gone.url}approve/").status_code == 403
    assert "Your answer" in governor.get(gone.url).content.decode()
    governor.post(f"{gone.url}approve/", {"answer": "Until Friday"})
    assert "Until Friday" in agent.get(gone.url).content.decode()
    assert "EUR 12.50" in agent.get("/exceptions/").content.decode()
    short = agent.post(f"{gone.url}renew/", {"reason": "More", "expires_at": ""})
    assert short.status_code == 400
    later = {"reason": "More", "expires_at": f"{at + 3 * DAY:%Y-%m-%dT%H:%M}"}
    assert agent.post(f"{gone.url}renew/", later).status_code == 302
    assert PolicyException.objects.latest("pk").renews == row
    assert agent.get("/exceptions/99999/").status_code == 404
    assert agent.post(f"{gone.url}odd/").status_code == 404
