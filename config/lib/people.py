"""Who asks: the signed-in person behind a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from rest_framework.request import Request

if TYPE_CHECKING:
    from django.contrib.auth.models import _User


def person_of(request: HttpRequest | Request) -> _User:
    """For code behind a door (sign-in, a permission class): a stranger here is a bug."""
    assert not isinstance(request.user, AnonymousUser), "only signed-in people get here"
    return request.user
