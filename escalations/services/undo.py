"""Taking an act back within ten seconds, where nothing has left the house.

Nothing is deleted: each undo is a change and an event of its own, and clocks get a further line in
their ledger. It is offered only where a rehearsal of it put everything back. The receipt of an act
is signed and holds what was before; the incident's version makes it good for once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.utils.dateparse import parse_datetime

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed
from escalations.models import Incident, LadderRun, Notice, Responder
from escalations.models.incidents import Role
from escalations.models.ladders import LIVE
from escalations.models.notices import PENDING
from escalations.rules.lifecycle import Verb
from escalations.rules.undo import GRACE, UNDO_WITHIN, UNDOABLE
from escalations.selectors.policies import policy_doc
from escalations.services import clocks
from escalations.services.command import make_commander
from escalations.services.course import WAITING
from escalations.services.finishing import finish
from escalations.services.moves import lock, perform
from escalations.services.pictures import Picture, picture, since
from escalations.services.recorder import Recorder
from escalations.services.sorting import take_back_answers

SALT = "belay.undo"
MICRO = timedelta(microseconds=1)
LADDER = ("state", "level", "next_step_at", "snoozed_until", "held_until", "halted_at", "look_at")


@dataclass(frozen=True, slots=True)
class Back:
    """One act being taken back. `done_at` is when it was done, `was` what was before."""

    incident: Incident
    by: User
    done_at: datetime
    was: Mapping[str, Any]
    recorder: Recorder

    @property
    def at(self) -> datetime:
        return self.recorder.at

    def moment(self, name: str) -> datetime | None:
        return parse_datetime(self.was[name]) if self.was.get(name) else None


def act(
    number: int,
    verb: Verb,
    given: Mapping[str, Any],
    *,
    by: User,
    at: datetime,
    expected_version: int | None = None,
) -> tuple[Incident, str]:
    """`perform`, and a receipt to undo it with; an empty one where that would not put everything
    back."""
    if verb not in UNDOABLE:
        done = perform(number, verb, given, by=by, at=at, expected_version=expected_version)
        return done, ""
    with transaction.atomic():
        lock(number, by)
        before, mark, was = picture(number), since([number]), _was(number)
        done = perform(number, verb, given, by=by, at=at, expected_version=expected_version)
        receipt = {
            "number": number,
            "verb": verb.value,
            "version": done.version,
            "by": by.pk,
            "at": at.isoformat(),
            "notice": mark.notice,
            "was": was,
        }
        is_clean = _is_clean(receipt, before, by=by, at=at)
    return done, signing.dumps(receipt, salt=SALT, compress=True) if is_clean else ""


def undo(token: str, *, by: User, at: datetime) -> Incident:
    """Raises DomainError 400 `bad_receipt`, 403 `not_yours`, 409 `undo_too_late`,
    `undo_moved_on`, `undo_already_sent`."""
    try:
        receipt = signing.loads(token, salt=SALT)
    except signing.BadSignature as error:
        raise DomainError("bad_receipt", "This undo is not one of ours.") from error
    if receipt["by"] != by.pk:
        raise NotAllowed("not_yours", "Only whoever did it takes it back.")
    done_at = datetime.fromisoformat(receipt["at"])
    if at - done_at > UNDO_WITHIN + GRACE:
        raise Conflict("undo_too_late", "Ten seconds are over: it stands.")
    with transaction.atomic():
        return _take_back(receipt, by=by, at=at)


def _take_back(receipt: Mapping[str, Any], *, by: User, at: datetime) -> Incident:
    number, verb = receipt["number"], Verb(receipt["verb"])
    incident = lock(number, by)
    if incident.version != receipt["version"]:
        raise Conflict("undo_moved_on", f"{incident.key} moved on meanwhile: it stands.")
    new = Notice.objects.filter(incident=incident, pk__gt=receipt["notice"])
    held = new.filter(PENDING, leased_until=None, attempts=0).update(cancelled_at=at)
    if held < new.exclude(cancelled_at__lt=at).count():
        raise Conflict("undo_already_sent", "Somebody was told already: it stands.")
    recorder, before = Recorder(at), incident.state
    done_at = datetime.fromisoformat(receipt["at"])
    incident._history_user = by
    INVERSES[verb](Back(incident, by, done_at, receipt["was"], recorder))
    recorder.event(
        incident,
        "undone",
        f"{by} took it back: {verb.value.replace('-', ' ')}.",
        by=by,
        detail={"verb": verb.value, "undone_at": done_at.isoformat()},
    )
    finish(incident, recorder, before=before)
    return incident


def _is_clean(receipt: Mapping[str, Any], before: Picture, *, by: User, at: datetime) -> bool:
    """Does taking it back leave everything as it was? Tried out and rolled back."""
    with transaction.atomic():
        try:
            _take_back(receipt, by=by, at=at + 2 * MICRO)
            return _bare(picture(receipt["number"])) == _bare(before)
        except DomainError:
            return False
        finally:
            transaction.set_rollback(True)


def _bare(found: Picture) -> Picture:
    """Where a wait projects to moves with each look at it."""
    clocks_ = tuple(
        replace(clock, due_at=None) if clock.run_state == "paused" else clock
        for clock in found.clocks
    )
    return replace(found, clocks=clocks_)


def _was(number: int) -> dict[str, Any]:
    """What an undo needs to know of before."""
    incident = Incident.objects.get(pk=number)
    run = LadderRun.objects.filter(incident=number, state__in=LIVE).first()
    waits = incident.clocks.filter(run_state="paused")
    return {
        "severity": incident.severity,
        "check": incident.needs_severity_check,
        "state": incident.state,
        "category": incident.category,
        "sorting": [incident.sorting_confidence, incident.explanation.get("category")],
        "team": incident.team_id,
        "commander": incident.commander_id,
        "accepted_at": _text(incident.accepted_at),
        "why": {name: incident.explanation.get(name, "") for name in ("why_severity", "why_owner")},
        "waits": {str(row.pk): [row.awaiting, _text(row.check_at), _reason(row)] for row in waits},
        "ladder": run and {name: _text(getattr(run, name)) for name in LADDER},
    }


def _text(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _reason(clock: Any) -> str:
    last = clock.events.filter(type="pause").order_by("-seq").first()
    return last.reason if last else "customer_wait"


# --- the inverses ---------------------------------------------------------------------------------
def _unpause(back: Back) -> None:
    """The wait ends where it began: nothing was paused."""
    doc = policy_doc(back.incident.policy_version_id)
    for clock in clocks.live_clocks(back.incident, *WAITING):
        if clock.run_state == "paused" and clock.paused_since == back.done_at:
            _log(back, clock, "resume", at=back.done_at, doc=doc)


def _pause_again(back: Back) -> None:
    doc = policy_doc(back.incident.policy_version_id)
    for clock in clocks.live_clocks(back.incident, *WAITING):
        if wait := back.was["waits"].get(str(clock.pk)):
            awaiting, check_at, reason = wait
            clock.awaiting = awaiting
            clock.check_at = clock.chase_at = parse_datetime(check_at) if check_at else None
            _log(back, clock, "pause", at=back.done_at + MICRO, doc=doc, reason=reason)


def _log(back: Back, clock: Any, type_: str, **more: Any) -> None:
    clocks.log(clock, type_, recorded_at=back.at, by=back.by, **more)


def _old_severity(back: Back) -> None:
    incident = back.incident
    incident.severity, incident.needs_severity_check = back.was["severity"], back.was["check"]
    incident.explanation["why_severity"] = back.was["why"]["why_severity"]
    clocks.retarget_clocks(incident, is_raise=False, by=back.by, recorder=back.recorder)


def _old_place(back: Back) -> None:
    incident = back.incident
    if incident.severity != back.was["severity"]:
        _old_severity(back)
    incident.state, incident.category = back.was["state"], back.was["category"]
    take_back_answers(incident, at=back.at)
    incident.sorting_confidence, sorted_as = back.was["sorting"]
    if sorted_as is not None:
        incident.explanation["category"] = sorted_as
    incident.team_id, incident.needs_severity_check = back.was["team"], back.was["check"]


def _old_owner(back: Back) -> None:
    """Of a take-over: whoever had it has it again."""
    incident, former = back.incident, back.was["commander"]
    accepted_at = back.moment("accepted_at")
    if former is None or accepted_at is None:
        raise Conflict("undo_moved_on", "The answer stands.")  # it stopped the response clock
    make_commander(incident, User.objects.get(pk=former), at=back.at, why="taking it")
    mine = Responder.objects.filter(incident=incident, user=back.by, ended_at=None)
    mine.filter(role=Role.BACKUP, assigned_at=back.at).update(ended_at=back.at)
    incident.accepted_at = accepted_at
    incident.explanation["why_owner"] = back.was["why"]["why_owner"]


def _old_ladder(back: Back) -> None:
    run = LadderRun.objects.select_for_update().get(incident=back.incident, state__in=LIVE)
    for name in LADDER:
        value = back.was["ladder"][name]
        setattr(run, name, parse_datetime(value) if value and name not in LADDER[:2] else value)
    run.save()


def _note_back(back: Back) -> None:
    """The note stays in the record; its event says that it was taken back."""


INVERSES: dict[Verb, Callable[[Back], None]] = {
    Verb.CLAIM: _old_owner,
    Verb.TRIAGE: _old_place,
    Verb.PAUSE: _unpause,
    Verb.RESUME: _pause_again,
    Verb.SET_SEVERITY: _old_severity,
    Verb.SNOOZE: _old_ladder,
    Verb.HOLD_LADDER: _old_ladder,
    Verb.NOTE: _note_back,
}
