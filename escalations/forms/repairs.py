"""Asking for a change of promises that run: by a policy, or by service hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from accounts.models import ServiceHoursVersion
from escalations.models import PolicyVersion
from escalations.models.repairs import RepairKind
from escalations.selectors.hours import versions_in_effect

KINDS = (RepairKind.POLICY, RepairKind.CALENDAR, RepairKind.RECOMPUTE)


class RepairForm(forms.Form):
    kind = forms.ChoiceField(
        label="What",
        choices=[(kind.value, kind.label) for kind in KINDS],
        help_text="From now on keeps what was counted. From the start counts it again, and may "
        "break or save a promise.",
    )
    policy = forms.ChoiceField(label="Policy in force", required=False)
    hours = forms.ChoiceField(label="Service hours", required=False)
    reason = forms.CharField(label="Why", max_length=500, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        versions = PolicyVersion.objects.filter(state="in_force").select_related("policy")
        policies = [(_name(v.policy.code, v), f"{v.policy.name} v{v.number}") for v in versions]
        hours = [
            (_name(v.service_hours.code, v), f"{v.service_hours.name}, version {v.number}")
            for v in versions_in_effect(at)
        ]
        self.fields["policy"].choices = [("", "None"), *policies]  # type: ignore[attr-defined]
        self.fields["hours"].choices = [("", "None"), *hours]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        field = "policy" if cleaned.get("kind") == RepairKind.POLICY else "hours"
        if cleaned.get("kind") and not cleaned.get(field) and field not in self.errors:
            word = "the policy" if field == "policy" else "the service hours"
            self.add_error(field, forms.ValidationError(f"Choose {word}.", code="required"))
        return cleaned

    def given(self) -> dict[str, Any]:
        """What `services.repairs.propose_repair` takes; call after `is_valid`."""
        found = self.cleaned_data
        field = "policy" if found["kind"] == RepairKind.POLICY else "hours"
        code, _, number = found[field].rpartition(":")
        return {
            "kind": found["kind"],
            "reason": found["reason"],
            field: code,
            "version": int(number),
        }


def asked_in(query: Mapping[str, str]) -> dict[str, str]:
    """What a link to the form proposes."""
    return {name: query[name] for name in ("kind", "policy", "hours") if name in query}


def _name(code: str, version: PolicyVersion | ServiceHoursVersion) -> str:
    return f"{code}:{version.number}"
