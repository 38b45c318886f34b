"""How each kind of database is spoken to."""

from __future__ import annotations

import os
from typing import Any


def tuned(database: dict[str, Any]) -> dict[str, Any]:
    """The same settings with the options of its engine; those of the address win."""
    options: dict[str, Any] = {}
    if database["ENGINE"].endswith("sqlite3"):
        # IMMEDIATE: a read-check-write block takes the write lock first and waits its turn instead
        # of dying with "database is locked" half-way.
        options = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        }
    elif database["ENGINE"].endswith("postgresql"):
        # Statements that come again are planned once a connection: half the database's work of a
        # signal is planning. A pooler that shares connections between transactions may forbid it.
        is_prepared = os.environ.get("BELAY_PREPARED_STATEMENTS", "1") != "0"
        options = {"server_side_binding": True, "prepare_threshold": 5} if is_prepared else {}
    return {**database, "OPTIONS": options | database.get("OPTIONS", {})}
