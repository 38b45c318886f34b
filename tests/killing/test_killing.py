"""Never lost, never doubled: ten seconds of killing on each database; `make killloop` for longer."""

from __future__ import annotations

import socket

import pytest

from tests.killing.run import DATABASES, live

pytestmark = pytest.mark.processes


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.mark.parametrize("database", DATABASES)
def test_nothing_is_lost_or_doubled_while_everything_is_killed(database):
    assert live(database, seconds=10, port=free_port()) == 0
