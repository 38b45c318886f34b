"""The pages of rosters, over HTTP."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Absence, Layer, Override, Roster, Swap, User
from accounts.selectors.rosters import on_call
from escalations.models import Notice
from tests.factories.readers import warmed
from tests.factories.rosters import shifts_of

DAY = timedelta(days=1)


@pytest.fixture
def as_(client, travel, at):
    travel.to(at)

    def sign_in(person):
        client.force_login(person)
        return client

    return sign_in


def local(moment, person):
    return f"{moment.astimezone(ZoneInfo(person.time_zone)):%Y-%m-%dT%H:%M}"


def said(answer):
    return [str(message) for message in answer.context["messages"]]


def test_the_list_says_who_is_on_call_and_where_nobody_would_be(company, as_, at):
    owner = company["kpi-owner"]
    Absence.objects.create(
        user=owner, start_at=at, end_at=at + DAY, recorded_at=at, recorded_by=owner
    )
    text = as_(company["agent"]).get("/rosters/").text
    assert "Frontline primary" in text
    assert "Nobody" in text
    assert "1 gap" in text


def test_a_week_is_drawn_with_bars_and_told_as_a_list(company, as_, at):
    page = as_(company["agent"]).get("/rosters/primary/?week=2026-11-16")
    week = page.context["week"]
    assert [lane.name for lane in week.lanes] == ["On call", "Layer 1"]
    assert len(week.days) == 7
    assert week.now_x
    assert "Week of 16 November 2026" in page.text
    other = as_(company["agent"]).get("/rosters/primary/?week=nonsense").context["week"]
    assert other.monday == week.monday


@pytest.mark.parametrize(("monday", "hours"), [("2026-10-26", 169), ("2026-03-02", 167)])
def test_a_week_in_which_clocks_change_is_as_long_as_it_is(company, as_, monday, hours):
    week = as_(company["agent"]).get(f"/rosters/primary/?week={monday}").context["week"]
    assert (week.end - week.start) / timedelta(hours=1) == hours
    for lane in week.lanes:
        assert all(float(bar.x[:-1]) + float(bar.width[:-1]) <= 100.01 for bar in lane.bars)


def test_page_paging_and_calendar_name_the_same_person_oncall_1296_3096_4755(company, as_, at):
    Layer.objects.filter(version__roster__code="primary").update(
        restrict={"tue": [["00:00", "12:00"]]}
    )
    roster = Roster.objects.get(code="primary")
    week = as_(company["agent"]).get("/rosters/primary/").context["week"]
    entries = [(day, entry) for day in week.days for entry in day.entries]
    assert [entry.kind for _, entry in entries].count("person") == 1
    person = on_call(roster, at).person
    now = next(entry for _, entry in entries if entry.is_now)
    assert now.name == ("Gap" if person is None else str(User.objects.get(pk=person)))


def test_a_gap_is_covered_with_one_button(company, as_, at):
    owner, growth = company["kpi-owner"], Roster.objects.get(code="growth")
    Absence.objects.create(
        user=owner, start_at=at + DAY, end_at=at + 2 * DAY, recorded_at=at, recorded_by=owner
    )
    client = as_(company["governor"])
    (gap,) = client.get("/rosters/growth/").context["page"].gaps
    assert gap.proposals
    assert owner not in [offer.person for offer in gap.proposals]
    chosen = gap.proposals[0].person
    sent = {"user": chosen.pk, "start": gap.start.isoformat(), "end": gap.end.isoformat()}
    answer = client.post("/rosters/growth/cover/", sent, follow=True)
    assert said(answer) == [f"{chosen} stands in."]
    assert not answer.context["page"].gaps
    assert on_call(growth, at + DAY, at).person == chosen.pk


def test_forms_take_local_times_of_the_reader(company, as_, at):
    agent = company["agent"]  # in New York
    sent = {"user": agent.pk, "start": "2026-11-18T09:00", "end": "2026-11-18T17:00"}
    as_(agent).post("/rosters/primary/away/", sent)
    assert Absence.objects.get().start_at.isoformat() == "2026-11-18T14:00:00+00:00"
    answer = as_(agent).post("/rosters/primary/away/", {**sent, "start": "soon"}, follow=True)
    assert "Give date and time." in said(answer)[-1]


def test_a_swap_is_asked_accepted_and_withdrawn_on_the_page(company, as_, at):
    agent, agent2 = company["agent"], company["agent2"]
    roster = Roster.objects.get(code="primary")
    give, take = shifts_of(agent, roster, at)[0], shifts_of(agent2, roster, at)[0]
    as_(agent).post("/rosters/primary/swap/", {"give": give, "take": take})
    swap = Swap.objects.get()
    page = as_(agent2).get("/rosters/primary/")
    assert "Accept" in page.text
    as_(agent2).post("/rosters/primary/accept-swap/", {"pk": swap.pk})
    assert Override.objects.filter(swap=swap, withdrawn_at=None).count() == 2
    as_(agent).post("/rosters/primary/withdraw-swap/", {"pk": swap.pk})
    assert not Override.objects.filter(withdrawn_at=None).exists()


def test_who_plans_nothing_sees_no_form_to_stand_in_and_is_refused(company, as_, at):
    client = as_(company["sponsor"])
    assert 'id="cover-user"' not in client.get("/rosters/primary/").text
    sent = {
        "user": company["sponsor"].pk,
        "start": (at + DAY).isoformat(),
        "end": (at + 2 * DAY).isoformat(),
    }
    answer = client.post("/rosters/primary/cover/", sent, follow=True)
    assert said(answer)[0].startswith("Ask the roster's owner")
    assert not Override.objects.exists()
    assert client.post("/rosters/primary/nonsense/").status_code == 404
    assert client.get("/rosters/nowhere/").status_code == 404


@pytest.mark.parametrize("path", ["/rosters/", "/rosters/primary/"])
def test_a_page_costs_the_same_for_little_and_for_much(
    company, as_, at, path, django_assert_max_num_queries
):
    client, agent = as_(company["governor"]), company["agent"]
    away = {"user": agent, "recorded_at": at, "recorded_by": agent}
    Absence.objects.create(start_at=at + DAY, end_at=at + 20 * DAY, **away)
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        client.get(path)
    few = len(seen)  # the next request outside empties what was seen
    team = Roster.objects.first().team
    for number in range(20):
        Roster.objects.create(code=f"r{number}", name=f"R {number}", team=team)
    for number in range(30, 50):
        start = at + number * DAY
        Absence.objects.create(start_at=start, end_at=start + 0.5 * DAY, **away)
    warmed(client, path)
    with django_assert_max_num_queries(few):
        client.get(path)


def page_row(person, at):
    return Notice(
        key=f"p{person.pk}{at.timestamp()}",
        kind="page",
        recipient=person,
        address=person.email,
        subject="s",
        text="t",
        created_at=at,
        not_before=at,
        sent_at=at,
    )


def test_load_is_for_who_plans_the_roster_and_to_each_their_own(company, as_, at):
    primary = Roster.objects.get(code="primary")
    on_duty = User.objects.get(pk=on_call(primary, at - DAY).person)
    Notice.objects.bulk_create([page_row(on_duty, at - DAY), page_row(on_duty, at - 9 * DAY)])
    mine = as_(on_duty).get("/rosters/primary/").context["load"]
    assert [(row.person, row.load.pages) for row in mine.rows] == [(on_duty, 1)]
    assert mine.balance is None
    lead = as_(company["duty"]).get("/rosters/primary/").context["load"]
    assert len(lead.rows) == 2
    assert 0.8 < lead.balance <= 1
    for stranger in ("governor", "sponsor"):
        answer = as_(company[stranger]).get("/rosters/primary/")
        assert answer.context["load"] is None
        assert "Strain" not in answer.text


def test_a_roster_s_own_limits_decide_what_is_too_much(company, as_, at):
    lead = as_(company["duty"])
    before = lead.get("/rosters/primary/").context["load"].rows[0].load
    assert "high" not in before.level
    changed = {"most_share": 100, "most_days_in_row": 99, "amber_score": 5, "red_score": 10}
    changed |= {"most_weekends_in_row": 9, "over_mean_percent": 100}
    Roster.objects.filter(code="primary").update(**changed)
    rows = lead.get("/rosters/primary/").context["load"].rows
    assert before.flags
    assert all(row.load.flags == () for row in rows)
    assert rows[0].load.level == "red"


def test_a_governor_moves_a_limit_with_a_reason_that_stays_known(company, as_, at):
    roster = Roster.objects.get(code="primary")
    page = f"/admin/accounts/roster/{roster.pk}/change/"
    client = as_(company["governor"])
    form = client.get(page).context["adminform"].form
    sent = {name: value for name in form.fields if (value := form[name].value()) is not None}
    answer = client.post(page, sent | {"most_share": 30, "change_reason": "Two sites"})
    assert answer.status_code == 302
    kept = Roster.history.filter(code="primary").latest()
    assert (kept.most_share, kept.history_change_reason) == (30, "Two sites")
    assert kept.history_user == company["governor"]
    answer = client.post(page, sent | {"amber_score": 90, "change_reason": "Odd"})
    assert answer.status_code == 200
    assert "Raised comes before high" in answer.text
