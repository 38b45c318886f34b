"""Known events: what is measured in them teaches nothing, and limits are wider meanwhile."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import LearnedDay
from escalations.services.annotations import annotate, withdraw_annotation
from tests.escalations.conftest import START
from tests.escalations.services.test_baselines import learner, send_hours, usual

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def owner(db):
    return User.objects.create(username="owner")


def mark(sender, owner, first, last, **more):
    sender.kpi.owner = owner
    sender.kpi.save()
    values = {"kind": "promo", "label": "Sale", "by": owner, "at": START} | more
    return annotate(
        sender.kpi, starts_at=START + first * HOUR, ends_at=START + last * HOUR, **values
    )


def centre(sender, day, hour):
    row = LearnedDay.objects.get(kpi=sender.kpi, day=(START + timedelta(days=day)).date())
    return row.bands[str(hour)][0]


def doubled_on_days(*days):
    return lambda hour: usual(hour) * (2 if hour // 24 in days else 1)


def test_what_a_promotion_brings_teaches_no_limits(owner):
    told, untold = learner(direction="lower"), learner(direction="lower")
    mark(told, owner, 72, 144)
    for sender in (told, untold):
        send_hours(sender, range(24 * 7), value=doubled_on_days(3, 4, 5))
    assert 100 < centre(told, 6, 12) < 102
    assert centre(untold, 6, 12) > 140


def test_an_event_withdrawn_teaches_again(owner):
    sender = learner(direction="lower")
    event = mark(sender, owner, 72, 144)
    withdraw_annotation(sender.kpi, event.pk, by=owner, at=START)
    send_hours(sender, range(24 * 7), value=doubled_on_days(3, 4, 5))
    assert centre(sender, 6, 12) > 140


def test_limits_are_wider_while_an_event_lasts(owner):
    told, untold = learner(direction="lower"), learner(direction="lower")
    mark(told, owner, 120, 144)
    for sender in (told, untold):
        send_hours(sender, range(24 * 5))
        row = LearnedDay.objects.get(kpi=sender.kpi, day=(START + timedelta(days=4)).date())
        middle, spread, _ = row.bands["12"]
        far = middle + 6 * spread  # past five spreads, not past eight
        send_hours(sender, [120 + 12], value=lambda hour, far=far: far)
    assert untold.flips()[-1][2] == "breach"
    assert [flip for flip in told.flips() if flip[2] == "breach"] == []


@pytest.mark.parametrize(
    ("first", "last", "more", "code"),
    [
        (2, 2, {}, "bad_period"),
        (0, 24 * 61, {}, "too_long"),
        (0, 1, {"label": " "}, "no_label"),
        (0, 1, {"kind": "war"}, "unknown_kind"),
    ],
)
def test_a_bad_event_has_a_code(owner, first, last, more, code):
    with pytest.raises(DomainError) as refused:
        mark(learner(), owner, first, last, **more)
    assert refused.value.code == code


def test_only_owner_steward_and_who_changes_kpis_mark_events(owner):
    sender, other = learner(), User.objects.create(username="other")
    with pytest.raises(DomainError) as refused:
        mark(sender, owner, 0, 1, by=other)
    assert (refused.value.code, refused.value.status) == ("missing_right", 403)
    event = mark(sender, owner, 0, 1)
    with pytest.raises(DomainError) as refused:
        withdraw_annotation(sender.kpi, event.pk, by=other, at=START)
    assert refused.value.code == "missing_right"
    withdraw_annotation(sender.kpi, event.pk, by=owner, at=START)
    with pytest.raises(DomainError) as refused:
        withdraw_annotation(sender.kpi, event.pk, by=owner, at=START)
    assert refused.value.code == "already_withdrawn"
