"""The ground of every governance page, and the one module that knows Unfold's bases.

`Governed` is for what people configure: each change asks why and is kept. `ReadOnly` is for what
happens: it is read here and written by services alone. Both leave out sensitive fields.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.contrib.admin import ShowFacets, register
from django.contrib.admin.utils import unquote
from django.core.exceptions import FieldDoesNotExist, PermissionDenied
from django.db.models import BooleanField, Model
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html
from simple_history.admin import SimpleHistoryAdmin
from simple_history.template_utils import HistoricalRecordContextHelper
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.decorators import display
from unfold.forms import (
    AdminPasswordChangeForm,
    PaginationInlineFormSet,
    UserChangeForm,
    UserCreationForm,
)
from unfold.widgets import UnfoldAdminTextInputWidget

from config.lib.admin_lists import LongList
from config.lib.row_history import row_changes
from config.lib.sensitive import hidden_fields, is_hidden_path

__all__ = [
    "AdminPasswordChangeForm",
    "Governed",
    "GovernedInline",
    "GovernedStack",
    "PaginationInlineFormSet",
    "ReadOnly",
    "ReadOnlyHistory",
    "ReadOnlyInline",
    "ReasonForm",
    "UnfoldAdminTextInputWidget",
    "UserChangeForm",
    "UserCreationForm",
    "display",
    "register",
    "severity_mark",
]
REASON = "change_reason"
# What `super()` of a mixin means depends on where it is mixed in, and Unfold ships no types.
_Page: Any = object


# Yes is good for these: a check and a cross say enough. Every other flag is said in words.
GOOD = frozenset({"is_active", "success"})
SEVERITIES = frozenset({"severity", "severity_at_least", "warn_severity", "breach_severity"})


def severity_mark(value: int | None) -> str:
    """S1 to S4 in the colours of tokens.css, as on the pages."""
    return format_html('<span class="sev sev-{0}">S{0}</span>', value) if value else ""


def _in_words(model: type[Model], name: Any) -> Any:
    """The column of a list: a severity as its mark, a flag as Yes or No, all else as it is."""
    try:
        field = model._meta.get_field(name) if isinstance(name, str) else None
    except FieldDoesNotExist:
        field = None
    if field is None or not (
        name in SEVERITIES or isinstance(field, BooleanField) and name not in GOOD
    ):
        return name
    is_mark = name in SEVERITIES

    @display(description=str(getattr(field, "verbose_name", name)), ordering=name)
    def column(obj: Any) -> str:
        value = getattr(obj, name)
        return severity_mark(value) if is_mark else "Yes" if value else "No"

    column.__name__ = name
    return column


class Labelled(_Page):
    """Every input has a name that a screen reader says, also in the cells of an inline table."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None:
            widget = getattr(field.widget, "widget", field.widget)
            for part in getattr(widget, "widgets", [widget]):
                part.attrs.setdefault("aria-label", str(db_field.verbose_name).capitalize())
        return field


class Shielded(_Page):
    """Leaves out what this person may not see: in forms, lists, filters, search, lookups."""

    model: type[Model]
    # Counting every filter of a long table takes seconds.
    show_facets = ShowFacets.NEVER

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> Any:
        return LongList

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        hidden = hidden_fields(self.model, request.user)
        shown = []
        for title, options in super().get_fieldsets(request, obj):
            fields = [
                tuple(one for one in field if one not in hidden)
                if isinstance(field, list | tuple)
                else field
                for field in options["fields"]
                if isinstance(field, list | tuple) or field not in hidden
            ]
            shown.append((title, {**options, "fields": [field for field in fields if field]}))
        return shown

    def _seen(self, paths: Any, request: HttpRequest) -> list[Any]:
        def name(path: Any) -> str:
            first = path[0] if isinstance(path, list | tuple) else path
            return first.lstrip("-^=@") if isinstance(first, str) else ""

        return [path for path in paths if not is_hidden_path(self.model, name(path), request.user)]

    def get_list_display(self, request: HttpRequest) -> Any:
        seen = self._seen(super().get_list_display(request), request)
        return [_in_words(self.model, name) for name in seen]

    def get_list_filter(self, request: HttpRequest) -> Any:
        return self._seen(super().get_list_filter(request), request)

    def get_search_fields(self, request: HttpRequest) -> Any:
        return self._seen(super().get_search_fields(request), request)

    def get_ordering(self, request: HttpRequest) -> Any:
        return self._seen(super().get_ordering(request) or (), request)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        if is_hidden_path(self.model, lookup, request.user):
            return False
        return super().lookup_allowed(lookup, value, request)


class _SeenChanges(HistoricalRecordContextHelper):
    max_displayed_delta_change_chars = 400
    hidden: frozenset[str] = frozenset()

    def context_for_delta_changes(self, delta: Any) -> Any:
        seen = [change for change in delta.changes if change.field not in self.hidden]
        return super().context_for_delta_changes(replace(delta, changes=seen))


