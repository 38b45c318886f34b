"""A row for each constraint of rosters, absences, swaps and calendars, breaking it alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models

from accounts.models import (
    Absence,
    CalendarFeed,
    GapTold,
    Layer,
    LayerPerson,
    Override,
    Roster,
    Swap,
)


def primary() -> Roster:
    return Roster.objects.get(code="primary")


def copy_of(row: models.Model, **changes: Any) -> models.Model:
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    values.pop(row._meta.pk.attname)
    return type(row)(**{**values, **changes})


def layer_of(**changes: Any) -> models.Model:
    layer = Layer.objects.filter(version__roster=primary()).get()
    return copy_of(layer, **{"position": 9, **changes})


def version_of(**changes: Any) -> models.Model:
    version = primary().versions.get()
    later = version.effective_from + timedelta(days=1)
    return copy_of(version, **{"number": 9, "effective_from": later, **changes})


def swap_of(w: dict[str, Any], **changes: Any) -> Swap:
    values = {
        "roster": primary(),
        "asked_by": w["company"]["agent"],
        "asked_at": w["at"],
        "partner": w["company"]["agent2"],
        "give_layer": 1,
        "give_number": 1,
        "take_layer": 1,
        "take_number": 2,
    }
    return Swap(**{**values, **changes})


def feed_of(w: dict[str, Any], roster: Roster | None) -> CalendarFeed:
    """The second of two that are in force."""
    person = w["company"]["agent"]
    first = CalendarFeed(user=person, roster=roster, digest="a" * 64, made_at=w["at"])
    first.save()
    return CalendarFeed(user=person, roster=roster, digest="b" * 64, made_at=w["at"])


def told_twice(w: dict[str, Any]) -> GapTold:
    row = {"roster": primary(), "start_at": w["at"], "stage": 3, "told_at": w["at"]}
    GapTold.objects.create(**row)
    return GapTold(**row)


ROSTER_BREAKERS: dict[str, Any] = {
    "roster_strain_limits": lambda w: copy_of(primary(), code="x", least_rest_hours=0),
    "roster_strain_levels": lambda w: copy_of(primary(), code="x", amber_score=80),
    "roster_version_number": lambda w: version_of(number=1),
    "roster_version_effective": lambda w: version_of(
        effective_from=primary().versions.get().effective_from
    ),
    "layer_position": lambda w: layer_of(position=1),
    "layer_unit": lambda w: layer_of(unit="decade"),
    "layer_every": lambda w: layer_of(every=0),
    "layer_person_position": lambda w: copy_of(LayerPerson.objects.first()),
    "override_of_nobody": lambda w: Override(
        roster=primary(),
        start_at=w["at"],
        end_at=w["at"] + timedelta(hours=1),
        recorded_at=w["at"],
        recorded_by=w["company"]["agent"],
    ),
    "override_of_swap": lambda w: Override(
        roster=primary(),
        user=w["company"]["agent"],
        start_at=w["at"],
        end_at=w["at"] + timedelta(hours=1),
        recorded_at=w["at"],
        recorded_by=w["company"]["agent"],
        layer=1,
    ),
    "absence_period": lambda w: Absence(
        user=w["company"]["agent"],
        start_at=w["at"],
        end_at=w["at"],
        recorded_at=w["at"],
        recorded_by=w["company"]["agent"],
    ),
    "swap_state": lambda w: swap_of(w, state="perhaps"),
    "swap_answered_at_with_answered_by": lambda w: swap_of(w, answered_at=w["at"]),
    "swap_of_two": lambda w: swap_of(w, partner=w["company"]["agent"]),
    "swap_answered": lambda w: swap_of(w, state="accepted"),
    "feed_of_roster": lambda w: feed_of(w, primary()),
    "feed_of_person": lambda w: feed_of(w, None),
    "gap_told_once": told_twice,
}
