"""The form of all filters of the queue. It is sent by GET: what it says is the address."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Team
from accounts.selectors.people import names_of_people_who
from escalations.selectors.queue_filters import (
    AGES,
    CLOCKS,
    KINDS,
    LEVELS,
    SEVERITIES,
    STATES,
    Asked,
    Choices,
)


def _several(label: str, choices: Choices) -> forms.MultipleChoiceField:
    boxes = forms.CheckboxSelectMultiple
    return forms.MultipleChoiceField(label=label, choices=choices, widget=boxes, required=False)


def _one(label: str, unchosen: str, choices: Choices = ()) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=[("", unchosen), *choices], required=False)


class FilterForm(forms.Form):
    """Shown filled from an address; never validated, because the queue drops what is unknown."""

    severity = _several("Severity", SEVERITIES)
    state = _several("State", STATES)
    kind = _several("Kind", KINDS)
    owner = _one("Owner", "Anybody", (("me", "Me"), ("none", "Nobody")))
    clock = _one("Clock", "Any", CLOCKS)
    team = _one("Team", "Any")
    ladder = _one("Ladder", "Any level", LEVELS)
    age = _one("Age", "Any", AGES)
    account = forms.CharField(label="Customer", required=False, help_text="Its name or its id.")
    area = forms.CharField(label="Product area", required=False)

    def __init__(self, asked: Asked) -> None:
        initial: dict[str, Any] = {name: getattr(asked, name) for name in self.base_fields}
        super().__init__(initial=initial, auto_id="filter-%s")
        owner, team = self.fields["owner"], self.fields["team"]
        assert isinstance(owner, forms.ChoiceField) and isinstance(team, forms.ChoiceField)
        people = list(names_of_people_who("respond_incident"))
        owner.choices = [*owner.choices, *people]  # type: ignore[misc]
        teams = Team.objects.order_by("name").values_list("code", "name")
        team.choices = [*team.choices, *teams]  # type: ignore[misc]
        self.fields["area"].widget.attrs["list"] = "areas"

    @property
    def boxes(self) -> list[forms.BoundField]:
        return [self[name] for name in ("severity", "state", "kind")]

    @property
    def lines(self) -> list[forms.BoundField]:
        names = ("owner", "clock", "team", "ladder", "age", "account", "area")
        return [self[name] for name in names]
