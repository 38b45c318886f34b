"""The editor of a review: a form for each section, factor, entry and action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from escalations.models.reviews import EntryKind
from escalations.rules.policy import Severity
from escalations.rules.review_fields import (
    ACTION_FIELDS,
    ENTRY_FIELDS,
    FACTOR_FIELDS,
    PEOPLE_FIELDS,
    SECTIONS,
)
from escalations.selectors.review_buttons import Input, inputs_of, people_choices
from escalations.selectors.review_page import ReviewPage

ENTRY_WORDS = {
    EntryKind.ADDITION: "Add what happened",
    EntryKind.ANNOTATION: "Annotate an event",
    EntryKind.HIDING: "Hide an event",
    EntryKind.SHOWING: "Show a hidden event again",
    EntryKind.EXPLANATION: "Explain a gap",
}
Typed = Callable[[str, int], tuple[Mapping[str, Any], Mapping[str, str]]]


@dataclass(frozen=True, slots=True)
class SectionForm:
    code: str
    title: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class FactorForm:
    position: int
    inputs: tuple[Input, ...]

    @property
    def place(self) -> str:
        return str(self.position)


@dataclass(frozen=True, slots=True)
class GapForm:
    label: str
    from_at: str
    to_at: str


@dataclass(frozen=True, slots=True)
class Editor:
    sections: tuple[SectionForm, ...]
    factors: tuple[FactorForm, ...]
    new_factor: tuple[Input, ...]
    entry: tuple[Input, ...]
    action: tuple[Input, ...]
    people: tuple[Input, ...]
    gaps: tuple[GapForm, ...]


def editor(page: ReviewPage, typed: Typed) -> Editor:
    """`typed(part, position)`: what somebody typed into that form and its errors, else empty."""
    people = people_choices()
    review = page.review
    leaders = tuple(
        each
        for each in people
        if not review.incident.commander or each[0] != review.incident.commander.username
    )
    stored = {
        name: getattr(review, name, None) for _, _, specs in SECTIONS for name in _names(specs)
    }
    stored["facilitator"] = review.facilitator.username if review.facilitator else ""
    final = review.severity_final
    stored["severity_final"] = Severity(final).label if final else ""

    def form(part: str, specs: Any, values: Mapping[str, Any], place: int = 0) -> tuple[Input, ...]:
        kept, errors = typed(part, place)
        shown = [spec for spec in specs if spec.name not in page.hidden]
        return inputs_of(
            shown, {**values, **kept}, leaders if part == "summary" else people, errors
        )

    return Editor(
        sections=tuple(
            SectionForm(code, title, form(code, specs, stored)) for code, title, specs in SECTIONS
        ),
        factors=tuple(
            FactorForm(
                factor.position,
                form(
                    "factor",
                    FACTOR_FIELDS,
                    {name: getattr(factor, name) for name in ("category", "text", "evidence")},
                    factor.position,
                ),
            )
            for factor in page.factors
        ),
        new_factor=form("factor", FACTOR_FIELDS, {}),
        entry=_entry(page, form("entry", ENTRY_FIELDS, {"kind": "addition"})),
        action=form("action", ACTION_FIELDS, {}),
        people=form(
            "people",
            PEOPLE_FIELDS,
            {
                "participants": [each.user.username for each in page.participants],
                "recurrences": ", ".join(each.incident.key for each in page.recurrences),
            },
        ),
        gaps=tuple(
            GapForm(
                moment.gap,
                f"{moment.at:%Y-%m-%dT%H:%M:%S.%fZ}",
                f"{moment.until:%Y-%m-%dT%H:%M:%S.%fZ}",
            )
            for moment in page.timeline
            if moment.is_gap
        ),
    )


def _names(specs: Any) -> list[str]:
    return [spec.name for spec in specs]


def _entry(page: ReviewPage, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
    """The kinds in words, and the events by their sentence."""
    events = tuple(
        (str(moment.seq), f"{moment.at:%H:%M} {moment.event.title[:80]}")
        for moment in page.timeline
        if moment.event is not None
    )
    kinds = tuple((kind.value, words) for kind, words in ENTRY_WORDS.items())
    changed: dict[str, dict[str, Any]] = {
        "kind": {"choices": kinds},
        "event": {
            "kind": "select",
            "choices": (("", "None"), *events),
            "help": "To annotate, hide or show it.",
        },
        "from_at": {"help": "For what you add or explain."},
    }
    return tuple(replace(each, **changed.get(each.name, {})) for each in inputs)
