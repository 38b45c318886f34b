"""Deciding on an incident: said with its reasons, answered by another person, ended by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from accounts.selectors.people import people_who, rights_of
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import Decision, Incident
from escalations.models.decisions import DecisionKind
from escalations.models.notices import NoticeKind
from escalations.selectors.incidents import visible_incident
from escalations.services.locks import lock_incident
from escalations.services.moves import finish
from escalations.services.recorder import Recorder

LONGEST = timedelta(days=90)
MOST_OPTIONS = 10
MOST_ASKED = 20  # people told of one that waits


def decide(
    number: int,
    *,
    kind: str,
    title: str,
    rationale: str,
    options: Sequence[str] = (),
    expires_at: datetime | None = None,
    by: User,
    at: datetime,
) -> Decision:
    """A plain decision stands at once; the others wait for somebody else's yes, and end at
    `expires_at` whether they got it or not.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `unknown_kind`, `no_title`,
    `no_rationale`, `no_options`, `no_expiry`, `bad_expiry`, 409 `not_open`.
    """
    visible_incident(number, by)
    if "respond_incident" not in rights_of(by):
        raise NotAllowed("missing_right", "Only who works incidents decides on them.")
    title, rationale = title.strip()[:200], rationale.strip()
    weighed = [text for option in options if (text := option.strip()[:300])][:MOST_OPTIONS]
    _check(kind, title, rationale, weighed, expires_at, at)
    with transaction.atomic():
        incident = lock_incident(number)
        if not incident.is_open:
            raise Conflict("not_open", f"{incident.key} is {incident.get_state_display().lower()}.")
        last = Decision.objects.filter(incident=incident).order_by("-number").first()
        decision = Decision.objects.create(
            incident=incident,
            number=last.number + 1 if last else 1,
            kind=kind,
            title=title,
            rationale=rationale,
            options=weighed,
            decided_at=at,
            decided_by=by,
            expires_at=expires_at,
            expire_due_at=expires_at,
        )
        recorder = Recorder(at)
        if kind == DecisionKind.PLAIN:
            said, word = f"Decided: {title}.", "decision"
        else:
            said, word = f"Asked for {_named(decision)}: {title}.", "decision_asked"
            _ask_others(decision, incident, recorder, by)
        recorder.event(incident, word, said, by=by, reason=rationale, detail=_weighed(weighed))
        finish(incident, recorder, before=incident.state)
    return decision


def approve_decision(pk: int, *, answer: str = "", by: User, at: datetime) -> Decision:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, `own_request`, 409
    `not_waiting`."""
    return _answer(pk, "approved", answer, by=by, at=at)


def decline_decision(pk: int, *, answer: str, by: User, at: datetime) -> Decision:
    """As `approve_decision`; also 400 `no_reason`."""
    if not answer.strip():
        raise field_error("answer", "no_reason", "Say why it is declined.")
    return _answer(pk, "declined", answer, by=by, at=at)


def withdraw_decision(pk: int, *, answer: str, by: User, at: datetime) -> Decision:
    """Taken back by who made it, or ended early by who may approve.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_reason`, 409 `ended`.
    """
    if not answer.strip():
        raise field_error("answer", "no_reason", "Say why it no longer stands.")
    with transaction.atomic():
        decision, incident = _locked(pk, by)
        is_own = decision.decided_by_id == by.pk
        if not is_own and "approve_decision" not in rights_of(by):
            raise NotAllowed("missing_right", "Who made it, or may approve it, takes it back.")
        if decision.state in ("declined", "withdrawn", "expired"):
            raise Conflict("ended", f"It is {decision.state}.")
        decision.withdrawn_at, decision.withdrawn_by = at, by
        _close(decision, answer)
        said = f"Took back decision {decision.number}: {decision.title}."
        _write(decision, incident, "decision_withdrawn", said, answer, by=by, at=at)
    return decision


def settle_decision(pk: int, at: datetime) -> bool:
    """The sweep's verb: it ends by itself, and the owner and its maker are told."""
    number = Decision.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    decision = Decision.objects.select_for_update(of=("self",)).get(pk=pk)
    if decision.expire_due_at is None or decision.expire_due_at > at:
        return False
    due, was_in_force = decision.expire_due_at, decision.state == "in_force"
    decision.expired_at, decision.expire_due_at = due, None
    decision.save()
    recorder = Recorder(at)
    how = "has ended" if was_in_force else "was never answered and has lapsed"
    said = f"{_named(decision).capitalize()} {how}: {decision.title}."
    recorder.event(incident, "decision_expired", said, at=due)
    if incident.is_open:
        told = {decision.decided_by_id: (decision.decided_by, "you asked for it.")}
        if incident.commander is not None:
            told[incident.commander.pk] = (incident.commander, "you own the incident.")
        for person, why in told.values():
            recorder.notice(
                incident,
                person,
                NoticeKind.WARNING,
                key=f"decision:{decision.number}:expired",
                headline=f"{decision.get_kind_display()} has ended",
                why=why,
                lines=(said, "Decide anew, or go back to what the rules say."),
            )
    finish(incident, recorder, before=incident.state)
    return True


