from __future__ import annotations

from zoneinfo import available_timezones

from django import forms

from accounts.models import User


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=lambda: [(n, n) for n in sorted(available_timezones())])

    class Meta:
        model = User
        fields = ["time_zone", "quiet_from", "quiet_to", "keys_enabled"]
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("quiet_from", "quiet_to")
        }
        help_texts = {
            "quiet_from": "Your local time. Empty: as the policy says. An S1 wakes you in any case."
        }
