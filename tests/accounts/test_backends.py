"""Rights that come with the person are those that Django would read."""

from __future__ import annotations

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from accounts.backends import RightsBackend
from accounts.models import User

pytestmark = pytest.mark.django_db


def test_every_role_has_the_rights_it_had(people, django_assert_num_queries):
    own = Permission.objects.get(codename="view_savedview")
    people.agent.user_permissions.add(own)
    for person in User.objects.all():
        assert RightsBackend().get_user(person.pk) == person
        with django_assert_num_queries(1):  # known by now: has anything changed?
            found = RightsBackend().get_user(person.pk)
            rights = found.get_all_permissions()
        plain = ModelBackend().get_user(person.pk)
        assert rights == ModelBackend().get_all_permissions(plain), person
    assert RightsBackend().get_user(people.agent.pk).has_perm("escalations.view_savedview")
    assert not RightsBackend().get_user(people.outsider.pk).get_all_permissions()
    late = RightsBackend().get_user(people.agent.pk)
    assert not late.has_perm("escalations.view_savedview", late)  # rights are of no single object
    late.is_active = False
    assert not late.has_perm("escalations.view_savedview")


def test_what_a_request_does_with_its_person_stays_with_it(people):
    first, second = (RightsBackend().get_user(people.agent.pk) for _ in range(2))
    first.first_name = "Somebody else"
    first.groups.clear()
    assert second.first_name == "Agent"
    third = RightsBackend().get_user(people.agent.pk)
    assert third.first_name == "Agent"
    assert not third.get_all_permissions()


def test_who_is_switched_off_or_gone_does_not_come_in(people):
    User.objects.filter(pk=people.agent.pk).update(is_active=False)
    assert RightsBackend().get_user(people.agent.pk) is None
    assert RightsBackend().get_user(987654) is None


def test_a_superuser_may_everything(people):
    User.objects.filter(pk=people.outsider.pk).update(is_superuser=True)
    assert RightsBackend().get_user(people.outsider.pk).has_perm("escalations.share_view")
