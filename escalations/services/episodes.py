"""The newest episode of a signal, and its repeats counted: what runs with every signal that comes
in, so that its statements are written out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection

from config.lib.statements import ask, moment

IDENTITY = "drill_id IS NULL AND source = %s AND dedup_key = %s"
LATEST = (
    f"SELECT incident_id, ended_at FROM escalations_signal WHERE {IDENTITY}"  # noqa: S608
    " ORDER BY ended_at DESC NULLS FIRST LIMIT 1"
)
LATER = {"postgresql": "GREATEST", "sqlite": "MAX"}
COUNT = (
    "UPDATE escalations_signal SET occurrences = occurrences + 1, last_at = {}(last_at, %s)"  # noqa: S608
    f" WHERE {IDENTITY} AND ended_at IS NULL AND incident_id = %s"
    " RETURNING id, severity_hint, anchors"
)
LAST_SAID = (
    "SELECT recorded_at FROM escalations_timelineevent WHERE incident_id = %s AND kind = 'signal'"
    " ORDER BY seq DESC LIMIT 1"
)


class Latest(NamedTuple):
    incident_id: int | None
    ended_at: Any


class Episode(NamedTuple):
    pk: int
    severity_hint: str
    anchors: dict[str, int]


def latest(source: str, key: str) -> Latest | None:
    """The open episode, else the one that ended last."""
    found = ask(LATEST, (source, key))
    return Latest(*found[0]) if found else None


def count_repeat(source: str, key: str, number: int, received_at: datetime) -> Episode | None:
    """The open episode of this incident, which is locked, with one more occurrence; None where it
    ended or moved to another."""
    text = COUNT.format(LATER[connection.vendor])
    found = ask(text, (received_at, source, key, number))
    if not found:
        return None
    pk, hint, anchors = found[0]
    return Episode(pk, hint, json.loads(anchors))


def last_said(number: int) -> datetime | None:
    """When the timeline said last that a signal of this incident came again."""
    found = ask(LAST_SAID, (number,))
    return moment(found[0][0]) if found else None
