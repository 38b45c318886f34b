"""What rosters, people and the past say against a version, with real rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Absence, ContactMethod, Roster, User
from escalations.models import Policy
from escalations.rules.lifecycle import Verb
from escalations.rules.policy import (
    ClockKind,
    Ladder,
    LadderTarget,
    Level,
    PolicyDoc,
    Severity,
    TargetKind,
)
from escalations.selectors import policy_cover
from escalations.selectors.ladders import meant
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_cover import cover_of
from escalations.selectors.policy_history import past_of
from escalations.services.moves import perform
from tests.factories.incidents import MAJOR, open_incident

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def doc(company: dict[str, User]) -> PolicyDoc:
    return policy_doc(Policy.objects.get().versions.get(state="in_force").pk)


def codes(findings) -> set[str]:
    return {each.code for each in findings}


def test_the_lint_means_at_every_cut_whom_the_ladder_means(doc, at, company, monkeypatch):
    """Rosters, who comes next, teams, people, managers of managers: as paging resolves them."""
    person = company["agent"]
    targets = [
        LadderTarget(TargetKind.ROSTER, "primary"),
        LadderTarget(TargetKind.NEXT_ON_CALL, "primary"),
        LadderTarget(TargetKind.TEAM, "frontline"),
        LadderTarget(TargetKind.PERSON, person.username),
        LadderTarget(TargetKind.MANAGER_OF, "manager_of:person:agent", depth=1),
        LadderTarget(TargetKind.MANAGER_OF, "primary", depth=2),
        LadderTarget(TargetKind.MANAGER_OF, "nothing:at all"),
        LadderTarget(TargetKind.ROSTER, "no such"),
    ]
    everyone = [*range(1, len(targets) + 1)]
    levels = tuple(Level(n, 300, (target,)) for n, target in zip(everyone, targets, strict=True))
    ladder = Ladder("s1", levels, 0, 1, doc.ladders["s1"].fallback)
    away = User.objects.get(pk=meant(None, targets[0], at + 2 * DAY)[0])
    Absence.objects.create(
        user=away,
        start_at=at + 2 * DAY,
        end_at=at + 3 * DAY,
        recorded_at=at - DAY,
        recorded_by=away,
    )
    seen = []
    monkeypatch.setattr(
        policy_cover, "lint_cover", lambda levels, teams, people: seen.extend(levels) or []
    )
    cover_of(replace(doc, ladders={"s1": ladder}), at)
    assert len(seen) == len(targets) + 1
    assert sum(len(level.stretches) for level in seen) > len(seen), "the rosters change hands"
    for level in seen[:6]:
        target = targets[level.number - 1]
        assert level.stretches[0].start == at and level.stretches[-1].end == at + 14 * DAY
        for stretch in level.stretches:
            for instant in (stretch.start, stretch.end - timedelta(seconds=1)):
                # The plan is what is known today, for a time ahead.
                asked = set(meant(None, target, instant))
                assert stretch.people == asked, (target, instant)
    assert [level.unknown for level in seen[6:8]] == [("manager of 'nothing:at all'",),
                                                      ("roster 'no such'",)]  # fmt: skip


def test_findings_change_with_rosters_and_people_and_cost_the_same_for_more_ladders(
    doc, at, company
):
    assert codes(cover_of(doc, at).findings) <= {"on_two_levels", "unverified_person"}
    gone = meant(None, LadderTarget(TargetKind.ROSTER, "primary"), at)[0]
    User.objects.filter(pk=gone).update(email="")
    ContactMethod.objects.filter(person=gone).delete()
    Roster.objects.get(code="secondary").versions.update(withdrawn_at=at)
    found = {each.code: each for each in cover_of(doc, at).findings}
    assert found["level_unmanned"].is_error
    assert "Level 2 of s2 reaches nobody" in found["level_unmanned"].sentence
    assert "unreachable_person" in found

    def cost(ladders: int) -> int:
        more = {f"s1-{n}": replace(doc.ladders["s1"], name=f"s1-{n}") for n in range(ladders)}
        with CaptureQueriesContext(connection) as asked:
            cover_of(replace(doc, ladders={**doc.ladders, **more}), at)
        return len(asked)

    cost(1)
    assert cost(1) == cost(12) <= 15


def test_the_past_of_a_promise_is_what_its_ended_clocks_took(company, at, travel, client):
    """Answered after two minutes and after nine; the page shows it beside the target."""
    policy = Policy.objects.get()
    for key, minutes in (("a", 2), ("b", 9)):
        incident = open_incident(at - 2 * DAY, key, facts=MAJOR)
        by = incident.commander or company["agent"]
        perform(incident.number, Verb.ACKNOWLEDGE, {}, by=by, at=at - 2 * DAY + minutes * MINUTE)
    found = past_of(policy.code, at)[Severity.S1, ClockKind.RESPONSE, False]
    assert (found.count, found.kept, found.seconds) == (2, 1, (120.0, 540.0))
    assert past_of(policy.code, at + 89 * DAY) == {}
    travel.to(at)
    client.force_login(company["governor"])
    (row,) = [
        kept
        for kept in client.get(f"/policies/{policy.code}/").context["page"].kept
        if (kept.severity, kept.clock) == (1, "Response")
    ]
    assert row.by_version == ((2, "5 min", "50%"),)
    assert (row.p50, row.p90, row.count) == ("5 min 30 s", "", 2)
