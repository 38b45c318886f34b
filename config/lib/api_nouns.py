"""Lists and details of plain nouns over HTTP: filters, search, order, pages and rights from a few
declarations, the same for every noun.

A view names `rights` by method, `lookups` (query parameter -> sentence and field), `search` fields
and the serializer; `rows` starts from what the reader may see.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Model, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import CursorPages, HasAnyRole
from config.lib.api_view import BelayAPIView
from config.lib.errors import field_error
from config.lib.history import told
from config.lib.sensitive import hidden_fields

TRUE, FALSE = ("true", "1"), ("false", "0")


def is_set(field: str) -> ExpressionWrapper:
    """For a filter by true or false: has this field a value?"""
    return ExpressionWrapper(Q(**{f"{field}__isnull": False}), output_field=BooleanField())


class HasRights(BasePermission):
    """The permissions that the view names for this method; others are its own to judge."""

    def has_permission(self, request: Request, view: Any) -> bool:
        method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
        needed = view.rights.get(method)
        return needed is None or bool(request.user and request.user.has_perms(needed))


class DiscreetSerializer(serializers.ModelSerializer):
    """Leaves out of an answer what this reader may not see. The context holds `person`."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        hidden = hidden_fields(type(instance), self.context["person"])
        shown = super().to_representation(instance)
        return {name: value for name, value in shown.items() if name not in hidden}

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError(
                {
                    name: [serializers.ErrorDetail("Not known here.", "unknown_field")]
                    for name in unknown[:20]
                }
            )
        return super().to_internal_value(data)


def named_by(field: str, queryset: Any = None, **more: Any) -> serializers.SlugRelatedField[Any]:
    """A related row by the name people know it by; read only without a queryset to choose from."""
    if queryset is None:
        return serializers.SlugRelatedField(slug_field=field, read_only=True, **more)
    return serializers.SlugRelatedField(slug_field=field, queryset=queryset, **more)


def instant(name: str, text: str) -> datetime:
    """A query parameter that is an instant. Raises DomainError `bad_time` or `naive_time`."""
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise field_error(name, "bad_time", "Use a time like 2026-11-17T10:00Z.")
    if at.tzinfo is None:
        raise field_error(name, "naive_time", "Give the offset, such as Z or +01:00.")
    return at


class NounView(BelayAPIView):
    """What list and detail of a noun share."""

    permission_classes = [HasAnyRole, HasRights]
    rights: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    serializer: ClassVar[type[serializers.BaseSerializer]]

    def rows(self) -> QuerySet[Any]:
        raise NotImplementedError

    def shown(self, rows: Any, *, many: bool = False) -> Any:
        return self.serializer(rows, many=many, context=self.context()).data

    def context(self) -> dict[str, Any]:
        return {"person": self.person, "at": self.at, "request": self.request}


class NounList(NounView):
    pagination_class = CursorPages
    lookups: ClassVar[Mapping[str, tuple[str, str]]] = {}
    search: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.filters = {name: sentence for name, (sentence, _) in cls.lookups.items()}
        if cls.search:
            cls.filters["q"] = "Part of " + ", ".join(cls.search).replace("__", "'s ") + "."

    def get(self, request: Request, **kwargs: Any) -> Response:
        rows = self.rows()
        for name, (_, lookup) in self.lookups.items():
            if (text := self.parameter(name)) is not None:
                rows = rows.filter(**{lookup: self._value(rows.model, name, lookup, text)})
        if self.search and (text := self.parameter("q")):
            found = Q()
            for path in self.search:
                found |= Q(**{f"{path}__icontains": text})
            rows = rows.filter(found)
        pages = self.pagination_class()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(self.shown(page, many=True))

    def _value(self, model: type[Model], name: str, lookup: str, text: str) -> Any:
        """The text as the looked-up field has it; a wrong word is named, never ignored."""
        field = _field_of(model, lookup)
        if lookup.startswith("has_") or isinstance(field, BooleanField):
            if text.lower() in TRUE + FALSE:
                return text.lower() in TRUE
            raise field_error(name, "not_a_flag", "Use true or false.")
        if field is None:
            return text
        choices = {str(value): value for value, _ in field.flatchoices}
        if choices:
            if text not in choices:
                raise field_error(name, "unknown_value", f"Use {', '.join(choices)}.")
            return choices[text]
        try:
            return field.to_python(text)
        except ValidationError as error:
            raise field_error(name, "bad_value", " ".join(error.messages)) from None


class NounDetail(NounView):
    """`key` is the field that the address names."""

    key: ClassVar[str] = "code"

    def get(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.shown(self.found(**kwargs)))

    def found(self, **kwargs: Any) -> Any:
        return get_object_or_404(self.rows(), **{self.key: kwargs[self.key]})


class Writes(NounView):
    """Making and changing through a serializer. `reason` goes to the change history."""

    def save(self, row: Model | None) -> Any:
        body = self.document()
        reason = body.pop("reason", "") if isinstance(body.get("reason", ""), str) else ""
        asked = self.serializer(row, data=body, partial=row is not None, context=self.context())
        asked.is_valid(raise_exception=True)
        model = asked.Meta.model  # type: ignore[attr-defined]  # a ModelSerializer
        with transaction.atomic():
            if row is not None:
                row = model.objects.select_for_update().get(pk=row.pk)
            thing = row or model()
            for name, value in asked.validated_data.items():
                setattr(thing, name, value)
            thing.full_clean()
            told(thing, by=self.person, reason=reason or "Through the API").save()
        return self.rows().get(pk=thing.pk)


class MakingList(NounList, Writes):
    def post(self, request: Request) -> Response:
        return Response(self.shown(self.save(None)), status=201)


class ChangingDetail(NounDetail, Writes):
    def patch(self, request: Request, **kwargs: Any) -> Response:
        return Response(self.shown(self.save(self.found(**kwargs))))


def documented(noun: str, plural: str, serializer: Any) -> Any:
    """A class decorator: summaries, ids and shapes for the OpenAPI document."""

    def decorate(view: Any) -> Any:
        is_list = issubclass(view, NounList)
        name = plural.replace(" ", "_").replace("-", "_")
        made: dict[str, Any] = {
            "get": extend_schema(
                operation_id=f"{name}_list" if is_list else f"{name}_retrieve",
                summary=f"List {plural}" if is_list else f"One {noun}",
                responses=serializer(many=True) if is_list else serializer,
            )
        }
        if issubclass(view, MakingList):
            made["post"] = extend_schema(
                operation_id=f"{name}_create",
                summary=f"Make one {noun}",
                request=serializer,
                responses={201: serializer},
            )
        if issubclass(view, ChangingDetail):
            made["patch"] = extend_schema(
                operation_id=f"{name}_change",
                summary=f"Change what is named of one {noun}",
                request=serializer(partial=True),
                responses=serializer,
            )
        return extend_schema_view(**made)(view)

    return decorate


def _field_of(model: type[Model], lookup: str) -> Any:
    """The last field of a path such as team__code; None for an annotation."""
    field: Any = None
    for name in lookup.split("__"):
        found = next((f for f in model._meta.get_fields() if f.name == name), None)
        if found is None:
            break
        field = found
        if found.is_relation and found.related_model not in (None, "self"):
            model = found.related_model
    return field if hasattr(field, "flatchoices") else None
