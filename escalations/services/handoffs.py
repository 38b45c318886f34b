"""Passing an incident on (SEMANTICS 2.5): asked with a packet, accepted or not, never lost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Max

from accounts.models import Membership, Team, User
from accounts.selectors.people import rights_of
from config.lib.errors import field_error
from escalations.models import Clock, Handoff, Incident
from escalations.models.notices import NoticeKind
from escalations.rules.handoffs import KEEP_OWNER, Holder, answer_within, is_return
from escalations.rules.lifecycle import UNANSWERED, State
from escalations.rules.metrics import Handoffs
from escalations.rules.policy import ClockKind, Severity
from escalations.selectors.duty import duty_managers
from escalations.selectors.routing import candidates
from escalations.services import clocks, ladders, notices
from escalations.services.change import Change
from escalations.services.command import drop_handoff, make_commander, time_team

PACKET = ("summary", "status", "risks", "next_step", "next_step_due_at")


def hand_off(change: Change) -> None:
    incident = change.incident
    person = _worker("to_person", change.given("to_person"), incident)
    team = _team(change.given("to_team"))
    _refuse_no_change(incident, person, team)
    wait = answer_within(Severity(incident.severity))
    last = incident.handoffs.aggregate(last=Max("number"))["last"] or 0
    handoff = Handoff.objects.create(
        incident=incident,
        number=last + 1,
        from_user=incident.commander or change.by,
        from_team=incident.team,
        to_user=person,
        to_team=team,
        next_step_owner=_named("next_step_owner", change.given("next_step_owner"), incident),
        waits=_open_waits(incident),
        asked_at=change.at,
        expires_at=change.at + wait,
        drill_id=incident.drill_id,
        **{name: change.given(name) for name in PACKET},
    )
    minutes = int(wait.total_seconds() // 60)
    change.event(
        "handoff_asked",
        f"{handoff.receiver} is asked to take it over within {minutes} min.",
        reason=handoff.summary,
        detail={"next step": handoff.next_step, "risks": handoff.risks},
    )
    for receiver in _receivers(handoff, change.at):
        change.recorder.notice(
            incident,
            receiver,
            NoticeKind.ASSIGNED,
            key=f"handoff:{handoff.number}",
            headline="Please accept a hand-off",
            why=f"{change.by} offers you this incident.",
            lines=(
                f"Status: {handoff.status}",
                f"Risks: {handoff.risks}",
                f"Next step: {handoff.next_step}, {handoff.next_step_owner} until "
                f"{handoff.next_step_due_at:%d %b %H:%M} UTC",
                f"Answer until {handoff.expires_at:%d %b %H:%M} UTC.",
            ),
        )


def accept_hand_off(change: Change) -> None:
    incident, by, at = change.incident, change.by, change.at
    handoff = _pending(incident)
    before = _holders(incident, handoff)
    is_new_team = handoff.to_team is not None and handoff.to_team_id != incident.team_id
    if handoff.to_team is not None:
        incident.team = handoff.to_team
    handoff.accepted_at, handoff.accepted_by, handoff.expires_at = at, by, None
    handoff.is_return = is_return(before, Holder(by.pk, incident.team_id))
    handoff.save()
    make_commander(incident, by, at=at, why=f"taking it over from {handoff.from_user}")
    change.event(
        "handed_off",
        f"{by} took it over from {handoff.from_user}"
        + (f" for {incident.team}." if is_new_team else "."),
        detail={"number": handoff.number, "is_return": handoff.is_return},
    )
    change.recorder.notice(
        incident,
        handoff.from_user,
        NoticeKind.NEWS,
        key=f"handoff:{handoff.number}:accepted",
        headline="Your hand-off was accepted",
        why=f"{by} owns it now.",
    )
    time_team(incident, change.recorder, by=by, is_new_team=is_new_team)
    ladders.halt_run(incident, by=by, recorder=change.recorder)
    notices.cancel_pending(incident, at=at, kinds=[NoticeKind.PAGE])
    _judge_ping_pong(change)


def decline_hand_off(change: Change) -> None:
    handoff = _pending(change.incident)
    handoff.declined_at, handoff.declined_by = change.at, change.by
    _goes_back(change, handoff, f"{change.by} declined the hand-off.")


def withdraw_hand_off(change: Change) -> None:
    handoff = _pending(change.incident)
    handoff.withdrawn_at, handoff.withdrawn_by = change.at, change.by
    _goes_back(change, handoff, f"{change.by} withdrew the hand-off.")


def _goes_back(change: Change, handoff: Handoff, sentence: str) -> None:
    handoff.expires_at, handoff.reason = None, change.given("reason") or ""
    handoff.save()
    change.event("handoff_returned", sentence, reason=handoff.reason)
    if handoff.from_user_id != change.by.pk:
        change.recorder.notice(
            change.incident,
            handoff.from_user,
            NoticeKind.NEWS,
            key=f"handoff:{handoff.number}:back",
            headline="Your hand-off came back",
            why="you own it still.",
            lines=(sentence, handoff.reason) if handoff.reason else (sentence,),
        )


def name_owner(change: Change) -> None:
    """A duty manager's word: it is theirs, and stays so for two hours."""
    incident, at = change.incident, change.at
    person = _worker("person", change.given("person"), incident)
    assert person is not None  # a guard asked for the name
    drop_handoff(incident, change.recorder, reason="a duty manager named the owner")
    make_commander(incident, person, at=at, why=f"being named by {change.by}")
    if incident.acknowledged_at is None:
        incident.acknowledged_at, incident.acknowledged_by = at, change.by
    incident.state = State.ACKNOWLEDGED if incident.state in UNANSWERED else incident.state
    incident.ping_pong_at, incident.keep_owner_until = None, at + KEEP_OWNER
    change.event(
        "owner_named",
        f"{change.by} named {person}: it stays there until {incident.keep_owner_until:%H:%M} UTC.",
        reason=change.given("reason"),
    )
    clocks.stop_clocks(incident, ClockKind.RESPONSE, at=at, by=change.by, recorder=change.recorder)
    time_team(incident, change.recorder, by=change.by)
    ladders.halt_run(incident, by=change.by, recorder=change.recorder)
    notices.cancel_pending(incident, at=at, kinds=[NoticeKind.PAGE])
    change.recorder.notice(
        incident,
        person,
        NoticeKind.ASSIGNED,
        key=f"named:{incident.version}",
        headline="You own this now",
        why=f"{change.by} named you; it cannot be handed off for two hours.",
    )


