import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory

from escalations.models import Policy, PolicyVersion
from escalations.views.chrome import chrome, forget_policy_label, policy_label

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh():
    forget_policy_label()
    yield
    forget_policy_label()


def test_the_label_names_the_default_policy_in_force(django_assert_num_queries):
    assert policy_label() == ""
    policy = Policy.objects.create(code="care", name="Customer care", is_default=True)
    PolicyVersion.objects.create(policy=policy, number=4)
    PolicyVersion.objects.create(
        policy=policy,
        number=3,
        state="in_force",
        effective_from="2026-11-01T00:00Z",
        sha256="a" * 64,
    )
    assert policy_label() == "Customer care v3"
    with django_assert_num_queries(0):
        assert policy_label() == "Customer care v3"


def test_a_page_that_shows_nothing_of_it_asks_nothing(django_assert_num_queries):
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    with django_assert_num_queries(0):
        context = chrome(request)
    assert context["keys_off"] is False
    assert context["now"]() == context["now"]()
