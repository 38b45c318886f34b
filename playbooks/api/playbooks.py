"""/api/v1/playbooks/CODE/versions/: drafting a version. A change request puts it in force.

The library itself, with its triggers, is answered by the app that knows incidents.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.api import HasAnyRole
from config.lib.api_view import BelayAPIView
from config.lib.errors import DomainError
from playbooks.api.bodies import PlaybookVersionOut, VersionIn
from playbooks.api.rights import ByRight
from playbooks.api.templates import refusal
from playbooks.models import Playbook, PlaybookVersion
from playbooks.services.playbooks import STEP_FIELDS, change_draft, draft_version

MAX_NUMBER = 2**31 - 1


def version_value(version: PlaybookVersion) -> dict[str, Any]:
    """No query where `steps` and `published_by` are loaded."""
    return {
        "number": version.number,
        "state": version.state,
        "effective_from": version.effective_from,
        "retired_at": version.retired_at,
        "published_by": version.published_by.username if version.published_by else None,
        "sha256": version.sha256,
        "note": version.note,
        "when_to_use": version.when_to_use,
        "hypothesis": version.hypothesis,
        "success_criterion": version.success_criterion,
        "rollback": version.rollback,
        "needs_approval": version.needs_approval,
        "steps": [
            {"position": step.position, **{name: getattr(step, name) for name in STEP_FIELDS}}
            for step in version.steps.all()
        ],
    }


class _Versions(BelayAPIView):
    permission_classes = (HasAnyRole, ByRight)
    rights = {
        "GET": "playbooks.view_playbook",
        "POST": "playbooks.view_playbook",
        "PUT": "playbooks.view_playbook",
        "PATCH": "playbooks.view_playbook",
    }

    def found(self, code: str, number: int) -> PlaybookVersion:
        rows = PlaybookVersion.objects.select_related("playbook", "published_by")
        version = None
        if number <= MAX_NUMBER:
            version = rows.filter(playbook__code=code, number=number).first()
        if version is None:
            raise DomainError("not_found", f"There is no v{number} of {code}.", status=404)
        return version

    def body(self) -> tuple[dict[str, Any], list[dict[str, Any]] | None]:
        body = VersionIn(data=self.document())
        body.is_valid(raise_exception=True)
        content = dict(body.validated_data)
        steps = content.pop("steps", None)
        return content, steps


class VersionsView(_Versions):
    @extend_schema(
        request=VersionIn, responses={201: PlaybookVersionOut}, summary="Draft the next version"
    )
    def post(self, request: Request, code: str) -> Response:
        playbook = Playbook.objects.filter(code=code).first()
        if playbook is None:
            raise DomainError("not_found", f"There is no playbook {code}.", status=404)
        content, steps = self.body()
        try:
            made = draft_version(playbook, content, steps or [], by=self.person, at=self.at)
        except ValidationError as error:
            raise refusal(error) from error
        return Response(version_value(made), status=201)


class VersionView(_Versions):
    @extend_schema(responses=PlaybookVersionOut, summary="One version of a playbook")
    def get(self, request: Request, code: str, number: int) -> Response:
        return Response(version_value(self.found(code, number)))

    @extend_schema(
        request=VersionIn,
        responses=PlaybookVersionOut,
        summary="Change a draft; `steps` replaces all of them",
    )
    def patch(self, request: Request, code: str, number: int) -> Response:
        content, steps = self.body()
        version = self.found(code, number)
        try:
            version = change_draft(version, content, steps, by=self.person, at=self.at)
        except ValidationError as error:
            raise refusal(error) from error
        return Response(version_value(version))
