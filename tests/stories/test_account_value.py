"""The rubric of account value changes by requests, and accounts take it over bit by bit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, ValueRubricVersion
from accounts.models.value_rubrics import CONTENT
from accounts.selectors.customers import valuation_of
from accounts.services import value_rubrics
from escalations.forms.account_value import TEXTS
from escalations.models import ChangeRequest
from escalations.tasks.schedule import next_due, sweep
from tests.factories.readers import warmed
from tests.stories.test_governed_versions import HOUR, as_, ask, press, said

__all__ = ["as_"]  # the fixture
URL, HISTORY = "/account-value/", "/versions/account_value/accounts/"


def typed(**changes) -> dict[str, object]:
    now = ValueRubricVersion.objects.get(state="in_force")
    values = {name: getattr(now, name) for name in CONTENT}
    values |= {name: "\n".join(values[name]) for name in TEXTS}
    return {**values, "reason": "Influence sells.", **changes}


def tiers() -> dict[str, str]:
    return dict(Account.objects.with_tier().values_list("external_id", "tier"))


def approved(as_, request: ChangeRequest, *names: str) -> ChangeRequest:
    for name in names or ("governor2", "governor3"):
        press(as_(name), request, "approve")
    return request


def test_another_rubric_is_previewed_approved_by_two_and_values_every_account_anew(
    as_, company, at, travel, monkeypatch
):
    monkeypatch.setattr(value_rubrics, "AT_ONCE", 4)
    governor, before = as_("governor"), tiers()
    assert before["fjord"] == "enterprise"
    assert "v1 in force" in said(as_("agent").get(URL))
    assert as_("agent").post(URL, typed()).status_code == 403
    wrong = governor.post(URL, typed(influence_weight=21))
    assert wrong.status_code == 400 and "sum to 101 per cent, not 100" in said(wrong)

    seen = said(governor.post(URL, typed(enterprise_from=75, look="yes")))
    assert "1 account changes tier" in seen and "Enterprise becomes High potential: 1." in seen
    assert ValueRubricVersion.objects.count() == 1, "a look stores nothing"
    page = said(governor.post(URL, typed(enterprise_from=75), follow=True))
    request = ChangeRequest.objects.get()
    assert "Enterprise begins at 75 points, not 60." in page and "Needs 2 approvals" in page
    assert "1 account changes tier" in page and "Fjord Rail" in page
    assert "You asked for this" in press(governor, request, "approve")
    approved(as_, request)
    assert request.state == "scheduled" and tiers() == before

    sweep(request.settle_at)
    rubric = ValueRubricVersion.objects.get(state="in_force")
    assert (rubric.number, len(rubric.sha256)) == (2, 64)
    left = Account.objects.exclude(valued_by=rubric)
    assert left.count() == 6 - 4, "a few at a time"
    for account in Account.objects.valued(at.date()):
        value = valuation_of(account, at)
        assert (account.tier, account.priority_bp) == (value.tier, value.priority_bp)
    assert "still keep the value of an earlier version" in said(governor.get(URL))
    assert next_due() == request.settle_at, "whoever is killed here goes on there"
    while sweep(request.settle_at):
        pass
    assert not left.exists() and tiers() == before | {"fjord": "high_potential"}
    told = Account.objects.get(external_id="fjord").history.latest("history_id")
    assert told.history_change_reason == (
        "Valued by Account value v2: Enterprise becomes High potential."
    )
    assert told.valued_by_id == rubric.pk
    seen = said(as_("agent").get("/customers/fjord/"))
    assert "account value v2" in seen and "High potential" in seen
    api = as_("integrator").get("/api/v1/accounts/fjord/").json()["valuation"]
    assert (api["tier"], api["version"]) == ("high_potential", 2)

    travel.to(request.settle_at + HOUR)
    back = ask(governor, "account_value", "accounts", 1, verb="roll-back")
    approved(as_, back)
    while sweep(back.settle_at):
        pass
    assert tiers() == before
    assert "From v2 to v3" in said(governor.get(f"{HISTORY}?from=2&to=3"))


def test_an_emergency_is_taken_back_and_what_was_altered_values_nobody(as_, company, at, travel):
    integrator, governor = as_("integrator"), as_("governor")
    given = {"value_share": 70, "reason": "Risk is guessed."}
    sent = {"content_type": "application/json"}
    assert integrator.post("/api/v1/account-value/", given, **sent).status_code == 403
    wrong = governor.post("/api/v1/account-value/", given | {"fall_2_pct": 99}, **sent)
    assert (wrong.status_code, wrong.json()["code"]) == (400, "not_rising")
    draft = governor.post("/api/v1/account-value/", given, **sent).json()
    assert (draft["number"], draft["state"], draft["value_share"]) == (2, "draft", 70)
    asked = {"kind": "account_value", "code": "accounts", "version": 2, "reason": "Now."}
    answer = governor.post("/api/v1/change-requests/", asked | {"is_emergency": True}, **sent)
    assert answer.status_code == 201, answer.content
    request = approved(as_, ChangeRequest.objects.get(), "governor2")
    while sweep(at):
        pass
    halden = Account.objects.valued(at.date()).get(external_id="halden")
    assert halden.priority_bp == (70 * halden.value_bp + 30 * halden.risk_bp) // 100
    while sweep(at + 25 * HOUR):
        pass
    request.refresh_from_db()
    now = ValueRubricVersion.objects.get(state="in_force")
    assert (request.state, now.number, now.value_share) == ("expired", 3, 60)
    assert not Account.objects.exclude(valued_by=now).exists()

    travel.to(at + 26 * HOUR)
    governor.post(URL, typed(value_share=80))
    request = approved(as_, ChangeRequest.objects.latest("pk"))
    ValueRubricVersion.objects.filter(number=4).update(value_share=90)
    sweep(request.settle_at)
    request.refresh_from_db()
    assert request.state == "sent_back" and "what was approved" in request.stopped_why


def test_new_accounts_are_valued_by_what_is_in_force_and_many_cost_as_little_as_few(
    as_, company, at, travel
):
    integrator, governor = as_("integrator"), as_("governor")
    for name in ("first", "second"):
        sent = {"external_id": name, "name": name.title(), "importance": 4}
        answer = integrator.post("/api/v1/accounts/", sent, content_type="application/json")
        assert answer.json()["valuation"]["version"] == 1
    assert not Account.objects.filter(valued_by=None).exists()

    def queries(path: str) -> int:
        warmed(governor, path)
        with CaptureQueriesContext(connection) as found:
            assert governor.get(path).status_code == 200
            return len(found)

    paths = ("/api/v1/accounts/", "/customers/", URL)
    few = [queries(path) for path in paths]
    Account.objects.bulk_create(
        Account(external_id=f"n{n}", name=f"N {n}", lifetime_value=90_000) for n in range(30)
    )
    assert [queries(path) for path in paths] == few
    # Whoever was written past the house is valued with the next version, as of now by this one.
    assert tiers()["n7"] == "standard"


@pytest.mark.django_db
def test_a_first_start_puts_the_starting_values_in_force_once(at):
    first = value_rubrics.ensure_value_rubric(at)
    assert first is not None and first.sha256 == value_rubrics.sealed(first)
    assert first.revalue_at is None, "nobody is there to be valued"
    assert value_rubrics.ensure_value_rubric(at + timedelta(days=1)) is None
    assert reverse("account-value") == URL
