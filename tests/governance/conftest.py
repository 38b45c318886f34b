from __future__ import annotations

from datetime import timedelta

import pytest

from escalations.demo.company import tell_small


@pytest.fixture
def governed(company, travel, at):
    """The demo company with its incidents and readings; people by username."""
    tell_small(at)
    travel.to(at + timedelta(minutes=1))
    return company


@pytest.fixture
def governor(governed, client):
    client.force_login(governed["governor"])
    return client
