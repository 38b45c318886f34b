"""Somebody leaves: off every roster and ladder at once, and each gap has a proposal to accept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from accounts.models import Override, Roster, User
from accounts.selectors.roster_gaps import outlooks
from accounts.selectors.rosters import on_call, people_on_call
from escalations.models import Notice
from escalations.rules.policy import LadderTarget, TargetKind
from escalations.selectors.ladders import resolver
from escalations.tasks.rosters import somebody_left
from tests.factories.readers import warmed

DAY = timedelta(days=1)


@pytest.fixture
def duty(client, company, travel, at):
    travel.to(at)
    client.force_login(company["duty"])
    return client


@pytest.fixture
def left(company, client, travel, at):
    """The only one in the growth roster, who also leads its team, is switched off by a governor."""
    travel.to(at)
    client.force_login(company["governor"])
    person = company["kpi-owner"]
    page = f"/admin/accounts/user/{person.pk}/change/"
    form = client.get(page).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields if name not in ("password", "groups")}
    sent |= {"groups": [group.pk for group in person.groups.all()], "change_reason": "Retired"}
    sent = {key: value for key, value in sent.items() if value not in (None, False)}
    sent.pop("is_active", None)
    answer = client.post(page, sent)
    assert answer.status_code == 302
    return User.objects.get(pk=person.pk)


def test_a_leaver_is_off_and_the_gaps_are_covered_by_accepting(left, duty, company, at):
    growth = Roster.objects.get(code="growth")
    assert left.left_at == at
    assert on_call(growth, at).person is None
    assert people_on_call([growth], at) == {}
    assert resolver(None)(LadderTarget(TargetKind.PERSON, "kpi-owner"), at) == ()
    assert resolver(None)(LadderTarget(TargetKind.ROSTER, "growth"), at) == ()

    assert any("somebody_left" in str(job.task["func"]) for job in OrmQ.objects.all())
    somebody_left(left.pk)
    somebody_left(left.pk)
    ((name, text),) = Notice.objects.filter(subject__contains="left").values_list(
        "recipient__username", "text"
    )
    assert name == "duty"  # who led the team has left
    assert "/rosters/gaps/" in text
    assert not Notice.objects.filter(subject__startswith="Nobody is on call").exists()

    page = duty.get("/rosters/gaps/")
    (row,) = [row for row in page.context["rows"] if row.roster == growth]
    assert row.left == (left,)
    assert "has left and is still named" in page.text
    (gap,) = row.gaps
    assert gap.proposals
    assert left not in [offer.person for offer in gap.proposals]
    chosen = gap.proposals[0].person
    sent = {"user": chosen.pk, "start": gap.start.isoformat(), "end": gap.end.isoformat()}
    answer = duty.post("/rosters/growth/cover/", sent | {"back": "gaps"})
    assert answer.url == "/rosters/gaps/"
    assert on_call(growth, at).person == chosen.pk
    (outlook,) = outlooks([growth], at)
    assert outlook.gaps == ()
    (row,) = [row for row in duty.get("/rosters/gaps/").context["rows"] if row.roster == growth]
    assert row.gaps == ()


def test_who_does_not_plan_a_roster_is_offered_only_themselves(left, client, company, at):
    agent = company["agent"]
    client.force_login(agent)
    rows = client.get("/rosters/gaps/").context["rows"]
    offers = {offer.person for row in rows for gap in row.gaps for offer in gap.proposals}
    assert offers <= {agent}
    gap = rows[0].gaps[0]
    sent = {"user": company["duty"].pk, "start": gap.start.isoformat(), "end": gap.end.isoformat()}
    client.post("/rosters/growth/cover/", sent)
    assert not Override.objects.exists()


def test_the_gaps_of_all_rosters_cost_the_same_for_few_and_for_many(
    left, duty, django_assert_max_num_queries
):
    duty.get("/rosters/gaps/")
    with CaptureQueriesContext(connection) as seen:
        duty.get("/rosters/gaps/")
    few = len(seen)  # the next request outside empties what was seen
    team = Roster.objects.get(code="growth").team
    for number in range(20):
        Roster.objects.create(code=f"r{number}", name=f"R {number}", team=team)
    warmed(duty, "/rosters/gaps/")
    with django_assert_max_num_queries(few):
        assert len(duty.get("/rosters/gaps/").context["rows"]) >= 20
