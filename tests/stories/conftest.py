"""What more than one story needs."""

from __future__ import annotations

import pytest

from accounts.models import User
from tests.factories.ladders import tell_cast


@pytest.fixture
def cast(company: dict[str, User]) -> dict[str, User]:
    return tell_cast(company)
