"""Incidents made as they are made in real life: by signals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import Account
from escalations.models import Incident
from escalations.services.signals import SignalMessage, receive_signal

MAJOR = {"arr_at_risk": 420000, "users_pct": 35, "core_down_no_workaround": True}


def open_incident(at: datetime, key: str = "capture", **more: Any) -> Incident:
    """Of account `northwind` unless told otherwise; an S3 without facts, an S1 with `MAJOR`."""
    account = more.pop("account", "northwind")
    message = SignalMessage(
        source="pager",
        dedup_key=key,
        is_firing=True,
        title=more.pop("title", f"Trouble with {key}"),
        received_at=at,
        account=Account.objects.get(external_id=account) if account else None,
        **more,
    )
    incident = receive_signal(message, by=None, at=at).incident
    assert incident is not None
    return incident
