"""SELECT statements are worded in less time. Of a request with ten reads Django spends a third on
wording them, and most of that on the columns of models, which are the same each time."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, Model
from django.db.models.expressions import Col
from django.db.models.sql.compiler import SQLCompiler

# Columns are never changed once made: Django shares those of a table's own name, too.
_columns: dict[tuple[type[Model], str], list[Any]] = {}
_converters: dict[tuple[str, Field[Any, Any]], list[Any]] = {}


class Compiler(SQLCompiler):
    """Says to the letter what Django's says (tests/config/lib/test_compilers.py)."""

    def get_default_columns(
        self, select_mask: Any, start_alias: Any = None, opts: Any = None, from_parent: Any = None
    ) -> list[Any]:
        meta = opts or self.query.get_meta()
        if select_mask or from_parent or meta is None or meta.parents or meta.proxy:
            return super().get_default_columns(select_mask, start_alias, opts, from_parent)
        alias = start_alias or self.query.get_initial_alias()
        key = meta.model, alias
        if key not in _columns:
            _columns[key] = list(super().get_default_columns(select_mask, alias, meta) or ())
        return list(_columns[key])

    def compile(self, node: Any) -> tuple[str, Any]:
        if node.__class__ is not Col:
            return super().compile(node)
        names, column = self.quote_cache, str(node.target.column)
        said = names.get(column) or self.quote_name_unless_alias(column)
        if node.alias:
            table = names.get(node.alias) or self.quote_name_unless_alias(node.alias)
            said = f"{table}.{said}"
        return said, []

    def get_converters(self, expressions: Any) -> dict[int, tuple[list[Any], Any]]:
        found: dict[int, tuple[list[Any], Any]] = {}
        vendor = self.connection.vendor
        listed = list(expressions)
        for place, each in enumerate(listed):
            if each.__class__ is not Col or each.target is not each.output_field:
                # Others may stand for several columns, and what follows them moves on.
                rest = super().get_converters(listed[place:])
                return found | {place + more: value for more, value in rest.items()}
            converters = _converters.get((vendor, each.target))
            if converters is None:
                converters = _converters[vendor, each.target] = [
                    *self.connection.ops.get_db_converters(each),
                    *each.get_db_converters(self.connection),
                ]
            if converters:
                found[place] = converters, each
        return found


def word_quickly(connection: Any, **_: Any) -> None:
    """Takes a new connection (`connection_created`)."""
    ask = connection.ops.compiler
    if getattr(ask, "is_quick", False):  # it was lost, and came back
        return

    def compiler(name: str) -> Any:
        return Compiler if name == "SQLCompiler" else ask(name)

    compiler.is_quick = True  # type: ignore[attr-defined]
    connection.ops.compiler = compiler
