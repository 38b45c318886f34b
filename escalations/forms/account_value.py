"""Another rubric of account value, typed on its page."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.rules.valuation import Rubric
from accounts.rules.value_checks import LONGEST_TEXT, MOST_AMOUNT, MOST_DAYS

WEIGHTS = {
    "lifetime_value_weight": "Lifetime value, % of value",
    "importance_weight": "Strategic importance, % of value",
    "influence_weight": "Influence, % of value",
    "renewal_weight": "Renewal risk, % of risk",
    "momentum_weight": "Usage momentum, % of risk",
    "value_share": "Value, % of the priority",
}
TIERS = {
    "strategic_from": "Strategic from, points",
    "enterprise_from": "Enterprise from, points",
    "high_potential_from": "High potential from, points",
}
AMOUNTS = {f"lifetime_{n}_from": f"Lifetime value {n} from" for n in (2, 3, 4)}
DAYS = {f"renewal_{n}_days": f"Renewal risk {n} up to, days" for n in (1, 2, 3, 4)}
FALLS = {f"fall_{n}_pct": f"Usage momentum {n} from a fall of, %" for n in (2, 3, 4)}
TEXTS = {
    "importance_anchors": "Strategic importance 0 to 4, one a line",
    "influence_anchors": "Influence 0 to 4, one a line",
}


def _number(label: str, most: int) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=most)


class ValueForm(forms.Form):
    effective_from = forms.DateTimeField(
        label="In force from, UTC",
        required=False,
        help_text="An hour from now or later. Empty: one hour after the last approval.",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    reason = forms.CharField(label="Why", max_length=1000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: Any, rubric: Rubric, is_look: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = not is_look
        for name, label in (WEIGHTS | TIERS).items():
            self.fields[name] = _number(label, 100)
        for name, label in AMOUNTS.items():
            self.fields[name] = _number(label, MOST_AMOUNT)
        for name, label in DAYS.items():
            self.fields[name] = _number(label, MOST_DAYS)
        self.fields["growing_pct"] = _number("Usage grows from, %", 1000)
        for name, label in FALLS.items():
            self.fields[name] = _number(label, 100)
        for name, label in TEXTS.items():
            self.fields[name] = forms.CharField(
                label=label,
                max_length=6 * LONGEST_TEXT,
                widget=forms.Textarea(attrs={"rows": 5}),
            )
        for name in (*WEIGHTS, *TIERS, *AMOUNTS, *DAYS, "growing_pct", *FALLS):
            self.fields[name].initial = getattr(rubric, name)
        for name in TEXTS:
            self.fields[name].initial = "\n".join(getattr(rubric, name))
        names = [name for name in self.fields if name not in ("effective_from", "reason")]
        self.order_fields([*names, "effective_from", "reason"])

    def values(self) -> dict[str, Any]:
        """What the version says; call after `is_valid`."""
        given = self.cleaned_data
        texts = {name: _lines(given[name]) for name in TEXTS}
        numbers = {name: given[name] for name in given if name not in TEXTS}
        numbers.pop("effective_from")
        numbers.pop("reason")
        return {**numbers, **texts}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
