"""/api/v1/message-templates/: list, read, write, and try out."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import CursorPages, HasAnyRole
from config.lib.api_nouns import FALSE, TRUE
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError, field_error
from playbooks.api.bodies import PreviewIn, PreviewOut, TemplateIn, TemplateOut
from playbooks.api.rights import ByRight
from playbooks.models import MessageTemplate
from playbooks.models.templates import TemplateChannel
from playbooks.rules.templates import PLACEHOLDERS, render, used
from playbooks.services.templates import save_template

VIEW = "playbooks.view_messagetemplate"


def value_of(row: MessageTemplate) -> dict[str, Any]:
    return {
        "code": row.code,
        "language": row.language,
        "channel": row.channel,
        "name": row.name,
        "subject": row.subject,
        "body": row.body,
        "product_area": row.product_area,
        "is_active": row.is_active,
        "placeholders": used(f"{row.subject}\n{row.body}"),
        "updated_at": row.updated_at,
    }


def refusal(error: ValidationError) -> DomainError:
    """A model's refusal as the API says it: every field with its code."""
    errors = [
        {
            "field": "" if name == "__all__" else name,
            "code": one.code or "invalid",
            "detail": sentence,
        }
        for name, several in error.error_dict.items()
        for one in several
        for sentence in one.messages
    ]
    is_taken = errors[0]["code"] == "unique"
    return DomainError(
        errors[0]["code"],
        " ".join(each["detail"] for each in errors),
        status=409 if is_taken else 400,
        errors=errors,
    )


class _Templates(BelayAPIView):
    permission_classes = (HasAnyRole, ByRight)
    rights = {"GET": VIEW, "HEAD": VIEW}

    def found(self, code: str, language: str) -> MessageTemplate:
        row = MessageTemplate.objects.filter(code=code, language=language).first()
        if row is None:
            raise DomainError(
                "not_found", f"There is no template {code} in {language}.", status=404
            )
        return row

    def save(self, row: MessageTemplate, given: dict[str, Any]) -> Response:
        reason, is_new = given.pop("reason", ""), row.pk is None
        for name, value in given.items():
            setattr(row, name, value)
        try:
            save_template(row, by=self.person, at=self.at, reason=reason)
        except ValidationError as error:
            raise refusal(error) from error
        return Response(value_of(row), status=201 if is_new else 200)


class TemplatesView(_Templates):
    pagination_class = CursorPages
    ordering_fields = ("name", "updated_at")
    ordering = "name"
    filters = {
        "channel": "email, chat, status_update or handoff.",
        "language": "Like en.",
        "area": "Product area; those for every area come with it.",
        "active": "true or false.",
        "q": "Words of the name or the code.",
    }

    @extend_schema(responses=TemplateOut(many=True), summary="List message templates")
    def get(self, request: Request) -> Response:
        rows = MessageTemplate.objects.all()
        if (channel := self.parameter("channel")) is not None:
            if channel not in TemplateChannel.values:
                raise field_error("channel", "unknown_channel", f"{channel!r} is no channel.")
            rows = rows.filter(channel=channel)
        if (language := self.parameter("language")) is not None:
            rows = rows.filter(language=language)
        if area := self.parameter("area"):
            rows = rows.filter(product_area__iexact=area) | rows.filter(product_area="")
        if (active := self.parameter("active")) is not None:
            if active not in TRUE + FALSE:
                raise field_error("active", "not_a_flag", "Use true or false.")
            rows = rows.filter(is_active=active in TRUE)
        for word in (self.parameter("q") or "").split()[:10]:
            rows = rows.filter(name__icontains=word) | rows.filter(code__icontains=word)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response([value_of(row) for row in page])

    @extend_schema(request=TemplateIn, responses={201: TemplateOut}, summary="Write a template")
    def post(self, request: Request) -> Response:
        body = TemplateIn(data=self.document())
        body.is_valid(raise_exception=True)
        return self.save(MessageTemplate(), dict(body.validated_data))


class TemplateView(_Templates):
    @extend_schema(responses=TemplateOut, summary="One message template")
    def get(self, request: Request, code: str, language: str) -> Response:
        return Response(value_of(self.found(code, language)))

    @extend_schema(request=TemplateIn, responses=TemplateOut, summary="Change a template")
    def patch(self, request: Request, code: str, language: str) -> Response:
        body = TemplateIn(data=self.document(), partial=True)
        body.is_valid(raise_exception=True)
        given = dict(body.validated_data)
        for name in ("code", "language"):
            if name in given and given[name] != {"code": code, "language": language}[name]:
                raise field_error(name, "fixed", "What a template is called stays.")
        return self.save(self.found(code, language), given)


class TemplatePreview(_Templates):
    rights = {"POST": VIEW}

    @extend_schema(request=PreviewIn, responses=PreviewOut, summary="A template with its values")
    def post(self, request: Request, code: str, language: str) -> Response:
        body = PreviewIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = body.validated_data.get("values", {})
        if unknown := sorted(set(given) - set(PLACEHOLDERS)):
            known = ", ".join(PLACEHOLDERS)
            raise field_error("values", "unknown_placeholder", f"{unknown[0]!r}? Known: {known}.")
        values = {name: example for name, (_, example) in PLACEHOLDERS.items()} | given
        row = self.found(code, language)
        return Response({"subject": render(row.subject, values), "body": render(row.body, values)})
