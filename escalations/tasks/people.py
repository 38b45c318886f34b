"""What happens to incidents when somebody leaves."""

from __future__ import annotations

from accounts.models import User
from config.lib.clock import now
from escalations.services.owners import release_incidents_of as release


def release_incidents_of(pk: int) -> None:
    release(User.objects.get(pk=pk), at=now())
