"""Asking the committee for a change, answering one, and a word to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from escalations.rules.changes import finding_key
from escalations.rules.routing_lint import Finding


def _text(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=1000,
        required=required,
        help_text=help_text,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class RollBackForm(forms.Form):
    reason = _text("Why", help_text="The others read it before they answer.")
    is_emergency = forms.BooleanField(
        label="An emergency: one approval, in force at once, taken back after 24 hours unless "
        "the others confirm it",
        required=False,
    )

    def given(self) -> dict[str, Any]:
        """What the services take; call after `is_valid`."""
        return dict(self.cleaned_data)


class AskForm(RollBackForm):
    effective_from = forms.DateTimeField(
        label="In force from, UTC",
        required=False,
        help_text="An hour from now or later. Empty: one hour after the last approval.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field_order = ("reason", "effective_from", "is_emergency")

    def __init__(self, *args: Any, warnings: Sequence[Finding] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.keys = [finding_key(each) for each in warnings]
        for key, each in zip(self.keys, warnings, strict=True):
            # Who leaves one open is told by the service, which knows the warnings of now.
            self.fields[f"warning_{key}"] = forms.BooleanField(
                label=f"I have read: {each.sentence}", required=False
            )

    def given(self) -> dict[str, Any]:
        found = self.cleaned_data
        return {
            "reason": found["reason"],
            "effective_from": found["effective_from"],
            "is_emergency": found["is_emergency"],
            "acknowledged": [key for key in self.keys if found[f"warning_{key}"]],
        }


class NumberForm(forms.Form):
    code = forms.CharField(max_length=60, widget=forms.HiddenInput)
    needed = forms.IntegerField(label="Approvals", min_value=1, max_value=9)
    reason = forms.CharField(label="Why", max_length=1000)


class AnswerForm(forms.Form):
    comment = forms.CharField(max_length=1000, required=False)


class SuggestForm(forms.Form):
    text = _text("What should be otherwise, and why")
    about = forms.CharField(
        label="Row it is about",
        max_length=160,
        required=False,
        help_text="For example: Routing, Renewals at risk go to Care.",
    )
    incident = forms.CharField(
        label="Incident that shows it", max_length=20, required=False, help_text="Like INC-12."
    )

    def clean_incident(self) -> int | None:
        said = self.cleaned_data["incident"].strip().upper().removeprefix("INC-")
        if not said:
            return None
        if not said.isascii() or not said.isdigit() or len(said) > 9:
            raise forms.ValidationError("Name it like INC-12.", code="unknown_incident")
        return int(said)


class AnswerSuggestionForm(forms.Form):
    answer = forms.CharField(max_length=1000)
