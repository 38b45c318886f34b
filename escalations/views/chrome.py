"""What every page needs around its content."""

from __future__ import annotations

from functools import cache, partial
from time import monotonic
from typing import Any

from django.http import HttpRequest

from config.lib import clock
from config.lib.stamps import kept
from escalations.models import PolicyVersion
from escalations.selectors.automation import PauseView, lasting

KEPT_S = 30
_kept: list[tuple[float, str]] = []


def policy_label() -> str:
    """The default policy's version in force, such as "Customer care v3"; empty without one.

    Kept for 30 s in this process: a label may lag a publication, a page never waits for it.
    """
    if _kept and monotonic() - _kept[0][0] < KEPT_S:
        return _kept[0][1]
    found = (
        PolicyVersion.objects.filter(policy__is_default=True, state="in_force")
        .values_list("policy__name", "number")
        .first()
    )
    label = f"{found[0]} v{found[1]}" if found else ""
    if label:
        _kept[:] = [(monotonic(), label)]
    return label


def forget_policy_label() -> None:
    _kept.clear()


def _pauses(user: Any) -> list[PauseView]:
    """Of automation, for those with a role. Something is asked only while one lasts: that is known
    from the query that read the person."""
    if not getattr(user, "is_automation_paused", False):
        return []
    return lasting(clock.now(), kept()) if user.has_perm("escalations.view_incident") else []


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Templates call `now` and `policy_label` only where they are used: unused, they cost nothing.

    `now` is one moment for the whole page. A view's own values win over these.
    """
    user = getattr(request, "user", None)
    return {
        "now": cache(clock.now),
        "policy_label": policy_label,
        "pauses": cache(partial(_pauses, user)),
        "keys_off": bool(user and user.is_authenticated and not user.keys_enabled),
    }
