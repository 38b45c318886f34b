"""How the constraints of ways to be reached and of tries are broken; tests/test_schema.py does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import ContactMethod
from escalations import models as m
from tests.ladder_schema import copy_of, twice


def way_of(w: dict[str, Any], **changes: Any) -> ContactMethod:
    values = {
        "person": w["company"]["agent"],
        "kind": "email",
        "address": "broken@people.example",
        "shown": "b…@people.example",
        "created_at": w["at"],
    }
    return ContactMethod(**values | changes)


def notice_of(w: dict[str, Any], **changes: Any) -> m.Notice:
    return copy_of(m.Notice.objects.first(), key="x", **changes)


def try_of(w: dict[str, Any], **changes: Any) -> m.NoticeAttempt:
    values = {"notice": m.Notice.objects.first(), "number": 1, "at": w["at"], "outcome": "sent"}
    return m.NoticeAttempt(**values | changes)


CHANNEL_BREAKERS = {
    "contact_method_kind": lambda w: way_of(w, kind="odd"),
    "contact_method_address": lambda w: twice(way_of(w)),
    "contact_method_signed": lambda w: way_of(w, kind="webhook"),
    "contact_method_old_secret": lambda w: way_of(w, old_secret="whsec_x"),
    "contact_method_withdrawn_later": lambda w: way_of(
        w, withdrawn_at=w["at"] - timedelta(seconds=1)
    ),
    "notice_channel": lambda w: notice_of(w, channel="odd"),
    "notice_secret_way": lambda w: notice_of(w, channel="apprise", method_id=None),
    "notice_way": lambda w: notice_of(w, way=0),
    "notice_attempt_once": lambda w: twice(try_of(w)),
    "notice_attempt_outcome": lambda w: try_of(w, outcome="odd"),
    "notice_attempt_by": lambda w: try_of(w, outcome="again"),
    "ladder_level_channels": lambda w: copy_of(
        m.LadderLevel.objects.first(), number=9, channels_min=6
    ),
}
