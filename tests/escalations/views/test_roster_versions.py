"""Writing the next version of a roster over HTTP, without a script."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.models import Layer, Roster, RosterVersion
from accounts.selectors.rosters import on_call, plan_of

DAY = timedelta(days=1)
URL = "/rosters/primary/edit/"
OFFICE = {day: "09:00-17:00" for day in ("mon", "tue", "wed", "thu", "fri")}


@pytest.fixture
def editor(client, travel, at, company):
    travel.to(at)
    client.force_login(company["governor"])
    return client


@pytest.fixture
def primary(company):
    return Roster.objects.get(code="primary")


def layer(number, *people, **more):
    given = {"zone": "America/New_York", "handoff": "09:00", "every": "1", "unit": "week"}
    given |= {f"person_{n}": str(person.pk) for n, person in enumerate(people, 1)}
    return {f"layer-{number}-{name}": value for name, value in {**given, **more}.items()}


def form_of(answer):
    """What a browser would send back of the page as it is."""
    draft = answer.context["draft"]
    sent = {}
    for form in (draft.form, *draft.layers):
        for field in form:
            value = field.value()
            if value not in (None, False, ""):
                sent[field.html_name] = str(value)
    return sent


def test_the_page_shows_the_version_in_force_and_sending_it_back_changes_nobodys_duty(
    editor, primary, at
):
    before = plan_of(primary, at, at + 40 * DAY, at).shifts(at, at + 40 * DAY)
    answer = editor.get(URL)
    assert [each.initial["unit"] for each in answer.context["draft"].layers] == ["week"]
    editor.post(URL, form_of(answer) | {"publish": "1"})
    assert primary.versions.count() == 2
    assert plan_of(primary, at, at + 40 * DAY, at).shifts(at, at + 40 * DAY) == before


def test_looking_shows_four_weeks_and_writes_nothing(editor, primary, company, at):
    sent = layer(0, company["senior"], company["agent"], **OFFICE)
    answer = editor.post(URL, sent | {"look": "1"})
    look = answer.context["draft"].look
    assert answer.status_code == 200
    assert len(look.weeks) == 4
    assert look.gaps
    assert "gaps in 60 days" in answer.text
    assert str(company["senior"]) in answer.text
    assert primary.versions.count() == 1
    assert on_call(primary, at + 7 * DAY, at).person != company["senior"].pk


def test_a_gap_is_published_only_with_the_tick_or_a_fallback(editor, primary, company, at):
    sent = layer(0, company["agent"], company["agent2"], **OFFICE) | {"publish": "1"}
    answer = editor.post(URL, sent)
    assert (answer.status_code, primary.versions.count()) == (409, 1)
    assert "Name a fallback or accept the gaps." in answer.text
    assert answer.context["draft"].look.gaps
    editor.post(URL, sent | {"accept_gaps": "on"})
    assert primary.versions.get(number=2).accepts_gaps
    editor.post(URL, sent | {"fallback": str(company["senior"].pk)})
    night = at + 7 * DAY + 12 * timedelta(hours=1)
    assert on_call(primary, night, at).source == "fallback"


def test_continue_with_says_who_is_on_duty_first(editor, primary, company, at):
    agent, agent2, senior = (company[name] for name in ("agent", "agent2", "senior"))
    sent = layer(0, agent, agent2, senior, continue_with=str(senior.pk))
    editor.post(URL, sent | {"publish": "1"})
    begins = primary.versions.get(number=2).effective_from
    weeks = [on_call(primary, begins + 7 * n * DAY, at).person for n in range(3)]
    assert weeks == [senior.pk, agent.pk, agent2.pk]


def test_layers_are_added_and_taken_out(editor, primary, company):
    below = layer(0, company["agent"], company["agent2"])
    answer = editor.post(URL, below | {"add": "1"})
    assert (answer.status_code, len(answer.context["draft"].layers)) == (200, 2)
    above = layer(1, company["senior"], unit="day", mon="22:00-06:00")
    editor.post(URL, below | above | {"publish": "1"})
    version = primary.versions.get(number=2)
    assert [row.unit for row in version.layers.order_by("position")] == ["week", "day"]
    assert version.layers.get(position=2).restrict == {"mon": [["22:00", "06:00"]]}
    sent = below | above | {"layer-1-drop": "on", "publish": "1"}
    editor.post(URL, sent)
    assert primary.versions.get(number=3).layers.count() == 1


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"zone": "Mars/Olympus"}, "unknown_zone"),
        ({"every": "0"}, "min_value"),
        ({"mon": "9 to 5"}, "bad_window"),
        ({"mon": "closed"}, "no_hours"),
        ({"continue_with": "governor"}, "unknown_person"),
        ({"person_1": "", "person_2": ""}, "no_people"),
        ({"person_1": "999999"}, "invalid_choice"),
        ({"start_on": "soon"}, "invalid"),
        ({"handoff": "25:00"}, "invalid"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(editor, primary, company, wrong, code):
    wrong = {name: str(company[v].pk) if v in company else v for name, v in wrong.items()}
    sent = layer(0, company["agent"], company["agent2"], **wrong)
    for press in ("look", "publish"):
        answer = editor.post(URL, sent | {press: "1"})
        assert answer.status_code == 400
        (form,) = answer.context["draft"].layers
        assert code in [each.code for errors in form.errors.as_data().values() for each in errors]
    assert primary.versions.count() == 1


def test_odd_dates_are_refused_rather_than_break(editor, company):
    for odd in ({"start_on": "0001-01-01"}, {"start_on": "9999-12-31"}):
        answer = editor.post(URL, layer(0, company["agent"], **odd) | {"look": "1"})
        assert answer.status_code in (200, 400)
    sent = layer(0, company["agent"]) | {"not_before": "9999-12-31T23:00", "look": "1"}
    assert editor.post(URL, sent).status_code in (200, 400)


def test_a_monthly_roster_edited_in_a_short_month_stays_on_the_31st(editor, primary, company, at):
    Layer.objects.filter(version__roster=primary).update(unit="month", start_on=date(2026, 1, 31))
    for _ in range(2):
        editor.post(URL, form_of(editor.get(URL)) | {"publish": "1"})
    newest = RosterVersion.objects.filter(roster=primary).order_by("-number").first()
    (rule,) = newest.layers.all()
    assert rule.start_on.day == 31


def test_only_who_plans_the_roster_writes_it(client, company, travel, at):
    travel.to(at)
    client.force_login(company["agent"])
    assert client.get(URL).status_code == 403
    assert client.post(URL, {}).status_code == 403
    assert "New version" not in client.get("/rosters/primary/").text
