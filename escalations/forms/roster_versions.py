"""The next version of a roster as people write it: layers, their people in order, their hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django import forms
from django.db.models import Q

from accounts.forms.moments import MomentField
from accounts.models import Roster, RosterVersion, User
from accounts.models.rosters import LayerUnit
from accounts.rules.rosters import Layer, Shift
from accounts.rules.service_hours import WEEKDAYS
from accounts.rules.zones import UnknownZone, zone_named
from accounts.selectors.contact_methods import reachable
from accounts.selectors.roster_gaps import AHEAD, gaps_in, people_in, warnings_of, why_gap
from accounts.selectors.roster_week import RosterWeek, week_of
from accounts.selectors.rosters import NEVER, plan_of
from accounts.services.roster_drafts import as_planned
from accounts.services.roster_versions import (
    MOST_LAYERS,
    MOST_PEOPLE,
    NewLayer,
    edit_roster,
    next_handoff,
)
from config.lib.errors import DomainError
from escalations.forms.service_hours import DAY_NAMES, windows_of
from escalations.models import ChangeRequest
from escalations.services.roster_requests import ask_roster

T = TypeVar("T")

WEEKS = 4
SPARE, FEWEST = 2, 4  # empty places after the last person, places of a new layer
MOST_CHOICES = 500
NOBODY = ("", "Nobody")


class LayerForm(forms.Form):
    """`people` are those one may choose from; a place left empty is no place."""

    zone = forms.CharField(
        label="Time zone", max_length=64, widget=forms.TextInput(attrs={"list": "zones"})
    )
    start_on = forms.DateField(
        label="First hand-over on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Empty: the day this version begins.",
    )
    handoff = forms.TimeField(
        label="Hand-over at", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    every = forms.IntegerField(label="Every", min_value=1, max_value=366)
    unit = forms.ChoiceField(choices=LayerUnit)
    continue_with = forms.ChoiceField(
        label="Continue with", required=False, help_text="On duty first. Nobody: the first place."
    )
    drop = forms.BooleanField(label="Take this layer out", required=False)

    def __init__(self, *args: Any, people: Mapping[int, User], places: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        choices = [NOBODY, *((str(pk), str(person)) for pk, person in people.items())]
        self.fields["continue_with"].choices = choices  # type: ignore[attr-defined]
        self.places = [f"person_{n}" for n in range(1, places + 1)]
        for n, name in enumerate(self.places, 1):
            self.fields[name] = forms.ChoiceField(label=f"{n}.", required=False, choices=choices)
        for day in WEEKDAYS:
            self.fields[day] = forms.CharField(label=DAY_NAMES[day], required=False, max_length=200)

    @property
    def place_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.places]

    @property
    def day_fields(self) -> list[forms.BoundField]:
        return [self[day] for day in WEEKDAYS]

    @property
    def has_hours(self) -> bool:
        """Whether the hours are worth showing at once."""
        return any(self[day].value() or self[day].errors for day in WEEKDAYS)

    def clean_zone(self) -> str:
        try:
            return zone_named(self.cleaned_data["zone"]).key
        except UnknownZone as error:
            raise forms.ValidationError(str(error), code="unknown_zone") from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        named = [self.people[int(pk)] for name in self.places if (pk := cleaned.get(name))]
        if not named:
            self.add_error(None, forms.ValidationError("Name somebody.", code="no_people"))
        first = cleaned.get("continue_with")
        cleaned["people"] = named
        cleaned["first"] = self.people[int(first)] if first else named[0] if named else None
        if cleaned["first"] and cleaned["first"] not in named:
            self.add_error(
                "continue_with", forms.ValidationError("Not in this layer.", code="unknown_person")
            )
        written = {day: cleaned.get(day) or "" for day in WEEKDAYS}
        cleaned["restrict"] = {}
        for day, text in written.items():
            try:
                if found := windows_of(text):
                    cleaned["restrict"][day] = found
            except forms.ValidationError as error:
                self.add_error(day, error)
        if any(text.strip() for text in written.values()) and not cleaned["restrict"]:
            self.add_error("mon", forms.ValidationError("Never on duty.", code="no_hours"))
        return cleaned

    def made(self) -> NewLayer:
        given = self.cleaned_data
        return NewLayer(
            zone=given["zone"],
            handoff=given["handoff"],
            unit=given["unit"],
            people=given["people"],
            continue_with=given["first"],
            every=given["every"],
            restrict=given["restrict"],
            start_on=given["start_on"],
        )


class VersionForm(forms.Form):
    not_before = MomentField(
        label="Not before",
        required=False,
        widget=forms.TextInput(attrs={"type": "datetime-local"}),
        help_text="It begins with the next hand-over of the lowest layer. Empty: from now on.",
    )
    fallback = forms.ChoiceField(
        label="Fallback", required=False, help_text="Answers whenever nobody else would."
    )
    reason = forms.CharField(label="Why", required=False, max_length=200)
    accept_gaps = forms.BooleanField(
        label="Times in which nobody is planned are meant so", required=False
    )

    def __init__(self, *args: Any, people: Mapping[int, User], zone: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.people = people
        self.fields["not_before"].zone = zone  # type: ignore[attr-defined]
        choices = [NOBODY, *((str(pk), str(person)) for pk, person in people.items())]
        self.fields["fallback"].choices = choices  # type: ignore[attr-defined]

    def made(self) -> dict[str, Any]:
        given = self.cleaned_data
        fallback = self.people[int(given["fallback"])] if given["fallback"] else None
        return {
            "not_before": given["not_before"],
            "fallback": fallback,
            "accept_gaps": given["accept_gaps"],
            "reason": given["reason"],
        }


@dataclass(frozen=True, slots=True)
class Look:
    """What the version would do: four weeks of it, and the gaps of sixty days."""

    effective_from: datetime
    weeks: tuple[RosterWeek, ...]
    gaps: tuple[tuple[Shift, str], ...]  # and why
    warnings: tuple[str, ...]


class Draft:
    """The forms of one roster's next version, as it stands (`sent` is None) or as sent."""

    def __init__(self, roster: Roster, sent: Any, *, by: User, at: datetime) -> None:
        self.roster, self.by, self.at, self.sent = roster, by, at, sent
        self.error: DomainError | None = None
        self.look: Look | None = None
        plan = plan_of(roster, at, NEVER, at)
        last = plan.stretches[-1] if plan.stretches else None
        self.people = _choices(roster, people_in(plan))
        self.form = VersionForm(
            sent,
            people=self.people,
            zone=by.time_zone,
            initial={"fallback": last.fallback if last else None},
        )
        if sent is not None:
            self.layers = [self._sent(number) for number in _numbers(sent)]
        else:
            begins = max(next_handoff(last, at), last.start) if last else at
            rules = last.layers if last else ()
            self.layers = [self._known(n, layer, begins) for n, layer in enumerate(rules)]
        if not self.layers or (sent is not None and "add" in sent):
            self.layers = [*self.layers, self._new(len(self.layers))][:MOST_LAYERS]

    def publish(self) -> RosterVersion | None:
        """None if something was wrong, which `error` or the forms then say."""
        return self._sent_to(edit_roster)

    def ask(self) -> ChangeRequest | None:
        """The same for a roster whose rules others approve."""
        return self._sent_to(ask_roster)

    def _sent_to(self, verb: Callable[..., T]) -> T | None:
        if not self._is_valid():
            return None
        try:
            return verb(self.roster, self._made(), by=self.by, at=self.at, **self.form.made())
        except DomainError as error:
            self.error = error
            return None

    def preview(self) -> None:
        if not self._is_valid():
            return
        try:
            with as_planned(
                self.roster,
                self._made(),
                by=self.by,
                at=self.at,
                is_approved=True,
                **self.form.made(),
            ) as version:
                self.look = self._seen(version)
        except DomainError as error:
            self.error = self.error or error

    @property
    def status(self) -> int:
        if self.error is not None:
            return self.error.status
        is_wrong = self.sent is not None and "add" not in self.sent and self.look is None
        return 400 if is_wrong else 200

    def _is_valid(self) -> bool:
        forms_ = [self.form, *(layer for layer in self.layers if layer.is_bound)]
        return all([form.is_valid() for form in forms_])

    def _made(self) -> list[NewLayer]:
        return [f.made() for f in self.layers if f.is_bound and not f.cleaned_data["drop"]]

    def _seen(self, version: RosterVersion) -> Look:
        start = version.effective_from
        plan = plan_of(self.roster, start, start + AHEAD, self.at)
        people = User.objects.in_bulk(people_in(plan))
        day = start.astimezone(zone_named(self.by.time_zone)).date()
        days = [day + timedelta(weeks=n) for n in range(WEEKS)]
        return Look(
            start,
            tuple(week_of(self.roster, each, self.by, self.at) for each in days),
            tuple((gap, why_gap(gap)) for gap in gaps_in(plan, start, start + AHEAD)),
            warnings_of(plan, people),
        )

    def _sent(self, number: int) -> LayerForm:
        head = f"layer-{number}-person_"
        given = sum(bool(self.sent[key]) for key in self.sent if key.startswith(head))
        known = sum(key.startswith(head) for key in self.sent)
        places = min(max(known, given + SPARE, FEWEST), MOST_PEOPLE)
        return self._layer(number, places, data=self.sent)

    def _known(self, number: int, layer: Layer, begins: datetime) -> LayerForm:
        restrict = layer.restrict or {}
        number_then = max(layer.shift_number(begins), 0)
        initial: dict[str, Any] = {
            "zone": layer.zone,
            "start_on": layer.start_date,
            "handoff": layer.handoff,
            "unit": layer.unit,
            "every": layer.every,
            "continue_with": layer.people[number_then % len(layer.people)],
            **{f"person_{n}": person for n, person in enumerate(layer.people, 1)},
            **{
                day: ", ".join("-".join(window) for window in restrict.get(day) or []) or "closed"
                for day in (WEEKDAYS if restrict else ())
            },
        }
        return self._layer(number, min(len(layer.people) + SPARE, MOST_PEOPLE), initial=initial)

    def _new(self, number: int) -> LayerForm:
        initial = {"zone": self.by.time_zone, "handoff": "09:00", "unit": "week", "every": 1}
        return self._layer(number, FEWEST, initial=initial)

    def _layer(self, number: int, places: int, **kwargs: Any) -> LayerForm:
        return LayerForm(people=self.people, places=places, prefix=f"layer-{number}", **kwargs)


def _numbers(sent: Any) -> list[int]:
    """The layers that were sent, each known by its hand-over."""
    return [n for n in range(MOST_LAYERS) if f"layer-{n}-handoff" in sent]


def _choices(roster: Roster, named: Iterable[int]) -> dict[int, User]:
    """Who is in the roster or its team first, then everybody who can be reached."""
    named = list(named)
    near = Q(memberships__team=roster.team_id, memberships__valid_to=None) | Q(pk__in=named)
    there = reachable(User.objects.all())
    first = sorted(there.filter(near).distinct(), key=str)
    others = there.exclude(pk__in=[person.pk for person in first])
    rows = [*first, *sorted(others.order_by("pk")[:MOST_CHOICES], key=str)]
    return {person.pk: person for person in rows}
