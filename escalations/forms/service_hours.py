"""Service hours as people write them: `09:00-12:00, 13:00-17:00`."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django import forms

from accounts.models import ServiceHoursVersion
from accounts.rules import holidays
from accounts.rules.service_hours import WEEKDAYS
from accounts.rules.zones import instant_of

DAY_NAMES = dict(
    zip(WEEKDAYS, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(), strict=True)
)
_WINDOW = re.compile(r"(\d\d?:\d\d)\s*(?:-|–|to)\s*(\d\d?:\d\d)")
_CLOSED = ("", "closed", "-", "–")


def windows_of(text: str) -> list[list[str]]:
    """Raises ValidationError `bad_window`."""
    if text.strip().lower() in _CLOSED:
        return []
    found = []
    for part in text.split(","):
        match = _WINDOW.fullmatch(part.strip())
        if match is None:
            raise forms.ValidationError(
                f"{part.strip()[:40]!r}: write 09:00-17:00, or closed.", code="bad_window"
            )
        found.append([time.zfill(5) for time in match.groups()])
    return found


class _Effective(forms.Form):
    effective_from = forms.DateTimeField(
        label="In effect from",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="Local time of these hours.",
    )
    reason = forms.CharField(label="Why", max_length=200)

    def __init__(self, *args: Any, zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = zone

    def clean_effective_from(self) -> datetime:
        wall = self.cleaned_data["effective_from"].replace(tzinfo=None)
        if not 1971 <= wall.year <= 2999:
            raise forms.ValidationError("Give a year between 1971 and 2999.", code="out_of_range")
        return instant_of(ZoneInfo(self.zone), wall)


class HoursForm(_Effective):
    zone_name = forms.ChoiceField(
        label="Time zone", choices=lambda: [(name, name) for name in sorted(available_timezones())]
    )
    is_always_open = forms.BooleanField(label="Open around the clock", required=False)
    dates = forms.CharField(
        label="Single days",
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text="One a line: 2026-12-25 closed, or 2026-12-24 09:00-13:00.",
    )

    def __init__(self, *args: Any, version: ServiceHoursVersion, **kwargs: Any) -> None:
        super().__init__(*args, zone=version.zone, **kwargs)
        self.fields["zone_name"].initial = version.zone
        self.fields["is_always_open"].initial = version.is_always_open
        self.fields["dates"].initial = "\n".join(
            f"{day} {_text(windows)}" for day, windows in sorted(version.dates.items())
        )
        for day, name in DAY_NAMES.items():
            self.fields[day] = forms.CharField(
                label=name, required=False, initial=_text(version.weekly.get(day) or [])
            )
        order = ["zone_name", "is_always_open", *WEEKDAYS, "dates", "effective_from", "reason"]
        self.order_fields(order)

    def clean_dates(self) -> dict[str, list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        for line in self.cleaned_data["dates"].splitlines():
            day, _, windows = line.strip().partition(" ")
            if not day:
                continue
            try:
                date.fromisoformat(day)
            except ValueError:
                raise forms.ValidationError(
                    f"{day[:20]!r} is no date such as 2026-12-25.", code="unknown_day"
                ) from None
            found[day] = windows_of(windows)
        return found

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        weekly = {}
        for day in WEEKDAYS:
            try:
                weekly[day] = windows_of(cleaned.get(day) or "")
            except forms.ValidationError as error:
                self.add_error(day, error)
        cleaned["weekly"] = {day: windows for day, windows in weekly.items() if windows}
        return cleaned


class AcceptForm(_Effective):
    """Proposed holidays, each ticked by a person."""

    day = forms.MultipleChoiceField(
        error_messages={"required": "Tick at least one day.", "invalid_choice": "Not a date."}
    )

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        asked = data.getlist("day") if data is not None else []
        known = [day for day in asked[:400] if _is_date(day)]
        self.fields["day"].choices = [(day, day) for day in known]  # type: ignore[attr-defined]


class ProposalsForm(forms.Form):
    country = forms.ChoiceField(
        choices=lambda: [("", "Choose"), *((code, code) for code in holidays.places())]
    )
    region = forms.CharField(max_length=20, required=False, help_text="Such as BY or CA.")
    year = forms.IntegerField(min_value=1971, max_value=2100)


class FeedForm(forms.Form):
    file = forms.FileField(label="Calendar file (.ics)", help_text="Whole days of it are proposed.")

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > holidays.MAX_BYTES:
            raise forms.ValidationError("The file is larger than 1 MB.", code="too_large")
        return file


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _text(windows: list[list[str]]) -> str:
    return ", ".join(f"{opens}-{closes}" for opens, closes in windows) or "closed"
