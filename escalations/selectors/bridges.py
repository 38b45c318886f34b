"""Where the people of an incident talk: a phone number or a link, once a task force names one."""

from __future__ import annotations

from escalations.models import Incident


def bridge_of(incident: Incident) -> str:
    """An address such as tel:+4930123 or https://meet.example/inc-7; empty where there is none."""
    return ""
