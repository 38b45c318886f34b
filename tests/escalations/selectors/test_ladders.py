"""Whom a target of a ladder means at an instant."""

from __future__ import annotations

from dataclasses import replace
from datetime import time

import pytest

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import (
    LadderLevel,
    LadderTarget,
    PolicyVersion,
)
from escalations.rules.policy import LadderTarget as Target
from escalations.rules.policy import Severity, TargetKind
from escalations.selectors.ladders import meant, quiet_for, resolver
from escalations.selectors.policies import build_doc, policy_doc, version_in_force
from escalations.services.ladder_checks import check_ladders
from escalations.services.policies import draft_version, put_in_force
from tests.factories.ladders import NIGHT, begin, clock, pages, staff, sweep_until, tell_cast


@pytest.fixture
def cast(company):
    return tell_cast(company)


def names(kind: TargetKind, ref: str, depth: int = 1) -> list[str]:
    people = meant(None, Target(kind, ref, depth), NIGHT)
    return [User.objects.get(pk=person).username for person in people]


def above(*chain: User) -> None:
    """Each is the manager of the one before."""
    for person, manager in zip(chain, chain[1:], strict=False):
        User.objects.filter(pk=person.pk).update(manager=manager)


def test_a_manager_is_found_above_a_roster_a_person_a_team_and_a_manager(cast, company):
    above(cast["ann"], cast["max"], company["governor"], company["sponsor"])
    manager = TargetKind.MANAGER_OF
    assert names(manager, "primary") == ["max"]
    assert names(manager, "person:ann") == ["max"]
    assert names(manager, "person:ann", 2) == ["governor"]
    assert names(manager, "manager_of:person:ann") == ["governor"]
    assert names(manager, "manager_of:manager_of:primary") == ["sponsor"]
    assert names(manager, "manager_of:person:ann", 2) == ["sponsor"]
    assert names(manager, "person:ann", 4) == [], "nobody is above the topmost"
    assert names(manager, "team:duty") == ["sponsor"], "the governor is of the team"


def test_a_circle_of_managers_ends_where_it_began(cast):
    above(cast["ann"], cast["max"], cast["ann"])
    assert names(TargetKind.MANAGER_OF, "person:ann", 1) == ["max"]
    assert names(TargetKind.MANAGER_OF, "person:ann", 3) == []


def test_a_circle_of_managers_is_refused_when_it_is_entered(cast, client, company):
    cast["max"].manager = cast["ann"]
    with pytest.raises(Exception) as refused:
        cast["max"].full_clean()
    assert refused.value.error_dict["manager"][0].code == "manager_circle"


def test_a_level_that_notifies_the_next_pages_who_comes_on_call_after(cast):
    staff("primary", cast["ann"], cast["bob"], cast["sue"])
    LadderLevel.objects.filter(
        ladder__version__state="in_force", ladder__name="s1", number=1
    ).update(notify="next")
    on_call = names(TargetKind.ROSTER, "primary")
    then = names(TargetKind.NEXT_ON_CALL, "primary")
    order = ["ann", "bob", "sue"]
    assert [order[(order.index(on_call[0]) + 1) % 3]] == then
    run = begin()
    sweep_until("02:05")
    assert pages(run) == [f"02:00 L1 {then[0]}", "02:05 L2 ben"]


def draft():
    now = version_in_force()
    return draft_version(now.policy, build_doc(now), by=None, at=NIGHT)


def test_a_version_whose_fallback_reaches_too_few_does_not_come_into_force(cast, company):
    version = draft()
    fallback = LadderLevel.objects.get(ladder__version=version, ladder__name="s1", number=0)
    fallback.targets.all().delete()
    LadderTarget.objects.create(level=fallback, position=1, kind="person", ref="ann")
    with pytest.raises(DomainError) as refused:
        put_in_force(version, by=company["governor"], at=clock("03:00"))
    assert refused.value.code == "fallback_too_few"
    LadderTarget.objects.create(level=fallback, position=2, kind="person", ref="ben")
    User.objects.filter(username="ben").update(email="")
    with pytest.raises(DomainError) as refused:
        put_in_force(version, by=company["governor"], at=clock("03:00"))
    assert refused.value.code == "fallback_too_few", "who cannot be reached is nobody"
    User.objects.filter(username="ben").update(email="ben@people.example")
    put_in_force(version, by=company["governor"], at=clock("03:00"))
    assert PolicyVersion.objects.get(pk=version.pk).state == "in_force"


@pytest.mark.parametrize(
    ("ref", "depth"),
    [
        ("manager_of:" * 10 + "person:ann", 1),
        ("manager_of:" * 8 + "person:ann", 3),
        ("", 1),
        ("nonsense:ann", 1),
    ],
)
def test_managers_without_end_or_of_nobody_do_not_come_into_force(cast, ref, depth):
    doc = policy_doc(version_in_force().pk)
    ladder = doc.ladders["s1"]
    level = replace(ladder.levels[0], targets=(Target(TargetKind.MANAGER_OF, ref, depth),))
    ladder = replace(ladder, levels=(level, *ladder.levels[1:]))
    with pytest.raises(DomainError) as refused:
        check_ladders(replace(doc, ladders={"s1": ladder}), NIGHT)
    assert refused.value.code == "ladder_target"


def test_one_without_an_address_or_who_left_is_meant_but_not_reached(cast):
    target = Target(TargetKind.PERSON, "ann")
    assert resolver(None)(target, NIGHT) == (cast["ann"].pk,)
    User.objects.filter(username="ann").update(email="")
    assert resolver(None)(target, NIGHT) == ()
    assert meant(None, target, NIGHT) == [cast["ann"].pk]


def test_a_persons_own_quiet_hours_go_before_those_of_the_policy(cast):
    limits = policy_doc(version_in_force().pk).limits
    User.objects.filter(username="ann").update(time_zone="Europe/Paris")
    User.objects.filter(username="ben").update(quiet_from=time(1), quiet_to=time(3))
    User.objects.filter(username="bob").update(quiet_from=time(9), quiet_to=time(17))
    quiet = quiet_for(Severity.S2, limits)
    assert quiet(cast["ann"].pk, NIGHT) == clock("06:00"), "the policy's, in her zone"
    assert quiet(cast["ben"].pk, NIGHT) == clock("03:00")
    assert quiet(cast["bob"].pk, NIGHT) is None
    assert quiet_for(Severity.S1, limits)(cast["ann"].pk, NIGHT) is None
