"""Migrating without drawing every model anew at every step.

Between two steps Django renders again all models that lead to the one that changed, which in a
schema where everything leads to incidents and people is nearly all of them. Rendering those next to
it is enough for the statements of the schema; a step that runs Python gets all of them afresh, as
Django does after a delayed step. `tests/upgrades` holds the end equal to the models.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db.migrations import executor, graph
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState


class NearState(ProjectState):
    _is_alone = False

    def clone(self) -> NearState:
        copied = NearState(
            models={key: state.clone() for key, state in self.models.items()},
            real_apps=self.real_apps,
        )
        if "apps" in self.__dict__:
            copied.apps = self.apps.clone()
        copied.is_delayed = self.is_delayed
        return copied

    def add_model(self, model_state: ModelState) -> None:
        """What a new model leads to learns of it, as it does when models are loaded."""
        key = model_state.app_label, model_state.name_lower
        self.models[key] = model_state
        if self._relations is not None:  # type: ignore[attr-defined]
            self.resolve_model_relations(key)
        if "apps" in self.__dict__:
            self.is_delayed = True
            self.apps.render_multiple([model_state])

    def add_field(
        self, app_label: str, model_name: str, name: str, field: Any, preserve_default: bool
    ) -> None:
        """Others go on pointing at the model without the field: its table and key are the same."""
        self._is_alone = True
        super().add_field(app_label, model_name, name, field, preserve_default)
        self._is_alone = False

    def reload_model(self, app_label: str, model_name: str, delay: bool = False) -> None:
        if not self._is_alone:
            super().reload_model(app_label, model_name, delay=True)
        elif "apps" in self.__dict__:
            self.is_delayed = True
            self._reload({(app_label, model_name)})  # type: ignore[attr-defined]

    def _append_option(self, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        self.models[app_label, model_name].options[option_name] = [
            *self.models[app_label, model_name].options.get(option_name, []),
            obj,
        ]
        self._say_options(app_label, model_name, option_name)

    def _remove_option(
        self, app_label: str, model_name: str, option_name: str, obj_name: str
    ) -> None:
        options = self.models[app_label, model_name].options
        options[option_name] = [obj for obj in options[option_name] if obj.name != obj_name]
        self._say_options(app_label, model_name, option_name)

    def _say_options(self, app_label: str, model_name: str, option_name: str) -> None:
        """Indexes and constraints concern no other model: the one that is rendered is told."""
        if "apps" in self.__dict__:
            model = self.apps.get_model(app_label, model_name)
            setattr(
                model._meta, option_name, self.models[app_label, model_name].options[option_name]
            )


# Where Django's own name for a state is looked up.
USERS: tuple[Any, ...] = (executor, graph)


@contextmanager
def near_states() -> Iterator[None]:
    whole: Any = executor.MigrationExecutor
    back = whole._migrate_all_backwards

    def back_as_django_does(*args: Any, **kwargs: Any) -> Any:
        """Going back, the state of before must not have heard of what came after."""
        with _states_of(ProjectState):
            return back(*args, **kwargs)

    whole._migrate_all_backwards = back_as_django_does
    try:
        with _states_of(NearState):
            yield
    finally:
        whole._migrate_all_backwards = back


@contextmanager
def _states_of(kind: type[ProjectState]) -> Iterator[None]:
    before = USERS[0].ProjectState
    for module in USERS:
        module.ProjectState = kind
    try:
        yield
    finally:
        for module in USERS:
            module.ProjectState = before


class WithoutIndexes(Operation):
    """Relations of a model lose the index that Django gives each. As fields are altered elsewhere,
    SQLite would write the whole table anew and PostgreSQL check every row again."""

    def __init__(self, model_name: str, fields: dict[str, Any]) -> None:
        self.model_name, self.fields = model_name, fields

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        key = app_label, self.model_name.lower()
        for name, field in self.fields.items():
            field.name = name
            state.models[key].fields[name] = field
        state.reload_model(*key, delay=True)

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        named = {index.name for index in model._meta.indexes}
        for name in self.fields:
            column = model._meta.get_field(name).column
            for index in schema_editor._constraint_names(
                model, [column], index=True, unique=False, exclude=named
            ):
                schema_editor.execute(schema_editor._delete_index_sql(model, index))

    def database_backwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if not self.allow_migrate_model(schema_editor.connection.alias, model):
            return
        for name in self.fields:
            field = model._meta.get_field(name)
            for statement in schema_editor._field_indexes_sql(model, field):
                schema_editor.execute(statement)

    def describe(self) -> str:
        return f"Drop the indexes of {', '.join(self.fields)} on {self.model_name}"
