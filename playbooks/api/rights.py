from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class ByRight(BasePermission):
    """The view's `rights`: HTTP method -> permission. A method that is not listed asks for
    nothing here: its service does."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        rights: Mapping[str, Any] = getattr(view, "rights", {})
        user = request.user
        if not user or not user.is_authenticated:
            return False
        right = rights.get(request.method or "")
        return right is None or user.has_perm(right)
