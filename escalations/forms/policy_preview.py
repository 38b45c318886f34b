"""An incident as somebody imagines it, to be tried under a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms

from escalations.forms.incidents import YES_NO_FACTS, IncidentForm
from escalations.models import Kpi, PolicyVersion
from escalations.models.incidents import Kind
from escalations.rules.policy import PolicyDoc, Severity

AMOUNTS = ("users_pct", "arr_at_risk")


class PolicyPreviewForm(IncidentForm):
    """As a new incident, without its words; and what only machines know: KPI, segment, anchors."""

    title = None  # type: ignore[assignment]  # takes the field away
    body = None  # type: ignore[assignment]
    follows = None  # type: ignore[assignment]
    kind = forms.ChoiceField(choices=[("", "As it follows"), *Kind.choices], required=False)
    kpi = forms.ChoiceField(label="KPI", required=False)
    segment = forms.CharField(label="Segment of the KPI", max_length=120, required=False)
    declared = forms.ChoiceField(
        label="Severity the KPI declares",
        choices=[("", "None"), *((s.label, s.label) for s in Severity)],
        required=False,
    )
    at = forms.DateTimeField(
        label="Opens at, UTC",
        required=False,
        help_text="Empty: now.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    against = forms.ChoiceField(label="Beside it", required=False)

    def __init__(
        self, *args: Any, doc: PolicyDoc, versions: Sequence[PolicyVersion], **kwargs: Any
    ) -> None:
        super().__init__(*args, doc=doc, **kwargs)
        kpis = Kpi.objects.order_by("code").values_list("code", flat=True)
        self.fields["kpi"].choices = [("", "None"), *((code, code) for code in kpis)]  # type: ignore[attr-defined]
        self.fields["against"].choices = [  # type: ignore[attr-defined]
            ("", "No other version"),
            *((str(v.number), f"v{v.number}, {v.get_state_display().lower()}") for v in versions),
        ]
        for factor in doc.factors:
            self.fields[f"anchor_{factor.code}"] = forms.TypedChoiceField(
                label=factor.label,
                choices=[("", "As it follows"), *enumerate(factor.anchors)],
                coerce=int,
                empty_value=None,
                required=False,
            )

    def asked(self) -> dict[str, Any]:
        """The argument of `services.policy_preview.known_from`; call after `is_valid`."""
        given = dict(self.cleaned_data)
        facts = {name: given.pop(name) for name in AMOUNTS}
        for name in YES_NO_FACTS:
            facts[name] = {"yes": True, "no": False}.get(given.pop(name))
        anchors = {
            name.removeprefix("anchor_"): value
            for name, value in given.items()
            if name.startswith("anchor_")
        }
        plain = {k: v for k, v in given.items() if not k.startswith("anchor_")}
        return {**plain, "facts": facts, "anchors": anchors}


def initial_of(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same, back into the fields of the form."""
    facts = {
        name: {True: "yes", False: "no"}[value] if isinstance(value, bool) else value
        for name, value in asked["facts"].items()
    }
    anchors = {f"anchor_{name}": value for name, value in asked["anchors"].items()}
    plain = {name: value for name, value in asked.items() if name not in ("facts", "anchors")}
    return {**plain, **facts, **anchors}
