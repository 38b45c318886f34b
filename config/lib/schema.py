"""OpenAPI: the filters a view declares, and the one shape of every error.

DRF loads this with its own views, so it imports none (the pages are in config.api_docs).
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import Direction, OpenApiParameter

TEXT = {"type": "string"}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457. Branch on `code`; some codes add members, such as `allowed`.",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": TEXT,
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": {**TEXT, "description": "A sentence for people."},
        "code": {**TEXT, "description": "A word for machines."},
        "request_id": {**TEXT, "description": "Finds this request in the log."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code"],
                "properties": {
                    "row": {"type": "integer", "description": "From 0, for lists of rows."},
                    "field": {**TEXT, "description": "Dotted path; empty for the whole."},
                    "code": TEXT,
                    "detail": TEXT,
                },
            },
        },
    },
    "additionalProperties": True,
}


class BelaySchema(AutoSchema):
    def get_override_parameters(self) -> list[Any]:
        """The view's `filters` become query parameters of its list or detail."""
        if self.method != "GET":
            return []
        return [
            OpenApiParameter(name, str, OpenApiParameter.QUERY, description=sentence)
            for name, sentence in getattr(self.view, "filters", {}).items()
        ]

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        responses = super()._get_response_bodies(direction)
        if direction == "response":
            content = {"application/problem+json": {"schema": self._problem().ref}}
            responses.setdefault("4XX", {"description": "What went wrong.", "content": content})
        return responses

    def _problem(self) -> ResolvedComponent:
        component = ResolvedComponent(
            name="Problem", type=ResolvedComponent.SCHEMA, object="Problem", schema=PROBLEM
        )
        self.registry.register_on_missing(component)
        return component
