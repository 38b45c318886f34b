"""Whom the levels of a ladder reach in the weeks ahead, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from escalations.rules.changes import finding_key
from escalations.rules.cover_lint import LevelCover, Person, Stretch, TeamCover, lint_cover

AT = datetime(2026, 11, 17, 10, 0, tzinfo=UTC)
HOUR, END = timedelta(hours=1), AT + timedelta(days=14)
WELL = Person("Ann", True, True, True)
PEOPLE = {
    1: WELL,
    2: Person("Ben", True, True, True),
    3: Person("Cleo", True, True, False),
    4: Person("Dan", True, False, False),
    5: Person("Eve", False, False, True),
    6: Person("Fay", True, True, False),
}


def level(number, *parts, **more):
    """`parts`: hours from AT and the people until then; the last lasts to the end."""
    start, stretches = AT, []
    for hours, people in parts:
        end = END if hours is None else AT + hours * HOUR
        stretches.append(Stretch(start, end, frozenset(people)))
        start = end
    return LevelCover("s1", number, tuple(stretches), **more)


def found(*levels, teams=()):
    return [(f.is_error, f.code, f.sentence) for f in lint_cover(levels, teams, PEOPLE)]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([level(1, (None, {1})), level(2, (None, {2}))], []),
        ([level(1, (None, set()))],
         [(True, "level_unmanned", "Level 1 of s1 reaches nobody in the next 14 days.")]),
        ([level(0, (None, set()))],
         [(True, "level_unmanned", "The fallback of s1 reaches nobody in the next 14 days.")]),
        ([level(1, (10, {1}), (22, set()), (None, {1}))],
         [(False, "level_gap", "Level 1 of s1 has nobody for 12 h, from Tue 17 Nov 20:00 to "
           "Wed 18 Nov 08:00 UTC.")]),
        ([level(1, (1, set()), (2, {1}), (3, set()), (None, {1}))],
         [(False, "level_gap", "Level 1 of s1 has nobody for 2 h, first from Tue 17 Nov 10:00 to "
           "Tue 17 Nov 11:00 UTC, 2 times in all.")]),
        ([level(4, (None, set()), roles=("sponsor",))],
         [(False, "level_by_role_only", "Level 4 of s1 has nobody but the sponsor for all of the "
           "next 14 days: an incident without them finds nobody there.")]),
        ([level(1, (None, set()), roles=("commander",))], []),
        ([level(1, (None, {1})), level(2, (5, {2}), (8, {1}), (None, {2}))],
         [(False, "on_two_levels", "Ann stands on levels 1 and 2 of s1 at once for 3 h, from "
           "Tue 17 Nov 15:00 to Tue 17 Nov 18:00 UTC: the second page goes to who did not answer "
           "the first.")]),
        ([level(1, (None, {1})), level(0, (None, {1, 2}))], []),  # the fallback is meant to
        ([level(1, (None, {1, 3}))],
         [(False, "unverified_person", "On ladder s1 Cleo verified no way to be reached: only the "
           "address kept for them is left (level 1).")]),
        ([level(1, (None, {1, 3})), level(2, (None, {6, 2}))],
         [(False, "unverified_person", "On ladder s1 Cleo and Fay verified no way to be reached: "
           "only the addresses kept for them are left (levels 1, 2).")]),
        ([level(1, (5, {1}), (6, {4}), (None, {1, 5}))],
         [(False, "level_gap", "Level 1 of s1 has nobody for 1 h, from Tue 17 Nov 15:00 to "
           "Tue 17 Nov 16:00 UTC."),
          (False, "inactive_person", "On ladder s1 Eve is deactivated and still named (level 1)."),
          (False, "unreachable_person", "On ladder s1 Dan has no way to be reached (level 1).")]),
        ([level(1, (None, {1}), unknown=("roster 'night'",))],
         [(False, "unknown_target", "Level 1 of s1 names roster 'night', which does not exist.")]),
    ],
)  # fmt: skip
def test_what_is_said_of_levels(levels, expected):
    assert found(*levels) == expected


def test_what_is_said_of_teams_that_rules_name():
    gap = (AT + HOUR, AT + 3 * HOUR)
    teams = [
        TeamCover("care", ("Renewals",), True),
        TeamCover("growth", ("KPIs", "Ads"), True, (gap,)),
        TeamCover("night", ("Night",), False),
    ]
    assert [(code, said) for _, code, said in found(teams=teams)] == [
        ("team_gap", "Nobody of team growth, which 'KPIs' and 'Ads' name, is on call for 2 h, "
         "from Tue 17 Nov 11:00 to Tue 17 Nov 13:00 UTC."),
        ("team_without_roster", "Team night of 'Night' has no roster: its incidents open without "
         "an owner."),
    ]  # fmt: skip


def test_a_gap_that_goes_on_is_the_same_finding_a_few_hours_later_and_another_gap_is_not():
    def key(*hours):
        (one,) = lint_cover([level(1, *((h, p) for h, p in hours))], (), PEOPLE)
        return finding_key(one)

    assert key((10, set()), (None, {1})) == key((9, set()), (None, {1}))
    assert key((10, set()), (None, {1})) != key((30, {1}), (40, set()), (None, {1}))
