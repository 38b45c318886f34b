"""The shape of a database, to compare one that was migrated with one made from the models."""

from __future__ import annotations

from typing import Any


def shape(connection: Any) -> dict[str, list[str]]:
    """Columns, and the names of constraints and indexes, by table. Names that Django makes up are
    told by their columns."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            if table == "django_migrations":
                continue
            columns = connection.introspection.get_table_description(cursor, table)
            rows = [f"{column.name} {'null' if column.null_ok else ''}" for column in columns]
            for name, each in connection.introspection.get_constraints(cursor, table).items():
                kind = [key for key in ("primary_key", "unique", "check", "index") if each[key]]
                keys = ",".join(str(column) for column in each["columns"] or ())
                ours = name if not any(c.isdigit() for c in name[-8:]) else "-"
                rows.append(f"{ours} {'+'.join(kind)} {keys} {each['foreign_key'] or ''}")
            found[table] = sorted(rows)
    return found
