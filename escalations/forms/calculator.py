"""What somebody asks the calculator. A GET form: its address can be sent to a colleague."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

from django import forms

from accounts.models import ServiceHours
from accounts.rules.zones import instant_of
from escalations.selectors.clock_preview import ALWAYS_CODE

PAUSES = 2


def _moment(label: str, *, required: bool = False, help_text: str = "") -> forms.DateTimeField:
    field = forms.DateTimeField(
        label=label,
        required=required,
        help_text=help_text,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    field.error_messages["invalid"] = "Write a date and a time, such as 2026-11-20 15:30."
    return field


def _hours() -> list[tuple[str, str]]:
    rows = ServiceHours.objects.order_by("name").values_list("code", "name")
    return [(ALWAYS_CODE, "Around the clock"), *rows]


class CalculatorForm(forms.Form):
    """Times are wall times of `zone`; what comes out is in UTC."""

    clock = forms.ChoiceField(
        label="Promise",
        choices=[("resolution", "Resolve"), ("restore", "Restore"), ("response", "Acknowledge")],
    )
    target = forms.CharField(
        label="Within", max_length=60, help_text="30 min, 2h30, 3 business days"
    )
    hours = forms.ChoiceField(label="Service hours", choices=_hours)
    zone = forms.ChoiceField(
        label="Times are of",
        choices=lambda: [(name, name) for name in sorted(available_timezones())],
    )
    start = _moment("Starts", required=True)
    asof = _moment("As seen at", help_text="Left empty: when it starts")
    pause_1_from = _moment("Customer wait from")
    pause_1_to = _moment("Customer wait until")
    pause_2_from = _moment("Supplier wait from")
    pause_2_to = _moment("Supplier wait until")
    change_at = _moment("New target from")
    change_target = forms.CharField(label="New target", max_length=60, required=False)
    change_mode = forms.ChoiceField(
        label="Counting",
        required=False,
        choices=[
            ("earliest", "The earlier of old and new (severity raised)"),
            ("keep_elapsed", "Elapsed time kept (severity lowered)"),
            ("restart", "From the change on"),
        ],
    )

    def clean(self) -> dict:
        cleaned = super().clean() or {}
        zone = ZoneInfo(cleaned.get("zone") or "UTC")
        for name in MOMENTS:
            wall = cleaned.get(name)
            if isinstance(wall, datetime) and not 1971 <= wall.year <= 8000:
                self.add_error(name, "Give a year between 1971 and 8000.")
            elif isinstance(wall, datetime):
                last = name.endswith("_to")
                cleaned[name] = instant_of(zone, wall.replace(tzinfo=None), last=last)
        for number in range(1, PAUSES + 1):
            since, until = cleaned.get(f"pause_{number}_from"), cleaned.get(f"pause_{number}_to")
            if until and not since:
                self.add_error(f"pause_{number}_from", "Say when the wait begins.")
            elif since and until and until <= since:
                self.add_error(f"pause_{number}_to", "The wait ends after it begins.")
        if bool(cleaned.get("change_at")) != bool(cleaned.get("change_target")):
            name = "change_target" if cleaned.get("change_at") else "change_at"
            if name not in self.errors:
                self.add_error(name, "A change needs both its time and its new target.")
        return cleaned


MOMENTS = tuple(
    name
    for name, field in CalculatorForm.base_fields.items()
    if isinstance(field, forms.DateTimeField)
)
