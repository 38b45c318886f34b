"""A duration as people say it: typed as 30 min, 2h30 or 3 business days, kept in seconds."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from escalations.rules.durations import DurationError, parse_duration, said_back

NOTHING = ("0", "0 s", "0 min", "0 h")


class DurationField(forms.CharField):
    """Cleans to whole seconds and says them back in the same words.

    `business_day_s` is how long a business day is, None where there is none; `counts_hours`: this
    value counts service hours, so that whole business days are said back as such.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "30 min, 2h30, 4 h")
        super().__init__(max_length=60, **options)
        self.business_day_s: int | None = None
        self.counts_hours = False

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text is None or text in self.empty_values:
            return None
        if text in NOTHING:
            return 0
        try:
            return parse_duration(text, business_day_s=self.business_day_s)
        except DurationError as error:
            raise ValidationError(str(error), code=error.code) from None

    def validate(self, value: Any) -> None:
        if value is None and self.required:
            raise ValidationError(self.error_messages["required"], code="required")

    def run_validators(self, value: Any) -> None:
        """Those of a text were for what was typed; it is a number now."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return said_back(value, self.business_day_s if self.counts_hours else None)
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(data) != initial
        except ValidationError:
            return True
