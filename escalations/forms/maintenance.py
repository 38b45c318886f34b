"""Declaring a maintenance window, on a page and over the API."""

from __future__ import annotations

from typing import Any

from django import forms
from rest_framework import serializers

from accounts.models import Account
from config.lib.serializers import StrictSerializer
from escalations.forms.verbs import AwareDateTimeField
from escalations.models import Kpi
from escalations.selectors.maintenance import DAYS


class WindowIn(StrictSerializer):
    """Once: `ends_at` (and `starts_at`, else now). Repeating: `weekdays` (0 is Monday), local
    times, zone, and perhaps the last day. At least one of what it covers; all that is named must
    fit."""

    reason = serializers.CharField(max_length=300)
    kpi = serializers.CharField(max_length=80, required=False, allow_blank=True)
    source = serializers.CharField(  # type: ignore[assignment]  # also an attribute of fields
        max_length=120, required=False, allow_blank=True
    )
    account = serializers.CharField(max_length=80, required=False, allow_blank=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    starts_at = AwareDateTimeField(required=False, allow_null=True)
    ends_at = AwareDateTimeField(required=False, allow_null=True)
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=0, max_value=6), max_length=7, required=False
    )
    repeat_from = serializers.TimeField(required=False, allow_null=True)
    repeat_to = serializers.TimeField(required=False, allow_null=True)
    time_zone = serializers.CharField(max_length=64, required=False, allow_blank=True)
    until = serializers.DateField(required=False, allow_null=True)


class EndIn(StrictSerializer):
    for_good = serializers.BooleanField(
        default=True, help_text="false: a repeating window comes again."
    )


def _instant(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget)


def _time(label: str) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(label=label, required=False, widget=widget)


class WindowForm(forms.Form):
    """`part` names the fieldset of a field: what, once, again."""

    reason = forms.CharField(max_length=300, help_text="What is done, and who said so.")
    kpi = forms.ChoiceField(label="KPI", required=False)
    source = forms.CharField(max_length=120, required=False, help_text="Of signals.")
    account = forms.ChoiceField(label="Customer", required=False)
    product_area = forms.CharField(max_length=80, required=False)
    starts_at = _instant("Starts (UTC)")
    ends_at = _instant("Ends (UTC)")
    weekdays = forms.MultipleChoiceField(
        label="On",
        required=False,
        choices=[(str(number), name) for number, name in enumerate(DAYS)],
        widget=forms.CheckboxSelectMultiple,
    )
    repeat_from = _time("From, local time")
    repeat_to = _time("To, local time")
    time_zone = forms.CharField(max_length=64, required=False)
    until = forms.DateField(
        label="Last day", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kpis = Kpi.objects.order_by("name").values_list("code", "name")
        accounts = Account.objects.order_by("name").values_list("external_id", "name")
        self.fields["kpi"].choices = [("", "Any"), *kpis]  # type: ignore[attr-defined]
        self.fields["account"].choices = [("", "Any"), *accounts]  # type: ignore[attr-defined]

    def _part(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def what(self) -> list[forms.BoundField]:
        return self._part("kpi", "source", "account", "product_area")

    @property
    def once(self) -> list[forms.BoundField]:
        return self._part("starts_at", "ends_at")

    @property
    def again(self) -> list[forms.BoundField]:
        return self._part("repeat_from", "repeat_to", "time_zone", "until")

    def given(self) -> dict[str, Any]:
        """What `services.maintenance.declare` takes; call after `is_valid`."""
        found = dict(self.cleaned_data)
        return found | {"weekdays": [int(day) for day in found["weekdays"]]}
