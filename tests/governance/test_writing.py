"""What may be written in the governance pages, and how a refused save says so."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from django_q.models import Failure, Schedule, Success
from knox.models import AuthToken

from accounts.models import ServiceHours
from escalations.models import (
    Clock,
    Fact,
    Incident,
    KpiFlip,
    LadderRun,
    Notice,
    Policy,
    PolicyVersion,
    Reading,
    Signal,
    TimelineEvent,
)
from escalations.selectors.policies import policy_doc
from escalations.services.policies import draft_version, put_in_force
from tests.factories.incidents import open_incident
from tests.governance.test_pages import address

HAPPENED = (Incident, Clock, TimelineEvent, Fact, LadderRun, Notice, Signal, Reading, KpiFlip)


@pytest.fixture
def boss(company, client):
    found = get_user_model().objects.create_superuser("boss")
    client.force_login(found)
    return client


@pytest.mark.parametrize("model", HAPPENED)
def test_not_even_a_superuser_writes_what_happened(boss, at, model):
    open_incident(at)
    one = model.objects.first()
    assert boss.post(address(model, "add"), {"title": "x"}).status_code == 403
    assert boss.post(address(model, "changelist"), {"action": "delete_selected"}).status_code < 500
    if one is None:
        return
    for page in ("change", "delete"):
        answer = boss.post(address(model, page, one.pk), {"title": "x", "post": "yes"})
        assert answer.status_code == 403, page
    assert model.objects.filter(pk=one.pk).exists()


def test_the_history_of_an_incident_cannot_be_saved_or_deleted(boss, company, at):
    incident = open_incident(at)
    incident.title = "Corrected"
    incident.save()
    past = incident.history.first()
    url = address(Incident, "simple_history", incident.pk, past.pk)
    assert boss.post(url, {"title": "x"}).status_code == 403
    assert boss.post(address(Incident, "history", incident.pk), {"title": "x"}).status_code < 500
    incident.refresh_from_db()
    assert incident.title == "Corrected"


# --- versions of a policy -----------------------------------------------------------------------
def filled(page):
    """The fields of a governance form as a browser would send them back."""
    formsets = [inline.formset for inline in page.context["inline_admin_formsets"]]
    forms = [page.context["adminform"].form]
    forms += [form for formset in formsets for form in (formset.management_form, *formset.forms)]
    fields = [field for form in forms for field in form]
    given = {field.html_name: field.value() for field in fields if field.value() is not None}
    return given | {"change_reason": "Tried"}


def errors_of(page):
    formsets = [inline.formset for inline in page.context["inline_admin_formsets"]]
    rows = [(one.prefix, errors) for one in formsets for errors in one.errors if errors]
    return [*rows, page.context["adminform"].form.errors]


@pytest.fixture
def draft(company, at):
    policy = Policy.objects.get(is_default=True)
    doc = policy_doc(policy.versions.get(state="in_force").pk)
    hours = ServiceHours.objects.get(code="office")
    return draft_version(policy, doc, by=company["governor"], at=at, service_hours=hours)


def last_rule_asks(given, draft):
    place = draft.routing_rules.count() - 1
    when = '{"match": "all", "parts": [{"field": "kind", "op": "=", "value": "kpi"}]}'
    return {f"routing_rules-{place}-when": when}


def heavier(given, draft):
    return {"factors-0-weight": str(int(given["factors-0-weight"]) + 1)}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(heavier, "must sum to 100 per cent"), (last_rule_asks, "must match everything")],
)
def test_a_version_that_contradicts_itself_is_refused_on_its_form(boss, draft, change, sentence):
    url = address(PolicyVersion, "change", draft.pk)
    given = filled(boss.get(url))
    page = boss.post(url, given | change(given, draft) | {"note": "Refused"})
    assert page.status_code == 200
    assert sentence in page.text
    draft.refresh_from_db()
    assert draft.note != "Refused"
    assert sum(draft.factors.values_list("weight", flat=True)) == 100
    assert draft.routing_rules.filter(when__isnull=True).count() == 1


def test_a_sound_version_is_saved(boss, draft):
    url = address(PolicyVersion, "change", draft.pk)
    answer = boss.post(url, filled(boss.get(url)) | {"note": "Lighter"})
    assert answer.status_code == 302, errors_of(answer)
    draft.refresh_from_db()
    assert draft.note == "Lighter"
    assert draft.history.first().history_change_reason == "Tried"


def test_an_empty_version_is_refused_and_not_made(boss, draft):
    given = filled(boss.get(address(PolicyVersion, "change", draft.pk)))
    given |= {name: "0" for name in given if name.endswith(("TOTAL_FORMS", "INITIAL_FORMS"))}
    page = boss.post(address(PolicyVersion, "add"), given | {"number": "99"})
    assert page.status_code == 200
    assert "must sum to 100 per cent" in page.text
    assert not PolicyVersion.objects.filter(number=99).exists()


def test_putting_a_version_in_force_is_in_the_history_of_both(company, draft, at):
    before = draft.policy.versions.get(state="in_force")
    put_in_force(draft, by=company["governor"], at=at)
    retired, published = before.history.first(), draft.history.first()
    assert (retired.state, retired.history_user) == ("retired", company["governor"])
    assert retired.history_change_reason == f"Version {draft.number} is in force."
    assert (published.state, published.history_change_reason) == ("in_force", "Put in force.")


# --- the house itself ---------------------------------------------------------------------------
def test_jobs_tokens_and_failed_sign_ins_are_read_and_tell_no_secret(company, client):
    at = timezone.now()
    job = {"func": "escalations.tasks.delivery.deliver", "started": at, "stopped": at}
    Success.objects.create(id="a" * 32, name="one", success=True, result="sesame", **job)
    Failure.objects.create(id="b" * 32, name="two", success=False, result="sesame", **job)
    Schedule.objects.create(name="beat", func="escalations.tasks.heartbeat.beat")
    token, key = AuthToken.objects.create(company["integrator"])
    client.post("/accounts/login/", {"username": "agent", "password": "sesame"})
    client.force_login(company["governor"])
    for model in (Success, Failure, Schedule, AuthToken):
        page = client.get(address(model, "changelist"))
        assert page.status_code == 200, model
        assert page.context["cl"].queryset.count() == 1, model
        one = client.get(address(model, "change", model.objects.get().pk))
        assert one.status_code == (403 if model is AuthToken else 200), model
        assert client.post(address(model, "delete", model.objects.get().pk)).status_code == 403
        for secret in ("sesame", key, token.token_key, token.digest):
            assert secret not in page.text, model
            assert secret not in one.text, model
    attempts = client.get("/admin/axes/accessattempt/")
    assert "sesame" not in attempts.text
    assert "agent" in attempts.text
    client.force_login(company["duty"])
    assert client.get(address(AuthToken, "changelist")).status_code == 403


def test_a_changed_address_of_an_account_waits_for_its_person(governor, governed):
    person = governed["agent2"]
    url = address(type(person), "change", person.pk)
    known = governor.get(url).context["adminform"].form.initial
    names = ("username", "first_name", "last_name", "time_zone", "quiet_from", "quiet_to")
    sent = {name: known[name] or "" for name in names} | {"is_active": "on"}
    sent |= {"email": "sam@new.example", "change_reason": "A new name."}
    answer = governor.post(url, sent)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    live = person.contact_methods.filter(withdrawn_at=None)
    assert list(live.values_list("address", "verified_at")) == [("sam@new.example", None)]


def test_the_rules_that_hold_become_version_1_when_a_roster_goes_by_request(governor):
    from accounts.models import Roster
    from config.lib.admin import REASON

    roster = Roster.objects.get(code="primary")
    assert not roster.plans.exists()
    page = governor.get(f"/admin/accounts/roster/{roster.pk}/change/")
    form = page.context["adminform"].form
    sent = {name: form[name].value() for name in form.fields}
    sent = {name: value for name, value in sent.items() if value is not None}
    answer = governor.post(page.request["PATH_INFO"], sent | {"by_request": "on", REASON: "Ours."})
    assert answer.status_code == 302
    assert [plan.state for plan in roster.plans.all()] == ["in_force"]
