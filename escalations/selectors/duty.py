"""Who keeps everything moving: the people with the role of duty manager."""

from __future__ import annotations

from accounts.models import User

DUTY_MANAGERS = "duty_manager"


def duty_managers() -> list[User]:
    return list(User.objects.filter(groups__name=DUTY_MANAGERS, is_active=True).order_by("pk"))
