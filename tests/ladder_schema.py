"""How the constraints of ladders and storms are broken; tests/test_schema.py does."""

from __future__ import annotations

from datetime import time
from typing import Any

from django.db import models

from escalations import models as m
from tests.change_schema import stored


def copy_of(row: Any, **changes: Any) -> models.Model:
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    values.pop(row._meta.pk.attname)
    return type(row)(**{**values, **changes})


def twice(row: models.Model) -> models.Model:
    row.save()
    return copy_of(row)


def storm_of(w: dict[str, Any], **changes: Any) -> m.Storm:
    values = {"dimension": "all", "parent": w["incident"], "started_at": w["at"]}
    return m.Storm(**{**values, "look_at": w["at"], **changes})


def storm_id(w: dict[str, Any]) -> int:
    storm = storm_of(w, dimension="area:breakers")
    storm.save()
    return storm.pk


def back_test_of(w: dict[str, Any], **changes: Any) -> m.BackTest:
    values = {"request": stored(w), "round": 1, "version": m.PolicyVersion.objects.first()}
    return m.BackTest(**{**values, "at": w["at"], "version_sha256": "x", "result": {}, **changes})


LADDER_BREAKERS = {
    "ladder_run_snoozed": lambda w: copy_of(
        m.LadderRun.objects.get(),
        number=2,
        state="cancelled",
        snoozed_until=w["at"],
        next_step_at=None,
        look_at=None,
    ),
    "ladder_run_held": lambda w: copy_of(
        m.LadderRun.objects.get(),
        number=2,
        state="cancelled",
        held_until=w["at"],
        next_step_at=None,
        look_at=None,
    ),
    "ladder_run_looks": lambda w: copy_of(
        m.LadderRun.objects.get(), number=2, state="cancelled", next_step_at=None, look_at=w["at"]
    ),
    "ladder_level_acks": lambda w: copy_of(m.LadderLevel.objects.first(), number=9, require_acks=0),
    "ladder_level_notify": lambda w: copy_of(m.LadderLevel.objects.first(), number=9, notify="odd"),
    "ladder_level_quiet": lambda w: copy_of(
        m.LadderLevel.objects.first(), number=9, quiet_hours="odd"
    ),
    "incident_parent": lambda w: m.Incident(
        **{f.attname: getattr(w["incident"], f.attname) for f in m.Incident._meta.concrete_fields}
        | {"number": 99_999, "parent_id": 99_999}
    ),
    "incident_held": lambda w: m.Incident(
        **{f.attname: getattr(w["incident"], f.attname) for f in m.Incident._meta.concrete_fields}
        | {"number": 99_999, "parent_id": None, "held_by_id": storm_id(w)}
    ),
    "storm_open": lambda w: twice(storm_of(w)),
    "storm_ends_once": lambda w: storm_of(w, look_at=None),
    "notice_bundle_of_another": lambda w: m.Notice(
        **{
            f.attname: getattr(m.Notice.objects.first(), f.attname)
            for f in m.Notice._meta.concrete_fields
        }
        | {"id": 99_999, "key": "x", "bundle_id": 99_999}
    ),
    "policy_version_limits": lambda w: copy_of(
        m.PolicyVersion.objects.get(state="in_force"), number=99, state="draft", pages_per_hour=0
    ),
    "policy_version_snooze": lambda w: copy_of(
        m.PolicyVersion.objects.get(state="in_force"),
        number=99,
        state="draft",
        snooze_margin_percent=101,
    ),
    "back_test_once": lambda w: twice(back_test_of(w)),
    "back_test_hashed": lambda w: back_test_of(w, version_sha256=""),
    "example_name": lambda w: copy_of(m.Example.objects.first(), position=99),
    "example_severity": lambda w: copy_of(m.Example.objects.first(), name="x", severity=5),
    "user_quiet_hours": lambda w: copy_of(
        w["company"]["agent"], username="zz", quiet_from=time(22)
    ),
}
