import pytest
from django.contrib.auth.models import Group, Permission

from accounts import roles
from accounts.models import User
from accounts.selectors.people import rights_of, roles_of
from accounts.services.roles import sync_roles

pytestmark = pytest.mark.django_db


def person(*codes):
    user = User.objects.create_user("p-" + "-".join(codes or ("none",)))
    user.groups.set(Group.objects.filter(name__in=codes))
    return user


def test_every_role_becomes_a_group_and_a_second_run_changes_nothing():
    assert sync_roles() == list(roles.ROLES)
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    assert sync_roles() == []


def test_a_group_gets_back_exactly_its_permissions():
    sync_roles()
    group = Group.objects.get(name="agent")
    before = set(group.permissions.all())
    group.permissions.set(Permission.objects.filter(codename="delete_user"))
    assert sync_roles() == ["agent"]
    assert set(group.permissions.all()) == before


def test_a_permission_that_does_not_exist_is_no_silent_gap(monkeypatch):
    spec = roles.RoleSpec("X", "x", ("escalations.fly",))
    monkeypatch.setitem(roles.ROLES, "agent", spec)
    with pytest.raises(LookupError, match="escalations.fly"):
        sync_roles()


@pytest.mark.parametrize(
    ("right", "holders"),
    [
        ("confirm_containment", {"duty_manager", "senior_engineer"}),
        ("cancel_incident", {"duty_manager"}),
        ("waive_review", {"duty_manager", "executive_sponsor", "governance_committee"}),
        ("sign_off_review", {"duty_manager", "executive_sponsor", "governance_committee"}),
        (
            "write_review",
            {
                "governance_committee",
                "agent",
                "senior_engineer",
                "duty_manager",
                "kpi_owner",
                "data_steward",
                "remediation_leader",
            },
        ),
        ("oversee_incidents", {"duty_manager", "governance_committee", "integrator", "auditor"}),
        ("send_signals", {"integrator"}),
        (
            "triage_incident",
            {"duty_manager", "agent", "senior_engineer", "remediation_leader"},
        ),
        ("change_kpi", {"kpi_owner", "integrator", "governance_committee"}),
        ("view_incident", set(roles.ROLES)),
        ("delete_incident", set()),
        ("change_incident", set()),
    ],
)
def test_each_right_has_its_holders(right, holders):
    sync_roles()
    assert {code for code in roles.ROLES if right in rights_of(person(code))} == holders


def test_an_auditor_changes_nothing():
    sync_roles()
    names = Group.objects.get(name="auditor").permissions.values_list("codename", flat=True)
    assert {name for name in names if not name.startswith("view_")} == {"oversee_incidents"}


def test_an_outsider_has_neither_roles_nor_rights():
    sync_roles()
    outsider = person()
    assert rights_of(outsider) == frozenset()
    assert roles_of(outsider) == {}


def test_a_person_who_left_has_no_rights_and_a_superuser_all():
    sync_roles()
    gone = person("agent")
    gone.is_active = False
    assert rights_of(gone) == frozenset()
    assert "cancel_incident" in rights_of(User.objects.create_superuser("root"))


def test_roles_come_in_the_order_of_the_table():
    sync_roles()
    assert list(roles_of(person("auditor", "agent"))) == ["agent", "auditor"]
