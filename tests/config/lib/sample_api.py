"""A small API on the real ground, for the tests of the ground."""

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.http import require_safe
from rest_framework import generics, serializers
from rest_framework.response import Response

from accounts.models import Team, User
from config.lib.api import CursorPages
from config.lib.api_view import BelayAPIView
from config.lib.errors import Conflict

handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.broken"


class TeamSerializer(serializers.ModelSerializer):
    class Meta:
        model = Team
        fields = ["code", "name"]


class Clock(serializers.Serializer):
    kind = serializers.ChoiceField(["response"])


class Body(serializers.Serializer):
    name = serializers.CharField()
    clocks = Clock(many=True)


class Teams(BelayAPIView, generics.ListAPIView):
    serializer_class = TeamSerializer
    pagination_class = CursorPages
    queryset = Team.objects.all()
    filters = {"name": "Exactly this name."}
    ordering_fields = ("name", "created_at", "lead")
    ordering = "-created_at"


class Echo(BelayAPIView):
    serializer_class = Body

    def post(self, request):
        return Response({"seen": self.document()})


class Rows(BelayAPIView):
    def post(self, request):
        return Response({"rows": len(self.documents(limit=3))})


class Checked(BelayAPIView):
    serializer_class = Body

    def post(self, request):
        Body(data=request.data).is_valid(raise_exception=True)
        return Response({})


class Raises(BelayAPIView):
    def get(self, request, what):
        if what == "conflict":
            raise Conflict("illegal_move", "Not now.", allowed=["close"], status_word="new")
        if what == "model":
            User(username="a b", time_zone="Mars/Base", password="x").full_clean()
        if what == "unique":
            Team.objects.create(code="same", name="a")
            Team.objects.create(code="same", name="b")
        if what == "protected":
            raise ProtectedError("x", set())
        if what == "plain":
            raise ValidationError("No.", code="nope")
        raise RuntimeError("secret words")


@require_safe
def plain(request):
    return HttpResponse("plain")


urlpatterns = [
    path("api/v1/teams/", Teams.as_view()),
    path("api/v1/echo/", Echo.as_view()),
    path("api/v1/readings/", Rows.as_view()),
    path("api/v1/checked/", Checked.as_view()),
    path("api/v1/raises/<str:what>/", Raises.as_view()),
    path("api/v1/plain/", plain),
    path("page/", plain),
    path("", include("config.urls")),
]
