"""A policy as a document, pasted or sent as a file."""

from __future__ import annotations

from django import forms

from escalations.rules.policy_documents import MOST_CHARACTERS


class PolicyDocumentForm(forms.Form):
    document = forms.CharField(
        label="Document",
        max_length=MOST_CHARACTERS,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 18, "spellcheck": "false", "class": "code"}),
    )
    note = forms.CharField(
        label="Why",
        max_length=500,
        help_text="Stands beside the version and in its history.",
    )