def counted(incident: Incident, since: datetime | None = None) -> Handoffs:
    """Accepted hand-offs and returns, of all its life or since an instant. One query."""
    rows = incident.handoffs.accepted()
    if since is not None:
        rows = rows.filter(accepted_at__gt=since)
    returns = list(rows.values_list("is_return", flat=True))
    return Handoffs(len(returns), sum(returns))


def _judge_ping_pong(change: Change) -> None:
    """Sent to and fro: from here on a duty manager decides. Naming an owner starts a new count."""
    incident = change.incident
    named = incident.keep_owner_until
    found = counted(incident, named - KEEP_OWNER if named else None)
    if not found.is_ping_pong or incident.ping_pong_at is not None:
        return
    incident.ping_pong_at = change.at
    said = f"{found.handoffs} hand-offs, {found.returns} of them returns"
    change.recorder.event(
        incident, "ping_pong", "Sent to and fro: a duty manager names who keeps it.", reason=said
    )
    for person in duty_managers():
        change.recorder.notice(
            incident,
            person,
            NoticeKind.PAGE,
            key=f"ping-pong:{incident.version}",
            headline="Name who keeps this",
            why=f"you are a duty manager and it was sent to and fro: {said}.",
        )


def _holders(incident: Incident, pending: Handoff) -> list[Holder]:
    """Everyone who had it so far, oldest first: the sender of each hand-off, then the present."""
    rows = incident.handoffs.accepted().order_by("accepted_at", "pk")
    found = [Holder(row.from_user_id, row.from_team_id) for row in rows]
    return [*found, Holder(incident.commander_id or pending.from_user_id, incident.team_id)]


def _pending(incident: Incident) -> Handoff:
    return (
        Handoff.objects.pending()
        .select_for_update(of=("self",))
        .select_related("from_user", "to_user", "to_team")
        .get(incident=incident)
    )


def _open_waits(incident: Incident) -> list[dict[str, str | None]]:
    rows = Clock.objects.filter(incident=incident, run_state="paused").order_by("pk")
    return [
        {
            "clock": row.kind,
            "awaiting": row.awaiting,
            "since": row.paused_since.isoformat() if row.paused_since else None,
            "next_check_at": row.check_at.isoformat() if row.check_at else None,
        }
        for row in rows
    ]


def _receivers(handoff: Handoff, at: datetime) -> Iterable[User]:
    """The person; of a team, whoever is on call, else every member."""
    if handoff.to_user is not None:
        return [handoff.to_user]
    assert handoff.to_team_id is not None
    on_call = [candidate.person for candidate in candidates(handoff.to_team_id, at)]
    if not on_call:
        members = Membership.objects.current(at).filter(team=handoff.to_team_id)
        on_call = list(members.values_list("user_id", flat=True))
    return User.objects.filter(pk__in=on_call).order_by("pk")


def _named(field: str, username: str | None, incident: Incident) -> User:
    person = _worker(field, username, incident)
    if person is None:
        raise field_error(field, "required", "Name who does the next step.")
    return person


def _worker(field: str, username: str | None, incident: Incident) -> User | None:
    """Somebody who can work incidents and be reached."""
    if not username:
        return None
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise field_error(field, "unknown_person", f"There is no {username!r} who works here.")
    if not person.is_reachable or "respond_incident" not in rights_of(person):
        raise field_error(
            field, "cannot_respond", f"{person} cannot work incidents, or cannot be reached."
        )
    return person


def _team(code: str | None) -> Team | None:
    if not code:
        return None
    team = Team.objects.filter(code=code).first()
    if team is None:
        raise field_error("to_team", "unknown_team", "There is no team with this code.")
    return team


def _refuse_no_change(incident: Incident, person: User | None, team: Team | None) -> None:
    is_same_team = team is None or team.pk == incident.team_id
    if person is not None and person.pk == incident.commander_id and is_same_team:
        raise field_error("to_person", "owns_it_already", f"{person} owns it already.")
    if person is None and is_same_team:
        raise field_error("to_team", "owns_it_already", f"{team} owns it already: name a person.")
