"""A row for each constraint of saved views, breaking it and nothing else."""

from __future__ import annotations

from typing import Any

from escalations import models as m
from tests.moves_schema import twice


def view(w: dict[str, Any], **changes: Any) -> m.SavedView:
    values = {
        "name": "Worst",
        "user": w["company"]["agent"],
        "severity": "1",
        "made_at": w["at"],
        "made_by": w["company"]["agent"],
    }
    return m.SavedView(**{**values, **changes})


QUEUE_BREAKERS = {
    "saved_view_scope": lambda w: view(w, is_for_all=True),
    "saved_view_name": lambda w: view(w, name=""),
    "saved_view_owner": lambda w: view(w, owner="odd"),
    "saved_view_person": lambda w: view(w, owner="person"),
    "saved_view_own_name": lambda w: twice(view(w), severity="2"),
    "saved_view_team_name": lambda w: twice(
        view(w, user=None, team=m.SavedView._meta.get_field("team").related_model.objects.first()),
        severity="2",
    ),
    "saved_view_shared_name": lambda w: twice(view(w, user=None, is_for_all=True), severity="2"),
    "savedview_deleted_at_with_deleted_by": lambda w: view(w, deleted_at=w["at"]),
}
