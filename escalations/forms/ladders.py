from __future__ import annotations

from typing import Any

from django import forms

from escalations.rules.policy import Severity
from escalations.selectors.ladder_preview import versions


class PreviewForm(forms.Form):
    """Which ladder, and when. Times are UTC."""

    version = forms.TypedChoiceField(label="Policy version", required=False, coerce=int)
    severity = forms.TypedChoiceField(
        choices=[(s.value, s.label) for s in Severity], coerce=int, initial=1, required=False
    )
    ladder = forms.CharField(required=False, max_length=40, label="Ladder")
    at = forms.DateTimeField(
        required=False,
        label="It opens at (UTC)",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.versions = {version.pk: version for version in versions()}
        names = [
            (pk, f"{version.policy.name} v{version.number}, {version.get_state_display().lower()}")
            for pk, version in self.versions.items()
        ]
        field = self.fields["version"]
        assert isinstance(field, forms.TypedChoiceField)
        field.choices = [("", "In force now"), *names]
        self.fields["ladder"].help_text = "Empty: the severity's own."
