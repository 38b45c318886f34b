"""Changing promises that run: a bulk retarget, new hours, a due time by hand (SEMANTICS 1.3, 1.4).

Proposed by one person with the list of differences, applied by another. What moved meanwhile is
not changed unread: it is kept, with its reason, and where all moved the list is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import InterfaceError, OperationalError, transaction

from accounts.models import ServiceHoursVersion, User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.versions import DECIDING
from escalations.models import Clock, ClockRepair, Incident, PolicyVersion, RepairAnswer
from escalations.models.notices import NoticeKind
from escalations.models.repairs import RepairKind
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.policy import ClockKind
from escalations.rules.repairs import of_incidents, same_incidents, what
from escalations.selectors.policies import policy_doc
from escalations.selectors.repairs import Difference, differences
from escalations.services import breaches, clocks
from escalations.services.finishing import finish
from escalations.services.locks import lock_incident, lock_incidents
from escalations.services.recorder import Recorder
from escalations.services.words import said, word

GOVERN = "escalations.change_policyversion"
log = logging.getLogger("belay.repairs")
AT_ONCE = 25  # incidents in one transaction
ASK_DUE, APPLY_DUE = "escalations.respond_incident", "escalations.cancel_incident"


def propose_repair(given: Mapping[str, Any], *, by: User, at: datetime) -> ClockRepair:
    """Store what would change; no clock is touched.

    Raises DomainError 403 `missing_right`, 400 `unknown_version`, `unknown_hours`,
    `unknown_clock`, `not_in_force`, `due_missing`, 409 `nothing_changes`.
    """
    kind = RepairKind(given["kind"])
    if not by.has_perm(ASK_DUE if kind is RepairKind.DUE else GOVERN):
        raise NotAllowed("missing_right", "Your role does not propose this.")
    repair = ClockRepair(kind=kind, reason=given["reason"], asked_at=at, asked_by=by)
    if kind is RepairKind.POLICY:
        repair.policy_version = _version(given)
    elif kind is RepairKind.DUE:
        repair.clock, repair.due_at = _clock(given, by), given.get("due_at")
        if repair.due_at is None:
            raise field_error("due_at", "due_missing", "Name the new due time.")
    else:
        repair.hours = _hours(given)
    found = differences(repair, at)
    if not found:
        raise Conflict("nothing_changes", "No running clock would change by this.")
    repair.rows = [each.as_json() for each in found]
    repair.save(force_insert=True)
    return repair


def _version(given: Mapping[str, Any]) -> PolicyVersion:
    rows = PolicyVersion.objects.select_related("policy")
    found = rows.filter(policy__code=given.get("policy"), number=given.get("version") or 0).first()
    if found is None:
        raise field_error("version", "unknown_version", "There is no such policy version.")
    if found.state != "in_force":
        raise field_error("version", "not_in_force", "Only the version in force is applied.")
    return found


def _hours(given: Mapping[str, Any]) -> ServiceHoursVersion:
    found = ServiceHoursVersion.objects.filter(
        service_hours__code=given.get("hours"),
        number=given.get("version") or 0,
        state__in=DECIDING,
    ).first()
    if found is None:
        raise field_error("hours", "unknown_hours", "There is no such version of service hours.")
    return found


def _clock(given: Mapping[str, Any], by: User) -> Clock:
    seen = Incident.objects.visible_to(by).real()
    found = Clock.objects.filter(pk=given.get("clock") or 0, incident__in=seen).first()
    if found is None or found.kind == "cadence":
        raise field_error("clock", "unknown_clock", "There is no such clock with one due time.")
    return found


def drop_repair(pk: int, *, by: User, at: datetime) -> ClockRepair:
    """Raises DomainError 403 `missing_right`, 404 `not_found`, 409 `not_asked`."""
    with transaction.atomic():
        repair = _asked(pk)
        if repair.asked_by_id != by.pk and not by.has_perm(_right(repair)):
            raise NotAllowed("missing_right", "Who asked or who may apply it drops it.")
        repair.dropped_at, repair.dropped_by = at, by
        repair.save()
    return repair


def apply_repair(pk: int, *, by: User, at: datetime) -> ClockRepair:
    """Each clock with a line in its ledger and on its incident's timeline. A due time by hand is
    changed here; what reaches many incidents goes on a few at a time (`settle_repair`), the first
    of them here.

    Raises DomainError 403 `missing_right`, `own_request`, 404 `not_found`, 409 `not_asked`,
    `outdated` where nothing is as it was read (the new list is in `rows`).
    """
    with transaction.atomic():
        repair = _asked(pk)
        if not by.has_perm(_right(repair)):
            raise NotAllowed("missing_right", "Your role does not apply this.")
        if repair.asked_by_id == by.pk:
            raise NotAllowed("own_request", "Somebody else than who asked applies it.")
        is_one = repair.kind == RepairKind.DUE
        if is_one:
            lock_incidents(*{row["incident"] for row in repair.rows})
        found = differences(repair, at)
        rows = [each.as_json() for each in found]
        outdated = None if same_incidents(repair.rows, rows) else rows
        if outdated is None:
            repair.applied_at, repair.applied_by = at, by
            if is_one:
                _apply(repair, found, by, at)
            else:
                repair.settle_at = at
            repair.save()
    if outdated is not None:
        ClockRepair.objects.filter(pk=pk).update(rows=outdated)
        raise Conflict(
            "outdated",
            "Clocks moved since this was proposed. The list is made anew: read it again.",
            rows=outdated,
        )
    if repair.settle_at is not None:
        with transaction.atomic():
            settle_repair(pk, at)
        repair.refresh_from_db()
    return repair


def settle_repair(pk: int, at: datetime) -> bool:
    """The sweep's verb: some incidents at a time, each with its own answer, until all have one.
    Killed between two turns it goes on where it was."""
    rows = ClockRepair.objects.select_for_update(of=("self",))
    repair = rows.select_related("policy_version", "hours", "asked_by", "applied_by").get(pk=pk)
    if repair.settle_at is None or repair.settle_at > at:
        return False
    read = of_incidents(repair.rows)
    answered = set(repair.answers.values_list("incident", flat=True))
    left = sorted(read.keys() - answered)
    batch = left[:AT_ONCE]
    lock_incidents(*batch)
    now: dict[int, list[Difference]] = {}
    for each in differences(repair, at, batch):
        now.setdefault(each.clock.incident_id, []).append(each)
    RepairAnswer.objects.bulk_create(
        _answer(repair, number, read[number], now.get(number, []), at) for number in batch
    )
    repair.settle_at = at if len(left) > len(batch) else None
    repair.save(update_fields=["settle_at"])
    return True


def _answer(
    repair: ClockRepair,
    number: int,
    read: list[dict[str, Any]],
    found: list[Difference],
    at: datetime,
) -> RepairAnswer:
    """Changed if it is still as it was read; what goes wrong with one keeps that one alone."""
    why = _why_kept(repair, number, read, found)
    if not why:
        assert repair.applied_by is not None  # a timer runs once it is applied
        try:
            with transaction.atomic():
                _apply(repair, found, repair.applied_by, at)
        except (OperationalError, InterfaceError):
            raise
        except DomainError as error:
            why = error.detail
        except Exception as error:
            log.exception("repair %s could not change INC-%s", repair.pk, number)
            why = f"It could not be changed: {type(error).__name__}."
    return RepairAnswer(repair=repair, incident_id=number, is_moved=not why, why=why[:300], at=at)


def _why_kept(
    repair: ClockRepair, number: int, read: list[dict[str, Any]], found: list[Difference]
) -> str:
    """Empty where it may be changed."""
    version = repair.policy_version
    if version is not None and version.state != "in_force":
        return f"v{version.number} is not in force any more."
    if what(read) == what([each.as_json() for each in found]):
        return ""
    incident = Incident.objects.only("state", "policy_version").get(pk=number)
    if incident.state not in OPEN_STATES:
        return f"It is {incident.get_state_display().lower()}."
    if version is not None and incident.policy_version_id == version.pk:
        return f"It counts by v{version.number} already."
    return "Its clocks moved since the list was read."


def _right(repair: ClockRepair) -> str:
    return APPLY_DUE if repair.kind == RepairKind.DUE else GOVERN


def _asked(pk: int) -> ClockRepair:
    repair = ClockRepair.objects.select_for_update().filter(pk=pk).first()
    if repair is None:
        raise DomainError("not_found", f"There is no repair {pk}.", status=404)
    if repair.state != "asked":
        raise Conflict("not_asked", f"It is {repair.state} already.")
    return repair


def _apply(repair: ClockRepair, found: list[Difference], by: User, at: datetime) -> None:
    by_incident: dict[int, list[Difference]] = {}
    for each in found:
        by_incident.setdefault(each.clock.incident_id, []).append(each)
    for number, changes in sorted(by_incident.items()):
        incident = lock_incident(number)
        recorder, before = Recorder(at), incident.state
        if repair.policy_version is not None:
            incident.policy_version = repair.policy_version
            doc = policy_doc(repair.policy_version.pk)
            incident.explanation["policy"] = doc.label
            incident.explanation["policy_version"] = repair.policy_version.pk
        for change in changes:
            if change.starts:
                _start_clock(repair, change, incident, recorder, by)
            else:
                _change_clock(repair, change, incident, recorder, by)
        finish(incident, recorder, before=before)


def _start_clock(
    repair: ClockRepair, change: Difference, incident: Incident, recorder: Recorder, by: User
) -> None:
    kind = ClockKind(change.clock.kind)
    clock = clocks.start_clock(incident, kind, started_at=recorder.at, recorder=recorder)
    assert clock is not None  # the list was made from the same policy
    sentence = f"{clock.get_kind_display()} clock starts: due {said(clock)}."
    _tell(repair, clock, sentence, incident, recorder, by)


def _change_clock(
    repair: ClockRepair, change: Difference, incident: Incident, recorder: Recorder, by: User
) -> None:
    clock = Clock.objects.select_for_update().get(pk=change.clock.pk)
    clock.incident = incident
    old = clock.due_at
    clock.is_due_by_hand = clock.is_due_by_hand or repair.kind == RepairKind.DUE
    event = dict(change.event)
    doc = policy_doc(incident.policy_version_id)
    type_ = event.pop("type")
    clocks.log(clock, type_, at=recorder.at, doc=doc, recorded_at=recorder.at, by=by, **event)
    sentence = f"{clock.get_kind_display()} clock: due {word(old)} becomes {said(clock)}."
    _tell(repair, clock, sentence, incident, recorder, by)
    breaches.settle(clock, incident, recorder)


def _tell(
    repair: ClockRepair,
    clock: Clock,
    sentence: str,
    incident: Incident,
    recorder: Recorder,
    by: User,
) -> None:
    recorder.event(
        incident,
        "clock_repaired",
        sentence,
        by=by,
        reason=repair.reason,
        detail={"repair": repair.pk, "asked_by": repair.asked_by.username},
    )
    if incident.commander is not None:
        recorder.notice(
            incident,
            incident.commander,
            NoticeKind.NEWS,
            key=f"repair:{repair.pk}:{clock.kind}",
            headline=f"{clock.get_kind_display()}: the due time changed",
            why="you own this incident.",
            lines=(sentence, repair.reason),
        )
