"""Two of the committee approve in the same instant, two sweeps find the same change due."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.services.roles import sync_roles
from config.lib.errors import DomainError
from escalations.demo.company import tell_company
from escalations.models import ChangeReader, ChangeRequest, Notice, Policy, PolicyVersion
from escalations.services.changes import approve, ask_approval
from escalations.tasks.schedule import sweep
from tests.concurrency.test_races import together
from tests.factories.changes import draft_of, warning_keys

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def company(transactional_db, at):
    sync_roles()
    return tell_company(at)


@pytest.fixture
def asked(company, at) -> ChangeRequest:
    policy = Policy.objects.get()
    draft = draft_of(policy, by=company["governor"], at=at)
    given = {"reason": "Faster.", "acknowledged": warning_keys(draft, at)}
    return ask_approval(policy.code, draft.number, given, by=company["governor"], at=at)


def test_two_approvals_in_one_instant_schedule_it_once_and_two_sweeps_put_it_in_force_once(
    company, asked, at
):
    people = (company["governor2"], company["governor3"])
    results = together(*(lambda who=who: approve(asked.pk, by=who, at=at) for who in people))
    assert [each for each in results if isinstance(each, Exception)] == []
    asked.refresh_from_db()
    assert (asked.state, asked.settle_at) == ("scheduled", at + timedelta(hours=1))
    version = asked.changes.get().policy_version
    together(*[lambda: sweep(asked.settle_at)] * 3)
    past = PolicyVersion.history.filter(id=version.pk)
    assert past.filter(state="in_force").count() == past.filter(state="scheduled").count() == 1
    readers = ChangeReader.objects.filter(request=asked).count()
    mails = Notice.objects.filter(subject__startswith="In force now").count()
    assert readers == mails > 0


def test_one_person_pressing_twice_has_one_word(company, asked, at):
    press = [lambda: approve(asked.pk, by=company["governor2"], at=at)] * 2
    results = together(*press)
    assert [each.code for each in results if isinstance(each, DomainError)] == ["already_answered"]
    assert asked.approvals.filter(verdict="approved").count() == 1
