from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from accounts.services.roles import sync_roles
from escalations.demo.company import tell_company, tell_small
from tests.snapshots import put


@pytest.fixture
def governed(db, travel, at):
    """The demo company with its incidents and readings; people by username."""

    def make() -> None:
        sync_roles()
        tell_company(at)
        tell_small(at)

    put("governed", make)
    travel.to(at + timedelta(minutes=1))
    return {user.username: user for user in User.objects.order_by("pk")}


@pytest.fixture
def governor(governed, client):
    client.force_login(governed["governor"])
    return client
