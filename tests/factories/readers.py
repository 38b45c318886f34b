"""Pages as somebody reads them for the second time."""

from __future__ import annotations

from typing import Any

from escalations.views.chrome import forget_policy_label


def warmed(client: Any, url: str) -> None:
    """Everything that is kept between two requests is fresh after this: what a page asks of the
    database from now on is the same whenever it is counted."""
    forget_policy_label()
    client.get(url)
