"""When a visit ends, when the mark is worth a write, and who is still looking."""

from __future__ import annotations

from datetime import timedelta

REFRESH_AFTER = timedelta(seconds=30)
GONE_AFTER = timedelta(seconds=90)
# Away for so long, and what came meanwhile is news; shorter is a reload or another tab.
NEW_VISIT_AFTER = timedelta(minutes=10)
