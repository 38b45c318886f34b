"""A database of an earlier release, with its data, migrates and still works.

`loop-lives` is the first release: its demo company with open incidents, running clocks, ladders
and pages. The upgrade runs in a process of its own, as it does in real life.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connection

from tests.upgrades.schema import shape

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent


@pytest.fixture
def empty_database(tmp_path: Path, db: None) -> Iterator[str]:
    """The address of a fresh database of the kind that this run uses."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'upgraded.sqlite3'}"
        return
    import psycopg

    name = f"upgrade_{os.getpid()}"
    known = connection.get_connection_params()
    server = {key: known[key] for key in ("host", "port", "user", "password") if known.get(key)}
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as link:
        link.execute(f"DROP DATABASE IF EXISTS {name}")
        link.execute(f"CREATE DATABASE {name}")
    login = quote(str(server.get("user", "postgres")))
    login += f":{quote(str(server['password']))}" if "password" in server else ""
    port = f":{server['port']}" if "port" in server else ""
    yield f"postgres://{login}@{quote(str(server.get('host', '')), safe='')}{port}/{name}"
    with psycopg.connect(dbname="postgres", autocommit=True, **server) as link:
        link.execute(f"DROP DATABASE {name} WITH (FORCE)")


def run(script: str, *args: str, url: str, folder: Path) -> dict:
    env = os.environ | {"DATABASE_URL": url, "BELAY_DATA_DIR": str(folder)}
    env["BELAY_BUSY_AFTER_S"] = "0"  # old notices wait, and no sender runs here
    done = subprocess.run(
        [sys.executable, str(HERE / script), *args],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def test_the_first_release_migrates_with_its_data_and_still_works(empty_database, tmp_path):
    counts = run("upgrade.py", "loop-lives", url=empty_database, folder=tmp_path)
    assert counts["before"] == counts["after"]
    assert counts["after"]["escalations_incident"] >= 6
    # Tests run on a database made from the models: migrations must end at the same.
    migrated, made = counts["shape"], shape(connection)
    assert migrated.keys() == made.keys()
    for table, rows in made.items():
        assert migrated[table] == rows, table

    walked = run("walk.py", url=empty_database, folder=tmp_path)
    assert walked["vendor"] == connection.vendor
    assert walked["pages"] == dict.fromkeys(walked["pages"], 200)
    assert (walked["state"], walked["opened"]) == ("acknowledged", 201)
    assert walked["swept"] >= 1
