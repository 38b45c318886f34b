"""Run in a process of its own by test_upgrade: the settings name an empty database.

Builds the schema of an earlier release, puts a stored database of that release into it row by row,
and migrates to now. Prints one line of JSON: counts before and after.
"""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# The last migration of each app in that release; apps of others stay at their newest.
RELEASES = {"loop-lives": {"accounts": "0001_initial", "escalations": "0001_initial"}}
BUILT = ("contenttypes", "auth", "accounts", "escalations", "knox", "axes", "django_q")
LEFT_OUT = ("django_migrations", "sqlite_sequence", "django_content_type", "auth_permission")
COUNTED = ("accounts_user", "accounts_account", "escalations_incident", "escalations_clock")
BOOLEAN = 16  # PostgreSQL's type code


def main(release: str) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    with step_by_step():
        for app in BUILT:
            target = RELEASES[release].get(app)
            call_command("migrate", app, *([target] if target else []), verbosity=0)
    source = stored(release)
    copy(source, connection)
    before = {
        table: source.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in COUNTED
    }
    call_command("migrate", verbosity=0)
    after = {}
    with connection.cursor() as cursor:
        for table in COUNTED:
            cursor.execute(f"SELECT count(*) FROM {table}")
            after[table] = cursor.fetchone()[0]
    from tests.upgrades.schema import shape

    print(json.dumps({"before": before, "after": after, "shape": shape(connection)}))


@contextmanager
def step_by_step() -> Iterator[None]:
    """Migrations as that release had them, before they were squashed for new databases."""
    from django.db.migrations import executor

    whole = executor.MigrationLoader

    class Unsquashed(whole):
        def load_disk(self) -> None:
            super().load_disk()
            found = self.disk_migrations.items()
            self.disk_migrations = {key: each for key, each in found if not each.replaces}

    executor.MigrationLoader = Unsquashed
    try:
        yield
    finally:
        executor.MigrationLoader = whole


def stored(release: str) -> sqlite3.Connection:
    packed = Path(__file__).parent / f"{release}.sqlite3.gz"
    with tempfile.NamedTemporaryFile() as file:
        file.write(gzip.decompress(packed.read_bytes()))
        file.flush()
        on_disk = sqlite3.connect(file.name)
        source = sqlite3.connect(":memory:")
        on_disk.backup(source)
        on_disk.close()
    source.row_factory = sqlite3.Row
    return source


def copy(source: sqlite3.Connection, connection: Any) -> None:
    """Every row of every table that both have."""
    from django.apps import apps
    from django.core.management.color import no_style
    from django.db import transaction

    here = set(connection.introspection.table_names())
    found = source.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    tables = [row["name"] for row in found if row["name"] in here and row["name"] not in LEFT_OUT]
    is_postgres = connection.vendor == "postgresql"
    with connection.constraint_checks_disabled(), transaction.atomic():
        with connection.cursor() as cursor:
            if is_postgres:  # the rows come in no order of their references
                cursor.execute("SET LOCAL session_replication_role = replica")
            for table in tables:
                fill(source, connection, cursor, table)
            models = [model for model in apps.get_models() if model._meta.db_table in tables]
            for sql in connection.ops.sequence_reset_sql(no_style(), models):
                cursor.execute(sql)


def fill(source: sqlite3.Connection, connection: Any, cursor: Any, table: str) -> None:
    described = connection.introspection.get_table_description(cursor, table)
    kinds = {column.name: column.type_code for column in described}
    rows = [dict(row) for row in source.execute(f"SELECT * FROM {table}")]
    if not rows:
        return
    if "permission_id" in rows[0]:
        rows = with_permissions_of_here(source, cursor, rows)
    cursor.execute(f"DELETE FROM {table}")
    names = [name for name in rows[0] if name in kinds]
    flags = {n for n in names if connection.vendor == "postgresql" and kinds[n] == BOOLEAN}
    quoted = ", ".join(connection.ops.quote_name(name) for name in names)
    marks = ", ".join(["%s"] * len(names))
    cursor.executemany(
        f"INSERT INTO {table} ({quoted}) VALUES ({marks})",
        [
            [bool(row[n]) if n in flags and row[n] is not None else row[n] for n in names]
            for row in rows
        ],
    )


def with_permissions_of_here(
    source: sqlite3.Connection, cursor: Any, rows: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Permissions are made anew here, with other ids: they are found by their names."""
    sql = (
        "SELECT p.id, c.app_label, p.codename FROM auth_permission p "
        "JOIN django_content_type c ON c.id = p.content_type_id"
    )
    there = {pk: (app, code) for pk, app, code in source.execute(sql)}
    cursor.execute(sql)
    here = {(app, code): pk for pk, app, code in cursor.fetchall()}
    found = [row | {"permission_id": here.get(there[row["permission_id"]])} for row in rows]
    return [row for row in found if row["permission_id"] is not None]


if __name__ == "__main__":
    main(sys.argv[1])
