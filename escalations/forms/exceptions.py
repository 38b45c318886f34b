"""Asking for an exception, and pausing automation, on pages and over the API."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from rest_framework import serializers

from accounts.models import Account, Team, User
from accounts.selectors.people import people_who
from config.lib.serializers import StrictSerializer
from escalations.forms.verbs import AwareDateTimeField, IncidentNumberField
from escalations.models import Incident, Kpi, Policy
from escalations.models.automation import PauseScope
from escalations.models.exceptions import BentClock
from escalations.rules.durations import DurationError, parse_duration
from escalations.selectors.incidents import MAX_NUMBER
from escalations.selectors.policies import policy_doc, versions_in_force

MOST_S = 366 * 86_400
MOST_MINOR = 10**15


# --- over the API ---------------------------------------------------------------------------------
class RenewalIn(StrictSerializer):
    """A renewal says anew why, what it costs and until when."""

    reason = serializers.CharField(max_length=1000)
    cost_minor = serializers.IntegerField(
        min_value=0,
        max_value=MOST_MINOR,
        required=False,
        allow_null=True,
        help_text="In hundredths of the currency's unit.",
    )
    currency = serializers.RegexField("^[A-Z]{3}$", required=False, allow_blank=True)
    cost_words = serializers.CharField(max_length=300, required=False, allow_blank=True)
    owner = serializers.CharField(max_length=150, required=False, help_text="A username.")
    starts_at = AwareDateTimeField(required=False, allow_null=True)
    expires_at = AwareDateTimeField(help_text="A year after its start at most.")


class ExceptionIn(RenewalIn):
    """At most one of account, team, incident and product_area. Another target: `clock_kind` and
    `target_s`, and `severity` where it is of one. Another rule: `rule`, in words."""

    policy = serializers.CharField(max_length=80)
    account = serializers.CharField(max_length=80, required=False, allow_blank=True)
    team = serializers.CharField(max_length=80, required=False, allow_blank=True)
    incident = IncidentNumberField(required=False, allow_null=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    clock_kind = serializers.ChoiceField(BentClock.choices, required=False, allow_blank=True)
    severity = serializers.IntegerField(min_value=1, max_value=4, required=False, allow_null=True)
    target_s = serializers.IntegerField(
        min_value=1, max_value=MOST_S, required=False, allow_null=True
    )
    rule = serializers.CharField(max_length=300, required=False, allow_blank=True)


class ExceptionAnswerIn(StrictSerializer):
    answer = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")


class ExceptionEndIn(StrictSerializer):
    reason = serializers.CharField(max_length=500)


class AutomationPauseIn(StrictSerializer):
    """`policy`, `kpi`, or `policy` and `ladder`, as the scope asks."""

    scope = serializers.ChoiceField(PauseScope.choices)
    policy = serializers.CharField(max_length=80, required=False, allow_blank=True)
    kpi = serializers.CharField(max_length=80, required=False, allow_blank=True)
    ladder = serializers.CharField(max_length=40, required=False, allow_blank=True)
    reason = serializers.CharField(max_length=300)
    ends_at = AwareDateTimeField(help_text="24 h from now at most.")
    approver = serializers.CharField(
        max_length=150,
        required=False,
        allow_blank=True,
        help_text="Username of another person who agrees: needed where an S1 is open.",
    )


# --- on pages -------------------------------------------------------------------------------------
def _instant(label: str, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget, **more)


def _words(label: str, length: int, **more: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 3})
    return forms.CharField(label=label, max_length=length, widget=widget, **more)


class RenewForm(forms.Form):
    """What a renewal says anew."""

    reason = _words("Why", 1000, help_text="What does not fit, and what is done about it.")
    cost = forms.DecimalField(
        label="Cost",
        min_value=0,
        max_digits=15,
        decimal_places=2,
        required=False,
        help_text="What it costs to keep it, as far as it can be counted.",
    )
    currency = forms.RegexField(
        "^[A-Z]{3}$", label="Currency", required=False, help_text="Three letters, like EUR."
    )
    cost_words = forms.CharField(label="Cost in words", max_length=300, required=False)
    expires_at = _instant("Expires (UTC)", help_text="A year from its start at most.")

    def given(self) -> dict[str, Any]:
        """What the services take; call after `is_valid`."""
        found = dict(self.cleaned_data)
        cost: Decimal | None = found.pop("cost")
        return found | {"cost_minor": None if cost is None else int(cost * 100)}


class ExceptionForm(RenewForm):
    policy = forms.ChoiceField()
    limited_to = forms.ChoiceField(
        label="Limited to",
        choices=[
            ("", "Everything under the policy"),
            ("account", "One customer"),
            ("team", "One team"),
            ("product_area", "One product area"),
            ("incident", "One incident"),
        ],
        required=False,
    )
    account = forms.ChoiceField(label="Customer", required=False)
    team = forms.ChoiceField(required=False)
    product_area = forms.CharField(max_length=80, required=False)
    incident = forms.CharField(max_length=12, required=False, help_text="Such as INC-12.")
    clock_kind = forms.ChoiceField(
        label="Promise", required=False, choices=[("", "None: another rule"), *BentClock.choices]
    )
    severity = forms.TypedChoiceField(
        required=False,
        coerce=int,
        empty_value=None,
        choices=[("", "All"), *((n, f"S{n}") for n in range(1, 5))],
    )
    target = forms.CharField(
        label="Other target", required=False, max_length=40, help_text="Such as 4 h or 30 min."
    )
    rule = forms.CharField(
        label="Another rule",
        required=False,
        max_length=300,
        help_text="In words. It is only written down; people must act on it.",
    )
    starts_at = _instant("Starts (UTC)", required=False, help_text="Empty: with its approval.")

    field_order = (
        "policy", "limited_to", "account", "team", "product_area", "incident", "clock_kind",
        "severity", "target", "rule", "reason", "cost", "currency", "cost_words", "starts_at",
        "expires_at",
    )  # fmt: skip

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person
        policies = Policy.objects.order_by("name").values_list("code", "name")
        accounts = Account.objects.order_by("name").values_list("external_id", "name")
        open_teams = Team.objects.filter(is_private=False).order_by("name")
        chosen: dict[str, list[tuple[str, str]]] = {
            "policy": list(policies),
            "account": [("", "Choose"), *accounts],
            "team": [("", "Choose"), *open_teams.values_list("code", "name")],
        }
        for name, choices in chosen.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _part(self, *names: str) -> list[forms.BoundField]:
        return [self[name] for name in names]

    @property
    def what(self) -> list[forms.BoundField]:
        return self._part("policy", "limited_to", "account", "team", "product_area", "incident")

    @property
    def instead(self) -> list[forms.BoundField]:
        return self._part("clock_kind", "severity", "target", "rule")

    @property
    def price(self) -> list[forms.BoundField]:
        return self._part("cost", "currency", "cost_words")

    @property
    def period(self) -> list[forms.BoundField]:
        return self._part("starts_at", "expires_at")

    def clean_incident(self) -> int | None:
        text = self.cleaned_data["incident"].strip().upper().removeprefix("INC-")
        if not text:
            return None
        seen = Incident.objects.visible_to(self.person)
        is_number = text.isascii() and text.isdigit() and int(text) <= MAX_NUMBER
        if not is_number or not seen.filter(pk=int(text)).exists():
            raise forms.ValidationError("There is no such incident.")
        return int(text)

    def clean_target(self) -> int | None:
        text = self.cleaned_data["target"]
        if not text.strip():
            return None
        try:
            return parse_duration(text)
        except DurationError as error:
            raise forms.ValidationError(str(error)) from None

    def given(self) -> dict[str, Any]:
        found = super().given()
        limit = found.pop("limited_to")
        for name in ("account", "team", "product_area", "incident"):
            if name != limit:
                found[name] = None
        return found | {"target_s": found.pop("target")}


class PauseForm(forms.Form):
    scope = forms.ChoiceField(label="What", choices=PauseScope.choices)
    policy = forms.ChoiceField(required=False)
    kpi = forms.ChoiceField(label="KPI", required=False)
    ladder = forms.ChoiceField(required=False, help_text="Of the policies in force.")
    reason = forms.CharField(max_length=300, help_text="Everybody reads it while the pause lasts.")
    ends_at = _instant("Ends (UTC)", help_text="24 h from now at most. Pause again to go on.")
    approver = forms.ChoiceField(
        label="Who agrees", required=False, help_text="Needed while an S1 is open in it."
    )

    def __init__(self, *args: Any, person: User, at: datetime, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"ends_at": at + timedelta(hours=2)})
        super().__init__(*args, **kwargs)
        others = [each for each in people_who("approve_pause") if each.pk != person.pk]
        ladders = [
            (f"{version.policy.code}:{name}", f"{name}, {version.policy.name}")
            for version in versions_in_force()
            for name in sorted(policy_doc(version.pk).ladders)
        ]
        chosen: dict[str, list[tuple[str, str]]] = {
            "policy": list(Policy.objects.order_by("name").values_list("code", "name")),
            "kpi": list(Kpi.objects.order_by("name").values_list("code", "name")),
            "ladder": ladders,
            "approver": [(each.username, str(each)) for each in others],
        }
        for name, choices in chosen.items():
            first = ("", "Nobody" if name == "approver" else "Choose")
            self.fields[name].choices = [first, *choices]  # type: ignore[attr-defined]

    def given(self) -> dict[str, Any]:
        """What the services take; call after `is_valid`."""
        found = dict(self.cleaned_data)
        if found["scope"] == PauseScope.LADDER:
            found["policy"], _, found["ladder"] = found["ladder"].partition(":")
        return found
