"""Who may use KPIs over HTTP."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView


class MayUseKpis(BasePermission):
    rights = {
        "GET": ("escalations.view_kpi",),
        "POST": ("escalations.add_kpi", "escalations.add_threshold"),
        "PATCH": ("escalations.change_kpi", "escalations.add_threshold"),
    }

    def has_permission(self, request: Request, view: APIView) -> bool:
        user = request.user
        return bool(user and user.is_authenticated) and user.has_perms(
            self.rights.get(request.method or "", ())
        )
