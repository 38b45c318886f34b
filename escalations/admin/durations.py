"""Durations of a policy, typed and shown as people say them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import PositiveIntegerField
from django.forms import ModelForm
from django.http import HttpRequest

from config.lib import clock
from config.lib.admin import PaginationInlineFormSet, UnfoldAdminTextInputWidget
from escalations.forms.durations import DurationField
from escalations.rules.durations import DurationError, exact_duration, parse_duration
from escalations.selectors.business_days import business_day_of

# What `super()` of a mixin means depends on where it is mixed in.
_Page: Any = object


class TypedDurations(_Page):
    """Every field of seconds is typed with its unit."""

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if not (isinstance(db_field, PositiveIntegerField) and db_field.name.endswith("_s")):
            return super().formfield_for_dbfield(db_field, request, **kwargs)
        name = str(db_field.verbose_name).removesuffix(" s").removesuffix(", seconds")
        label = name.capitalize()
        return DurationField(
            label=label,
            initial=db_field.default if db_field.has_default() else None,
            widget=UnfoldAdminTextInputWidget(attrs={"aria-label": label}),
        )


class ClockTargetForm(ModelForm):
    """Business days count where the promise counts service hours, and only there."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        typed = str(self.data.get(self.add_prefix("target_s"), ""))
        if "target_s" in cleaned and not cleaned.get("is_business") and typed not in ("", "0"):
            try:
                parse_duration(typed)
            except DurationError as error:
                self.add_error("target_s", ValidationError(str(error), code=error.code))
        return cleaned

    @property
    def business_day_s(self) -> int | None:
        return self.fields["target_s"].business_day_s  # type: ignore[attr-defined]

    def echo(self) -> str:
        """What business days that were typed come to."""
        typed, day_s = str(self.data.get(self.add_prefix("target_s"), "")), self.business_day_s
        if not (day_s and self.has_changed() and ("day" in typed or "bd" in typed)):
            return ""
        if not self.cleaned_data.get("is_business"):
            return ""
        seconds = self.cleaned_data["target_s"]
        return (
            f"{self.instance}: {typed.strip()} is {exact_duration(seconds)}. "
            f"A business day is {exact_duration(day_s)}."
        )


class ClockTargetFormSet(PaginationInlineFormSet):
    """Knows how long a business day of the version is."""

    _day: int | None
    _is_known = False

    def _construct_form(self, i: int, **kwargs: Any) -> Any:
        form = super()._construct_form(i, **kwargs)
        field = form.fields.get("target_s")
        if isinstance(field, DurationField):
            field.business_day_s = self._business_day()
            field.counts_hours = bool(form.instance.is_business)
            if field.counts_hours and field.business_day_s and form.instance.target_s:
                told = f"{exact_duration(form.instance.target_s)}; a business day is "
                field.widget.attrs["title"] = told + exact_duration(field.business_day_s)
        return form

    def _business_day(self) -> int | None:
        if not self._is_known:
            hours = getattr(self.instance, "service_hours_id", None)
            self._day, self._is_known = business_day_of(hours, clock.now()), True
        return self._day
