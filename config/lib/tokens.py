"""API tokens, stored as hashes by knox. `Authorization: Token T` and `Bearer T` mean the same."""

from __future__ import annotations

from copy import copy
from hmac import compare_digest
from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from knox.auth import TokenAuthentication as KnoxAuthentication
from knox.crypto import hash_token
from knox.models import get_token_model
from knox.settings import CONSTANTS
from rest_framework.authentication import get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from config.lib.stamps import kept


def _refused(detail: str, code: str = "invalid_token") -> AuthenticationFailed:
    return AuthenticationFailed(detail, code=code)


class TokenAuthentication(KnoxAuthentication):
    keyword = "Token"

    def authenticate_header(self, request: Request) -> str:
        return self.keyword

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() != self.keyword.lower().encode():
            return None
        if len(parts) != 2:
            raise _refused(f"Send `Authorization: {self.keyword} T` with one token.")
        return self.authenticate_credentials(parts[1])

    def authenticate_credentials(self, token: bytes) -> tuple[Any, Any]:
        """One small statement, for a token that this process knows: the number of
        `config.lib.stamps` changes with tokens and people. Knox's own also deletes other expired
        tokens; reads stay reads."""
        try:
            text = token.decode("ascii")
            digest = hash_token(text)
        except (UnicodeDecodeError, TypeError, ValueError):
            raise _refused("This token is malformed.") from None
        stored = kept().one(("token", digest), lambda: _stored(text, digest))
        if stored.expiry is not None and stored.expiry <= timezone.now():
            raise _refused("This token has expired. Make a new one.")
        if not stored.user.is_active:
            raise _refused("The person behind this token is no longer active.", "inactive_user")
        # Copies: what a request learns of its person stays with the request.
        mine = copy(stored)
        mine.user = copy(stored.user)
        return mine.user, mine


def _stored(text: str, digest: str) -> Any:
    """The token of this digest with its person. One indexed query."""
    found = get_token_model().objects.filter(token_key=text[: CONSTANTS.TOKEN_KEY_LENGTH])
    for stored in found.select_related("user"):
        if compare_digest(digest, stored.digest):
            stored.user.get_all_permissions()  # kept with it: the number changes with rights too
            return stored
    raise _refused("No such token. Make one with `manage.py create_token`.")


class BearerAuthentication(TokenAuthentication):
    keyword = "Bearer"


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "config.lib.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token T`, T from `manage.py create_token USERNAME`.",
        }


class BearerScheme(OpenApiAuthenticationExtension):
    target_class = "config.lib.tokens.BearerAuthentication"
    name = "bearer"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "The same token as Bearer."}
