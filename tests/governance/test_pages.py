"""Every governance page opens for a governor, and for nobody whom it does not concern."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from escalations.models import (
    Clock,
    Incident,
    Notice,
    PolicyVersion,
    Reading,
    Threshold,
    TimelineEvent,
)

OURS = ("accounts", "playbooks", "escalations")


def ours():
    return [m for m in admin.site._registry if m._meta.app_label in OURS]


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_noun_can_be_added_or_says_that_it_cannot(governor):
    """All other pages of all nouns are opened in tests/test_governance_doors.py, as every role."""
    page = governor.get("/admin/")
    assert page.status_code == 200
    assert "'unsafe-eval'" in page["Content-Security-Policy"]
    for model in ours():
        add = governor.get(address(model, "add"))
        can_add = admin.site._registry[model].has_add_permission(add.wsgi_request)
        assert add.status_code == (200 if can_add else 403), model


def test_the_sidebar_leads_where_its_reader_may_go_and_says_where_they_are(governed, client):
    def links(person):
        client.force_login(governed[person])
        page = client.get(address(Account, "changelist"))
        items = [item for group in page.context["sidebar_navigation"] for item in group["items"]]
        assert [item["link"] for item in items if item["active"]] == [page.request["PATH_INFO"]]
        for item in items:
            assert f'href="{item["link"]}"' in page.text
        return {item["title"] for item in items}

    governor, duty = links("governor"), links("duty")
    assert {"Queue", "Accounts", "Approvals", "Tokens"} < governor
    assert "Tokens" not in duty
    assert {"Queue", "Accounts"} < duty < governor


def test_agents_and_outsiders_have_no_governance_pages(governed, client):
    for name in ("agent", "outsider", "integrator"):
        client.force_login(governed[name])
        assert client.get("/admin/").status_code in (302, 403)
        page = client.get(address(Incident, "changelist"), follow=True)
        assert page.status_code == 403, name


@pytest.mark.parametrize("model", [Incident, TimelineEvent, Notice, Reading])
def test_what_happened_cannot_be_written_here(governor, model):
    assert governor.post(address(model, "add"), {"title": "x"}).status_code == 403
    one = model.objects.first()
    if one is not None:
        assert governor.post(address(model, "change", one.pk), {"title": "x"}).status_code == 403
        found = governor.post(address(model, "delete", one.pk), {"post": "yes"})
        assert found.status_code == 403
        assert model.objects.filter(pk=one.pk).exists()


def test_an_incident_cannot_be_rewritten_through_its_history(governor, governed):
    account = Account.objects.first()
    past = account.history.first()
    url = address(Account, "simple_history", account.pk, past.pk)
    assert governor.post(url, {"name": "x"}).status_code == 403


def test_a_published_version_is_read_only_and_a_draft_is_not(governor):
    version = PolicyVersion.objects.get(state="in_force")
    url = address(PolicyVersion, "change", version.pk)
    assert governor.post(url, {"note": "x"}).status_code == 403
    PolicyVersion.objects.filter(pk=version.pk).update(state="draft")
    assert b'name="note"' in governor.get(url).content
    assert b'name="state"' not in governor.get(url).content


def test_a_version_of_limits_in_force_is_read_only(governor):
    version = Threshold.objects.first()
    url = address(Threshold, "change", version.pk)
    assert governor.post(url, {"n": 1}).status_code == 403


def queries_of(client, url):
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        client.get(url)
    return len(seen)


def test_a_list_costs_the_same_for_few_rows_and_for_many(governor, governed):
    Account.objects.bulk_create(
        Account(external_id=f"x{i}", name=f"Many {i}", owner=governed["duty"]) for i in range(30)
    )
    for model in (Account, TimelineEvent, Incident, Notice, Reading, PolicyVersion, Threshold):
        url = address(model, "changelist")
        few = ",".join(str(pk) for pk in model.objects.values_list("pk", flat=True)[:3])
        name = model._meta.pk.name
        assert queries_of(governor, f"{url}?{name}__in={few}") == queries_of(governor, url), model


def test_the_first_page_asks_the_database_little(governed, at):
    from escalations.selectors.attention import what_needs_you

    user = governed["governor"]
    what_needs_you(user, at)  # rosters are looked through once a minute
    with CaptureQueriesContext(connection) as seen:
        needs = what_needs_you(user, at)
    assert len(seen) <= 16
    assert needs.incidents


def test_saving_asks_why_and_the_history_shows_who_and_why(governor, governed):
    account = Account.objects.get(external_id="acme")
    url = address(Account, "change", account.pk)
    fields = {
        "name": "Acme Logistics",
        "external_id": "acme",
        "segment": "enterprise",
        "arr": "38000",
        "lifetime_value": "90000",
        "currency": "USD",
        "importance": "2",
        "influence": "1",
        "contacts-TOTAL_FORMS": "0",
        "contacts-INITIAL_FORMS": "0",
    }
    assert governor.post(url, fields).status_code == 200  # asks again: no reason given
    assert Account.objects.get(pk=account.pk).segment == "mid"
    assert governor.post(url, fields | {"change_reason": "Grew in spring"}).status_code == 302
    last = account.history.first()
    assert (last.segment, last.history_user.username) == ("enterprise", "governor")
    assert "Grew in spring" in governor.get(address(Account, "history", account.pk)).text


def test_new_limits_become_the_next_version_by_the_service(governor, governed):
    kpi = Threshold.objects.get(kpi__code="cpc").kpi
    values = {
        "kpi": kpi.pk,
        "mode": "static",
        "warn_k": "3.5",
        "breach_k": "5",
        "resolution": "0",
        "direction": "lower",
        "target_hi": "0.2",
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
        "change_reason": "Prices rose",
    }
    page = governor.post(address(Threshold, "add"), values)
    assert page.status_code == 302, page.context["errors"]
    made = Threshold.objects.get(kpi=kpi, number=2)
    assert made.history.first().history_change_reason == "Prices rose"


def test_a_governor_cannot_take_over_a_superuser(governor, governed):
    boss = governed["duty"]
    type(boss).objects.filter(pk=boss.pk).update(is_superuser=True)
    assert governor.post(address(type(boss), "change", boss.pk), {}).status_code == 403
    assert governor.get(f"/admin/accounts/user/{boss.pk}/password/").status_code == 403
    mine = governor.get(address(type(boss), "change", governed["governor"].pk)).text
    assert 'name="is_superuser"' not in mine


def test_clocks_stand_in_the_order_in_which_they_break(governed, at):
    from escalations.selectors.attention import what_needs_you

    hour, running = timedelta(hours=1), Clock.objects.filter(run_state="running")
    spared, next_one = running.order_by("pk")[:2]  # due sooner, but broken only after the weekend
    for clock, due, late in ((spared, at, at + 40 * hour), (next_one, at + hour, at + hour)):
        running.filter(pk=clock.pk).update(warn_at=at - hour, due_at=due, breach_after=late)
    found = what_needs_you(governed["governor"], at).clocks
    assert found.index(next_one) < found.index(spared)


def test_people_on_call_who_verified_no_way_are_named(governed, at):
    from accounts.models import ContactMethod
    from escalations.selectors.attention import what_needs_you

    assert what_needs_you(governed["governor"], at).unverified == []
    ContactMethod.objects.filter(person=governed["agent"]).update(verified_at=None)
    assert what_needs_you(governed["governor"], at).unverified == [governed["agent"]]


def test_a_message_that_may_have_arrived_needs_somebody(governed, at):
    from escalations.selectors.attention import what_needs_you

    notice = Notice.objects.pending().first()
    Notice.objects.filter(pk=notice.pk).update(uncertain_at=at)
    assert what_needs_you(governed["governor"], at).notices == [notice]
    Notice.objects.filter(pk=notice.pk).update(sent_at=at)
    assert what_needs_you(governed["governor"], at).notices == []