class Recorded(SimpleHistoryAdmin):
    """A history page that is only read: a change is undone by making the next one."""

    history_list_per_page = 25
    object_history_list_template = "admin/history_list.html"

    def history_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        self._refuse_unseen(request, object_id)
        return super().history_view(request, object_id, *args, **kwargs)

    def render_history_view(
        self, request: HttpRequest, template: str, context: dict[str, Any], **kwargs: Any
    ) -> HttpResponse:
        """With the past of the rows inside, as far as the reader may see such rows."""
        if "page_obj" in context:
            inlines = self.get_inline_instances(request, context["object"])
            rows = [each.model for each in inlines if each.has_view_permission(request)]
            key = context["object"].pk
            context["row_changes"] = row_changes(self.model, rows, key, request.user)
            context["row_columns"] = ("Row", "When", "What", "Who", "Why", "Changes")
        return super().render_history_view(request, template, context, **kwargs)

    def set_history_delta_changes(
        self, request: HttpRequest, historical_records: Any, *args: Any, **kwargs: Any
    ) -> None:
        """The oldest of a page is compared with the one on the next page."""
        records = list(historical_records)
        if records and (older := records[-1].prev_record) is not None:
            records.append(older)
        super().set_history_delta_changes(request, records, *args, **kwargs)

    def _refuse_unseen(self, request: HttpRequest, object_id: str) -> None:
        """The past of a row is for those who may see the row: simple-history shows it to all."""
        found = self.get_object(request, unquote(object_id))
        if found is None and self.model._default_manager.filter(pk=unquote(object_id)).exists():
            raise Http404

    def get_historical_record_context_helper(self, request: HttpRequest, record: Any) -> Any:
        helper = _SeenChanges(self.model, record)
        helper.hidden = hidden_fields(self.model, request.user)
        return helper

    def history_form_view(
        self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        # simple-history would save a POST here for whoever may look at the page.
        if request.method not in ("GET", "HEAD"):
            raise PermissionDenied
        self._refuse_unseen(request, object_id)
        return super().history_form_view(request, object_id, *args, **kwargs)


class ReasonForm(forms.ModelForm):
    change_reason = forms.CharField(
        label="Why this change",
        max_length=300,
        help_text="Kept in the history with your name.",
        widget=UnfoldAdminTextInputWidget,
    )


class Governed(Shielded, Labelled, Recorded, ModelAdmin):
    """What people configure. Nothing in use is deleted: it is retired, ended or deactivated."""

    form = ReasonForm
    list_per_page = 50
    show_full_result_count = False
    warn_unsaved_form = True

    def is_sealed(self, obj: Any) -> bool:
        """Sealed things are read and no longer changed."""
        return False

    def is_deletable(self, obj: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is not None and self.is_sealed(obj):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if obj is None or not self.is_deletable(obj):
            return False
        return super().has_delete_permission(request, obj)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [name for name in super().get_fields(request, obj) if name != REASON]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        fieldsets = list(super().get_fieldsets(request, obj))
        may_save = self.has_change_permission(request, obj) if obj else True
        if may_save:
            fieldsets.append((None, {"fields": [REASON]}))
        return fieldsets

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        obj._change_reason = form.cleaned_data.get(REASON, "")
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        for row in formset.forms:
            row.instance._change_reason = form.cleaned_data.get(REASON, "")
            row.instance._history_user = request.user
        _step_aside(formset)
        super().save_formset(request, form, formset, change)


LAST_PLACE = 32_767


def _step_aside(formset: Any) -> None:
    """Rows are stored one after the other: those that change places, or go, first make theirs free.
    The caller is in a transaction."""
    going = [
        row.instance.pk
        for row in formset.initial_forms
        if "position" in row.changed_data or row in formset.deleted_forms
    ]
    if len(going) > 1 and "position" in formset.form.base_fields:
        rows = formset.model._default_manager
        for place, pk in enumerate(going):
            rows.filter(pk=pk).update(position=LAST_PLACE - place)


class _OpenWithOwner(Shielded, Labelled):
    """Rows of a governed thing: they may be changed as long as it may."""

    extra = 0

    def _is_open(self, request: HttpRequest, obj: Any) -> bool:
        owner = self.admin_site.get_model_admin(self.parent_model)
        return obj is None or owner.has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(request, obj) and super().has_add_permission(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(request, obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._is_open(request, obj) and super().has_delete_permission(request, obj)


class GovernedInline(_OpenWithOwner, TabularInline):
    tab = True


class GovernedStack(_OpenWithOwner, StackedInline):
    pass


class _NobodyWrites:
    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ReadOnly(_NobodyWrites, Shielded, ModelAdmin):
    """What happened. Only services write it."""

    list_per_page = 50
    show_full_result_count = False


class ReadOnlyHistory(_NobodyWrites, Shielded, Recorded, ModelAdmin):
    """What happened, with the history of its own fields."""

    list_per_page = 50
    show_full_result_count = False


class ReadOnlyInline(_NobodyWrites, Shielded, TabularInline):
    extra = 0
    tab = True
