"""Local times of the reader, as browsers send them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from accounts.rules.zones import instant_of, zone_named


class MomentField(forms.CharField):
    """A local time of the reader's zone as browsers send it, or a time with its own offset."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.zone = "UTC"

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text and not self.required:
            return None
        try:
            found = datetime.fromisoformat(text)
            if found.tzinfo is None:
                found = instant_of(zone_named(self.zone), found)
        except (ValueError, OverflowError):
            raise forms.ValidationError("Give date and time.", code="bad_time") from None
        return found


class MomentForm(forms.Form):
    def __init__(self, given: Any, zone: str) -> None:
        super().__init__(given)
        for field in self.fields.values():
            if isinstance(field, MomentField):
                field.zone = zone


class AwayForm(MomentForm):
    """An absence of one's own, or the key of one to withdraw."""

    start = MomentField()
    end = MomentField()
    reason = forms.CharField(max_length=200, required=False)
