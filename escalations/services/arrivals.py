"""What an arrival means before it is decided: its category, and from when its promises count."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from escalations.models import Incident, Signal
from escalations.rules.arrivals import way_words
from escalations.rules.policy import PolicyDoc
from escalations.rules.sorting import Sorted, sort_out
from escalations.selectors.decisions import Known, subject_of
from escalations.services.recorder import Recorder


def sorted_known(signal: Signal, known: Known, doc: PolicyDoc) -> tuple[Known, Sorted | None]:
    """With the category that a rule is sure of, where its sender named none. No query. A KPI says
    what it is: it is not sorted."""
    if known.category or signal.kpi_id:
        return known, None
    found = sort_out(doc, f"{signal.title}\n{signal.body}", subject_of(known, None))
    return (replace(known, category=found.category) if found else known), found


def is_agreed(arrived_by: str, doc: PolicyDoc) -> bool:
    """By a machine always; by a person where the version names this channel, or none at all."""
    return not arrived_by or not doc.agreed_sources or arrived_by in doc.agreed_sources


def promised_from(signal: Signal, doc: PolicyDoc) -> datetime:
    """Receipt on an agreed channel; elsewhere when a person first saw it."""
    if is_agreed(signal.arrived_by, doc) or signal.seen_at is None:
        return signal.received_at
    return max(signal.received_at, signal.seen_at)


def explained_arrival(signal: Signal, doc: PolicyDoc) -> dict[str, Any]:
    """Kept with the incident, for its page and its clocks."""
    if not signal.arrived_by:
        return {}
    agreed = is_agreed(signal.arrived_by, doc)
    start = promised_from(signal, doc)
    return {
        "by": signal.arrived_by,
        "is_agreed": agreed,
        "counts_from": start.isoformat(),
        "why": f"It came by {way_words(signal.arrived_by)}, "
        + (
            "an agreed channel: its promises count from receipt."
            if agreed
            else "no agreed channel: its promises count from when a person first saw it, "
            f"{start:%d %b %H:%M} UTC."
        ),
    }


def tell_arrival(incident: Incident, recorder: Recorder) -> None:
    said = incident.explanation.get("arrival")
    if said:
        recorder.event(
            incident,
            "arrived",
            said["why"],
            detail={name: said[name] for name in ("by", "is_agreed", "counts_from")},
        )


def tell_sorting(
    incident: Incident, found: Sorted | None, doc: PolicyDoc, recorder: Recorder
) -> None:
    if found is not None:
        sentence, *reason = sorting_words(found, doc)
        recorder.event(incident, "sorted", sentence, reason=" ".join(reason))


def sorting_words(found: Sorted, doc: PolicyDoc) -> tuple[str, ...]:
    """What a rule made of it, and why."""
    if not found.suggestions:
        return ("No rule knows its category: it waits to be sorted.",)
    best = found.suggestions[0]
    label = doc.categories[best.category].label
    why = f"{best.rule}, {best.confidence} per cent sure: {', '.join(best.words)}."
    if found.is_in_doubt:
        return (f"Perhaps {label}: it waits to be sorted.", why)
    return (f"Sorted as {label}.", why)
