from __future__ import annotations

from zoneinfo import available_timezones

from django import forms

from accounts.models import User


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=lambda: [(n, n) for n in sorted(available_timezones())])

    class Meta:
        model = User
        fields = ["time_zone", "keys_enabled"]
