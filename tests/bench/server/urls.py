"""Our addresses and one view that does nothing but store a row."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from config.lib.clock import now
from escalations.models import Delivery


@csrf_exempt
def bare(request: HttpRequest) -> JsonResponse:
    key = uuid.uuid4().hex
    row = Delivery.objects.create(
        source="bare", key=key, body_sha256=key, received_at=now(), status=200, answer={}
    )
    return JsonResponse({"id": row.pk}, status=201)


urlpatterns = [path("bare/", bare), path("", include("config.urls"))]
