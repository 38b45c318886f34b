"""A row for each constraint of letters and drafts, breaking it and nothing else."""

from __future__ import annotations

from typing import Any

from escalations import models as m
from tests.moves_schema import twice


def letter(w: dict[str, Any], **changes: Any) -> m.CustomerLetter:
    values = {
        "incident": w["incident"],
        "name": "n",
        "subject": "s",
        "text": "t",
        "created_at": w["at"],
    }
    return m.CustomerLetter(**{**values, **changes})


def draft(w: dict[str, Any], **changes: Any) -> m.UpdateDraft:
    values = {
        "incident": w["incident"],
        "person": w["company"]["agent"],
        "text": "t",
        "saved_at": w["at"],
    }
    return m.UpdateDraft(**{**values, **changes})


def drill(w: dict[str, Any]) -> m.Drill:
    return m.Drill.objects.create(name="d", started_at=w["at"], clock_at=w["at"])


LETTER_BREAKERS = {
    "letter_one_end": lambda w: letter(w, sent_at=w["at"], failed_at=w["at"]),
    "letter_ended_sleeps": lambda w: letter(w, sent_at=w["at"], try_at=w["at"]),
    "letter_of_no_drill": lambda w: letter(w, drill=drill(w)),
    "draft_once": lambda w: twice(draft(w)),
    "draft_says_something": lambda w: draft(w, text=""),
}
