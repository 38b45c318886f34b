"""A known event of a KPI, in the local time of who writes it."""

from __future__ import annotations

from django import forms

from accounts.forms.moments import MomentField, MomentForm
from escalations.models.annotations import AnnotationKind


class AnnotationForm(MomentForm):
    kind = forms.ChoiceField(choices=AnnotationKind.choices)
    label = forms.CharField(max_length=120)
    starts_at = MomentField()
    ends_at = MomentField()
