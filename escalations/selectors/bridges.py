"""Where the people of an incident talk."""

from __future__ import annotations

from escalations.models import Incident, TaskForce


def bridge_of(incident: Incident) -> str:
    """The call bridge of its task force, else its chat channel, as a link; "" without one. The
    scheme is https, http or tel. One query."""
    rows = TaskForce.objects.filter(incident=incident, ended_at=None)
    found = rows.values_list("bridge_url", "channel_url").first()
    return next((url for url in found or () if url), "")
