"""What people say of the categories that rules suggest: kept, so that the rules can be judged."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from escalations.models import CategoryAnswer, Incident


def answer_category(incident: Incident, *, by: User, at: datetime) -> CategoryAnswer | None:
    """Keep that `by` says the category of a locked incident that rules looked at. Only the newest
    answer counts. None where no rule was asked. The caller saves the incident."""
    said: dict[str, Any] | None = incident.explanation.get("category")
    incident.sorting_confidence = None
    if said is None or not incident.category:
        return None
    best = next(iter(said["suggestions"]), None)
    take_back_answers(incident, at=at)
    said["source"] = "person"
    return CategoryAnswer.objects.create(
        incident=incident,
        policy_version_id=incident.policy_version_id,
        rule=best["rule"] if best else "",
        suggested=best["category"] if best else "",
        confidence=best["confidence"] if best else 0,
        was_set=bool(best and said["category"]),
        chosen=incident.category,
        answered_by=by,
        answered_at=at,
    )


def take_back_answers(incident: Incident, *, at: datetime) -> None:
    CategoryAnswer.objects.filter(incident=incident, taken_back_at=None).update(taken_back_at=at)
