"""A person opens an incident by hand."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from accounts.models import Account
from escalations.models.signals import SeverityHint
from escalations.rules.arrivals import WAYS, way_words
from escalations.rules.policy import PolicyDoc
from escalations.selectors.incidents import MAX_NUMBER

YES_NO = (("", "Not known"), ("yes", "Yes"), ("no", "No"))
YES_NO_FACTS = (
    "core_down_no_workaround",
    "data_or_legal_suspected",
    "data_or_legal_confirmed",
    "uptime_breached",
)


def _yes_no(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=YES_NO, required=False)


def _way(way: str, doc: PolicyDoc) -> str:
    is_off = doc.agreed_sources and way not in doc.agreed_sources
    words = way_words(way).capitalize()
    return f"{words}, not agreed: promises count from first sight" if is_off else words


class IncidentForm(forms.Form):
    title = forms.CharField(max_length=300, help_text="What somebody would say on the phone.")
    body = forms.CharField(
        label="What is seen", max_length=20_000, required=False, widget=forms.Textarea
    )
    account = forms.ChoiceField(label="Customer", required=False)
    product_area = forms.CharField(max_length=80, required=False)
    category = forms.ChoiceField(required=False)
    severity_hint = forms.ChoiceField(
        label="How bad it looks",
        required=False,
        choices=[("", "Not known"), *((v, str(label)) for v, label in SeverityHint.choices)],
    )
    users_pct = forms.DecimalField(
        label="Users affected, %",
        required=False,
        min_value=0,
        max_value=100,
        max_digits=7,
        decimal_places=4,
    )
    arr_at_risk = forms.DecimalField(
        label="Yearly revenue at risk", required=False, min_value=0, max_digits=14, decimal_places=2
    )
    core_down_no_workaround = _yes_no("Core function down, no workaround")
    data_or_legal_suspected = _yes_no("Data or legal risk suspected")
    data_or_legal_confirmed = _yes_no("Data or legal risk confirmed")
    uptime_breached = _yes_no("Uptime promise broken")

    arrived_by = forms.ChoiceField(label="It came by", required=False)
    seen_at = forms.DateTimeField(
        label="First seen, UTC",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text="By a person. Left empty: now.",
    )

    follows = forms.IntegerField(
        required=False, min_value=1, max_value=MAX_NUMBER, widget=forms.HiddenInput
    )

    def __init__(self, *args: Any, doc: PolicyDoc, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = Account.objects.order_by("name").values_list("external_id", "name")
        self.fields["account"].choices = [("", "None"), *accounts]  # type: ignore[attr-defined]
        self.fields["category"].choices = [  # type: ignore[attr-defined]
            ("", "Not known"),
            *((code, each.label) for code, each in doc.categories.items()),
        ]
        ways = dict.fromkeys((*doc.agreed_sources, *WAYS))
        self.fields["arrived_by"].choices = [  # type: ignore[attr-defined]
            ("", "A tool, or not said"),
            *((way, _way(way, doc)) for way in ways),
        ]
        if "body" in self.fields:
            self.fields["body"].widget.attrs["rows"] = 4

    def message(self) -> dict[str, Any]:
        """The fields of `services.messages.message_of`; call after `is_valid`."""
        given = dict(self.cleaned_data)
        del given["follows"]  # the caller's: it is no part of a signal
        facts = {name: given.pop(name) for name in ("users_pct", "arr_at_risk")}
        for name in YES_NO_FACTS:
            facts[name] = {"yes": True, "no": False}.get(given.pop(name))
        return given | {"facts": facts, "source": "manual", "dedup_key": str(uuid.uuid4())}
