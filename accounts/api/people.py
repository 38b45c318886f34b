"""People, teams and roles over HTTP: read only, changed in the governance pages."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Membership, Team, User
from accounts.selectors.people import roles_of
from accounts.selectors.roles import roles_page
from config.lib.api_nouns import (
    DiscreetSerializer,
    NounDetail,
    NounList,
    NounView,
    documented,
    named_by,
)
from config.lib.api_view import BelayAPIView

OPEN = Membership.objects.filter(valid_to=None).select_related("team", "user")


class PersonSerializer(DiscreetSerializer):
    name = serializers.SerializerMethodField()
    manager = named_by("username")
    roles = serializers.SerializerMethodField()
    teams = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "username",
            "name",
            "email",
            "time_zone",
            "manager",
            "roles",
            "teams",
            "is_active",
            "left_at",
        )

    def get_name(self, user: User) -> str:
        return str(user)

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_roles(self, user: User) -> list[str]:
        return sorted(group.name for group in user.groups.all())

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_teams(self, user: User) -> list[str]:
        return sorted({membership.team.code for membership in user.memberships.all()})


class _People(NounView):
    rights = {"GET": ("accounts.view_user",)}
    serializer = PersonSerializer

    def rows(self) -> QuerySet[User]:
        return User.objects.select_related("manager").prefetch_related(
            "groups", Prefetch("memberships", OPEN)
        )


@documented("person", "people", PersonSerializer)
class PersonList(_People, NounList):
    """People who serve, with their roles and teams."""

    ordering_fields = ("username", "date_joined")
    ordering = "username"
    search = ("username", "first_name", "last_name", "email")
    lookups = {
        "active": ("true or false.", "is_active"),
        "role": ("A role's code.", "groups__name"),
    }


@documented("person", "people", PersonSerializer)
class PersonDetail(_People, NounDetail):
    key = "username"


class MemberOut(DiscreetSerializer):
    user = named_by("username")

    class Meta:
        model = Membership
        fields = ("user", "capacity", "skills", "valid_from")


class TeamSerializer(DiscreetSerializer):
    lead = named_by("username")
    service_hours = named_by("code")
    members = MemberOut(many=True, source="memberships", read_only=True)

    class Meta:
        model = Team
        fields = ("code", "name", "lead", "service_hours", "is_private", "members")


class _Teams(NounView):
    rights = {"GET": ("accounts.view_team",)}
    serializer = TeamSerializer

    def rows(self) -> QuerySet[Team]:
        return Team.objects.select_related("lead", "service_hours").prefetch_related(
            Prefetch("memberships", OPEN.order_by("user__username"))
        )


@documented("team", "teams", TeamSerializer)
class TeamList(_Teams, NounList):
    """Teams with their present members, capacities and skills."""

    ordering_fields = ("code", "name")
    ordering = "code"
    search = ("code", "name")
    lookups = {
        "private": ("true or false.", "is_private"),
        "member": ("Username.", "memberships__user__username"),
    }


@documented("team", "teams", TeamSerializer)
class TeamDetail(_Teams, NounDetail):
    pass


class RoleOut(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # also an attribute of fields
    sentence = serializers.CharField()
    is_staff = serializers.BooleanField(help_text="Works in the governance pages.")
    is_mine = serializers.BooleanField()
    decides = serializers.ListField(child=serializers.CharField())
    sees = serializers.ListField(child=serializers.CharField())
    changes = serializers.ListField(child=serializers.CharField())


class RoleList(BelayAPIView):
    """Who may do what: the same table as the page in the help."""

    @extend_schema(
        operation_id="roles_list",
        summary="List roles and their rights",
        responses=RoleOut(many=True),
    )
    def get(self, request: Request) -> Response:
        page = roles_page(roles_of(self.person))
        results = RoleOut(page.roles, many=True).data
        return Response({"results": results, "next": None, "previous": None})