def _check(
    kind: str,
    title: str,
    rationale: str,
    options: Sequence[str],
    expires_at: datetime | None,
    at: datetime,
) -> None:
    if kind not in DecisionKind.values:
        raise field_error("kind", "unknown_kind", f"Use {', '.join(DecisionKind.values)}.")
    if not title:
        raise field_error("title", "no_title", "Say what is decided.")
    if not rationale:
        raise field_error("rationale", "no_rationale", "Say why.")
    if kind == DecisionKind.PLAIN:
        if expires_at is not None:
            raise field_error("expires_at", "bad_expiry", "A plain decision has no end.")
        return
    if len(options) < 2:
        raise field_error("options", "no_options", "Name at least two options that were weighed.")
    if expires_at is None:
        raise field_error("expires_at", "no_expiry", "Say until when it may last.")
    if not at < expires_at <= at + LONGEST:
        raise field_error(
            "expires_at", "bad_expiry", f"It ends later than now, within {LONGEST.days} days."
        )


def _answer(pk: int, word: str, answer: str, *, by: User, at: datetime) -> Decision:
    with transaction.atomic():
        decision, incident = _locked(pk, by)
        if "approve_decision" not in rights_of(by):
            raise NotAllowed("missing_right", "You may not approve decisions.")
        if decision.decided_by_id == by.pk:
            raise NotAllowed("own_request", "Somebody else answers what you asked for.")
        is_due = decision.expires_at is not None and decision.expires_at <= at
        if decision.state != "waiting" or is_due:
            raise Conflict("not_waiting", "It waits for no answer any more.")
        if word == "approved":
            decision.approved_at, decision.approved_by = at, by
            decision.answer = answer.strip()[:500]
            decision.save()
        else:
            decision.declined_at, decision.declined_by = at, by
            _close(decision, answer)
        said = f"{word.capitalize()} {_named(decision)}: {decision.title}."
        _write(decision, incident, f"decision_{word}", said, answer, by=by, at=at)
    return decision


def _locked(pk: int, by: User) -> tuple[Decision, Incident]:
    """Of an incident that this person may see."""
    seen = Decision.objects.filter(incident__in=Incident.objects.visible_to(by), pk=pk)
    number = seen.values_list("incident", flat=True).first()
    if number is None:
        raise DomainError("not_found", "There is no such decision.", status=404)
    incident = lock_incident(number)
    rows = Decision.objects.select_for_update(of=("self",)).select_related("decided_by")
    return rows.get(pk=pk), incident


def _close(decision: Decision, answer: str) -> None:
    decision.answer, decision.expire_due_at = answer.strip()[:500], None
    decision.save()


def _write(
    decision: Decision,
    incident: Incident,
    kind: str,
    said: str,
    answer: str,
    *,
    by: User,
    at: datetime,
) -> None:
    recorder = Recorder(at)
    recorder.event(incident, kind, said, by=by, reason=answer.strip())
    asker = decision.decided_by
    if asker.pk != by.pk and incident.is_open:
        recorder.notice(
            incident,
            asker,
            NoticeKind.NEWS,
            key=f"decision:{decision.number}:{kind}",
            headline=said,
            why="you asked for it.",
            lines=(answer.strip(),) if answer.strip() else (),
        )
    finish(incident, recorder, before=incident.state)


def _ask_others(decision: Decision, incident: Incident, recorder: Recorder, by: User) -> None:
    asked = [person for person in people_who("approve_decision") if person.pk != by.pk]
    for person in asked[:MOST_ASKED]:
        if not Incident.objects.visible_to(person).filter(pk=incident.pk).exists():
            continue
        recorder.notice(
            incident,
            person,
            NoticeKind.NEWS,
            key=f"decision:{decision.number}:asked",
            headline=f"{_named(decision).capitalize()} waits for a yes",
            why="you may approve decisions.",
            lines=(decision.title, decision.rationale),
        )


def _named(decision: Decision) -> str:
    article = "an" if decision.kind == DecisionKind.ACCELERATED_FIX else "a"
    return f"{article} {DecisionKind(decision.kind).label.lower()}"


def _weighed(options: Sequence[str]) -> dict[str, str]:
    return {"options_weighed": "; ".join(options)} if options else {}
