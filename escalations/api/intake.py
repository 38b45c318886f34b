"""The door of what machines send: who may, how fast, and not while notices wait."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.http.response import HttpResponseBase
from rest_framework.request import Request

from config.lib.api import HasAnyRole
from config.lib.api_view import BelayAPIView
from config.lib.databases import in_turn, prepared
from config.lib.errors import Later, NotAllowed
from config.lib.rates import Buckets
from config.lib.stamps import asked_once, kept
from escalations.selectors.outbox import is_behind

BUSY_FOR_S = 2
SIGNALS = "send_signals"


class MaySendSignals(HasAnyRole):
    """The right comes with a role: mostly one query says both, and none if it was said before
    and no role, person or right has changed since."""

    def has_permission(self, request: Request, view: Any) -> bool:
        user = request.user
        if not user or not user.is_authenticated or not user.is_active:
            return False
        if kept().one(("may send signals", user.pk), lambda: _comes_with_role(user)):
            return True
        if not super().has_permission(request, view):
            return False
        if not user.has_perm(f"escalations.{SIGNALS}"):
            raise NotAllowed("missing_right", "Sending signals needs the right send_signals.")
        return True


def _comes_with_role(user: Any) -> bool:
    named = {"permissions__codename": SIGNALS}
    named["permissions__content_type__app_label"] = "escalations"
    return user.groups.filter(**named).exists()


@cache
def _buckets(rate: float, burst: float) -> Buckets:
    return Buckets(rate, burst)


class IntakeView(BelayAPIView):
    """POST is refused with 503 `busy` while the sender is behind, so that what comes in never
    starves what must go out, and with 429 `too_fast` above the rate of a token. Nothing of a
    refused request is taken in: send it again."""

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method != "POST":
            return super().dispatch(request, *args, **kwargs)
        with in_turn(), prepared(), asked_once():
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method == "POST" and is_behind(self.at):
            raise Later(
                "busy",
                "Notices wait to be sent, and they come first. Send it again in a moment.",
                status=503,
                retry_after_s=BUSY_FOR_S,
            )
        super().initial(request, *args, **kwargs)

    def pay(self, count: int = 1) -> None:
        """Count this request against the rate of its token. Raises 429 `too_fast`."""
        buckets = _buckets(settings.INTAKE_RATE, settings.INTAKE_BURST)
        sender = getattr(self.request.auth, "pk", None) or f"person {self.person.pk}"
        if wait := buckets.take(sender, count):
            raise Later(
                "too_fast",
                f"This token sends more than {settings.INTAKE_RATE:g} a second. Wait, then go on.",
                status=429,
                retry_after_s=wait,
            )
