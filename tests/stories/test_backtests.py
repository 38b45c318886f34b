"""Before others are asked, a version is tried on the incidents of 90 days."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from escalations.models import BackTest, ChangeRequest, Policy
from escalations.rules.lifecycle import Verb
from escalations.selectors.backtests import backtest
from escalations.services.moves import perform
from tests.factories.changes import draft_of, warning_keys
from tests.factories.incidents import MAJOR, open_incident

HOUR = timedelta(hours=1)


@pytest.fixture
def real(company: dict[str, User], at, travel):
    """An S1 that somebody answered for, and an S2 that nobody did."""
    travel.to(at)
    incident = open_incident(at - HOUR, "real", facts=MAJOR)
    by = incident.commander or company["agent"]
    perform(incident.number, Verb.ACKNOWLEDGE, {}, by=by, at=at - HOUR)
    open_incident(at - HOUR, "nobody", facts={"core_down_no_workaround": True})
    return incident


def without_floors(content):
    content["floors"] = [{"severity": "S2", "all_of": [f"T{n}"]} for n in (1, 2, 3, 4, 5, 6)]
    content["severities"]["S1"]["score_from"] = 99
    content["examples"] = []


def ask(client, draft, **more):
    read = {f"warning_{key}": "on" for key in warning_keys(draft)}
    url = f"/policies/{draft.policy.code}/ask/?v={draft.number}"
    return client.post(url, {"reason": "Fewer S1.", **read, **more}, follow=True)


def test_a_version_that_plays_down_a_real_s1_is_refused_but_as_an_emergency(
    real, client, company, at
):
    draft = draft_of(Policy.objects.get(), by=company["governor"], at=at, change=without_floors)
    client.force_login(company["governor"])
    refused = ask(client, draft)
    assert f"1 of 1 confirmed S1 and S2 of 90 days would be less severe: {real.key} S1 to S2" in (
        refused.text.replace("&#x27;", "'")
    )
    assert BackTest.objects.count() == ChangeRequest.objects.count() == 0
    shown = ask(client, draft, is_emergency="on").text
    assert "Tried on 2 incidents of 90 days" in shown and "Indicative: fewer than 30" in shown
    assert f'<a href="/incidents/{real.number}/">{real.key}</a> S1 to S2' in shown
    kept = BackTest.objects.get()
    assert (kept.result["count"], kept.result["severity"], kept.result["real"]) == (2, 1, 1)
    assert len(kept.version_sha256) == len(kept.result["inputs_sha256"]) == 64
    # The same inputs and documents say the same, byte by byte.
    again = backtest(draft, at)
    assert again is not None and again.as_json()["matrix"] == kept.result["matrix"]
    assert again.inputs_sha256 == kept.result["inputs_sha256"]


def test_what_was_is_replayed_as_it_was_decided_and_costs_the_same_for_many(real, company, at):
    """By a version that says the same nothing changes."""
    policy = Policy.objects.get()
    same = draft_of(policy, by=company["governor"], at=at, change=lambda content: None)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            found = backtest(same, at)
        assert found is not None
        assert (found.severity, found.team, found.ladder, found.softened) == (0, 0, 0, ())
        return len(asked)

    few = cost()
    for n in range(5):
        account = None if n % 2 else "northwind"
        open_incident(at - HOUR, f"more{n}", account=account, facts={"users_pct": 12})
    assert cost() == few
