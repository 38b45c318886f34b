"""Views of the queue that the demo company keeps."""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from escalations.models import SavedView
from escalations.selectors.queue_filters import Asked
from escalations.services.saved_views import save_view

VIEWS = (
    ("duty", "Worst, nobody on it", "all", Asked(severity=("1", "2"), owner="none")),
    ("agent", "Frontline, oldest first", "frontline", Asked(team="frontline", sort="oldest")),
    ("agent", "Mine, due next", "me", Asked(owner="me", sort="deadline")),
)


def tell_views(people: dict[str, User], at: datetime) -> None:
    """Two shared ones, and one that the agent keeps."""
    if SavedView.objects.exists():
        return
    for who, name, scope, asked in VIEWS:
        save_view(name, asked, scope=scope, by=people[who], at=at)
