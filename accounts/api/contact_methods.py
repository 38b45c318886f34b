"""How one is reached, over HTTP: one's own ways and nobody else's."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import ContactMethod
from accounts.rules.contact_methods import KINDS
from accounts.services import contact_methods as verbs
from config.lib.api_nouns import DiscreetSerializer, NounDetail, NounList, NounView, documented
from config.lib.errors import NotAllowed
from config.lib.serializers import StrictSerializer

VERBS = ("send-code", "verify", "make-first", "send-test", "rotate-secret", "withdraw")


class ContactMethodRow(DiscreetSerializer):
    """`shown` is all that is told of an address; `secret` only where it was just made."""

    class Meta:
        model = ContactMethod
        fields: tuple[str, ...] = (
            "id",
            "kind",
            "shown",
            "label",
            "position",
            "created_at",
            "verified_at",
            "last_ok_at",
            "last_error",
            "old_secret_until",
        )


class ContactMethodMade(ContactMethodRow):
    """With the secret that was just made, for its own person."""

    secret = serializers.CharField(help_text="Signs what leaves by a webhook; shown this once.")

    class Meta(ContactMethodRow.Meta):
        fields = (*ContactMethodRow.Meta.fields, "secret")

    def to_representation(self, instance: ContactMethod) -> dict[str, Any]:
        return super().to_representation(instance) | {"secret": instance.secret}


class ContactMethodIn(StrictSerializer):
    kind = serializers.ChoiceField(KINDS)
    address = serializers.CharField(
        max_length=1000, help_text="A mail address, an https:// address, or one of apprise."
    )
    label = serializers.CharField(  # type: ignore[assignment]  # also an attribute of fields
        max_length=80, required=False, allow_blank=True, default=""
    )


class CodeIn(StrictSerializer):
    code = serializers.CharField(max_length=6, required=False, default="")


def own(pk: int, view: NounView) -> ContactMethod:
    """Raises DomainError 403 `not_yours` for somebody else's."""
    method = get_object_or_404(ContactMethod.objects.live().select_related("person"), pk=pk)
    if method.person_id != view.person.pk:
        raise NotAllowed("not_yours", "This is how somebody else is reached.")
    return method


class _Own(NounView):
    serializer = ContactMethodRow

    def rows(self) -> QuerySet[ContactMethod]:
        return ContactMethod.objects.live().filter(person=self.person)


@documented("contact method", "contact methods", ContactMethodRow)
class ContactMethodList(_Own, NounList):
    """Your own ways to be reached."""

    ordering_fields = ("position", "created_at")
    ordering = "position"

    @extend_schema(
        operation_id="contact_methods_create",
        summary="Add a way to be reached: a code is sent there",
        request=ContactMethodIn,
        responses={201: ContactMethodMade},
    )
    def post(self, request: Request) -> Response:
        body = ContactMethodIn(data=self.document())
        body.is_valid(raise_exception=True)
        made = verbs.add_method(self.person, **body.validated_data, at=self.at)
        return Response(ContactMethodMade(made, context=self.context()).data, status=201)


@documented("contact method", "contact methods", ContactMethodRow)
class ContactMethodDetail(_Own, NounDetail):
    def found(self, **kwargs: Any) -> ContactMethod:
        return own(kwargs["id"], self)


class ContactMethodVerb(_Own):
    verb = ""

    @extend_schema(
        summary="Verify, order, test or withdraw a way to be reached",
        request=CodeIn,
        responses=ContactMethodMade,
    )
    def post(self, request: Request, id: int) -> Response:
        method, at = own(id, self), self.at
        body = CodeIn(data=self.document())
        body.is_valid(raise_exception=True)
        kind = ContactMethodRow
        match self.verb:
            case "send-code":
                verbs.ask_code(method, at=at)
            case "verify":
                verbs.verify(method, body.validated_data["code"], at=at)
            case "make-first":
                verbs.make_first(method, at=at)
            case "send-test":
                verbs.ask_test(method, at=at)
            case "rotate-secret":
                verbs.rotate_secret(method, at=at)
                kind = ContactMethodMade
            case "withdraw":
                verbs.remove(method, at=at)
        method.refresh_from_db()
        return Response(kind(method, context=self.context()).data)
