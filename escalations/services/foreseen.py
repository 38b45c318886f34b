"""A rehearsal in the words of a dialog: who hears of it, what each clock does, what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from escalations.rules.lifecycle import State, Verb
from escalations.rules.policy import Severity
from escalations.rules.stand_ins import TEXT
from escalations.selectors.delivery_words import CHANNEL_WORDS
from escalations.services.pictures import ClockPicture, Picture, Told
from escalations.services.rehearsals import Rehearsal
from escalations.templatetags.belay import duration, utc

QUIET = frozenset({Verb.NOTE, Verb.LINK, Verb.UNLINK, Verb.TRIAGE, Verb.CLOSE})


@dataclass(frozen=True, slots=True)
class Line:
    icon: str
    text: str


@dataclass(frozen=True, slots=True)
class ClockLine:
    """`change`: moves, pauses, stops, starts or ends."""

    label: str
    now: str
    then: str
    change: str


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the click will do. `refusals` alone where it would be refused."""

    paged: tuple[Line, ...] = ()
    told: tuple[Line, ...] = ()
    clocks: tuple[ClockLine, ...] = ()
    customer_reads: tuple[str, ...] = ()
    written_to: tuple[str, ...] = ()
    then: tuple[Line, ...] = ()
    refusals: tuple[str, ...] = ()


def foreseen(found: Rehearsal) -> Foreseen:
    if found.after is None:
        return Foreseen(refusals=found.refusals)
    clocks = [
        line
        for before, after, prefix in _sides(found)
        for line in _clocks(before, after, found, prefix)
    ]
    return Foreseen(
        paged=tuple(_told(each, found.at) for each in found.told if each.kind == "page"),
        told=tuple(_told(each, found.at) for each in found.told if each.kind != "page"),
        clocks=tuple(clocks),
        customer_reads=_reads(found),
        written_to=found.written_to,
        then=tuple(_then(found, found.after, bool(clocks))),
    )


def _sides(found: Rehearsal) -> list[tuple[Picture, Picture, str]]:
    assert found.after is not None
    sides = [(found.before, found.after, "")]
    if found.other is not None:
        sides.append((*found.other, f"{found.other[0].key}: "))
    return sides


def _told(each: Told, at: datetime) -> Line:
    ways = " and ".join(CHANNEL_WORDS.get(channel, channel) for channel in each.channels)
    when = f", at {utc(each.at, at)} after quiet hours" if each.at > at else ""
    if each.kind == "page":
        return Line("bell-ring", f"{each.name} by {ways}{when}")
    return Line("mail", f"{each.name} by {ways}{when}: {each.headline}")


def _reads(found: Rehearsal) -> tuple[str, ...]:
    stood_in = {"final_update", "text"} & found.assumed
    return tuple(
        text.replace(TEXT, "What you write above.", 1) if stood_in else text
        for text in found.customer_reads
    )


def _clocks(before: Picture, after: Picture, found: Rehearsal, prefix: str) -> list[ClockLine]:
    """Only clocks that the act changes."""
    was = {clock.pk: clock for clock in before.clocks}
    ends = {clock.pk: clock for clock in found.end.clocks} if found.end and not prefix else {}
    lines = []
    for clock in after.clocks:
        old = was.get(clock.pk)
        if old is not None and _standing(old) == _standing(clock):
            continue
        then, change = _fate(old, clock, ends.get(clock.pk), found)
        lines.append(ClockLine(prefix + clock.label, _now(old, found.at), then, change))
    return lines


def _standing(clock: ClockPicture) -> tuple[str, datetime | None]:
    return clock.run_state, clock.due_at if clock.run_state in ("running", "paused") else None


def _now(clock: ClockPicture | None, at: datetime) -> str:
    if clock is None:
        return "not running"
    if clock.run_state == "running":
        return f"due {utc(clock.due_at, at)}" if clock.due_at else "runs"
    return {"paused": "paused", "stopped": "stopped", "cancelled": "ended"}.get(
        clock.run_state, "not running"
    )


def _fate(
    old: ClockPicture | None, new: ClockPicture, end: ClockPicture | None, found: Rehearsal
) -> tuple[str, str]:
    due = f"due {utc(new.due_at, found.at)}" if new.due_at else "never due: its hours end"
    match new.run_state:
        case "stopped":
            return ("stops: kept" if new.outcome == "met" else "stops: late"), "stops"
        case "cancelled":
            return "ends without a result", "ends"
        case "paused" if end is not None and end.due_at and found.ends_at:
            until = utc(found.ends_at, found.at)
            return f"stands still; resumed {until} it is due {utc(end.due_at, found.at)}", "pauses"
        case "paused":
            return f"stands still; {due} if resumed now", "pauses"
    if old is None or old.run_state in ("stopped", "cancelled"):
        return f"{'starts' if old is None else 'goes on'}, {due}", "starts"
    if old.run_state == "paused":
        return f"runs again, {due}", "starts"
    return due + _moved(old.due_at, new.due_at), "moves"


def _moved(old: datetime | None, new: datetime | None) -> str:
    if old is None or new is None or old == new:
        return ""
    word = "earlier" if new < old else "later"
    return f", {duration(abs((new - old).total_seconds()))} {word}"


def _then(found: Rehearsal, after: Picture, has_clocks: bool) -> list[Line]:
    before, at, lines = found.before, found.at, []
    lines += _standing_lines(found, before, after)
    if not has_clocks and before.clocks and found.verb not in QUIET:
        lines.append(Line("clock", "Every clock stays as it is."))
    if found.verb is Verb.PAUSE:
        lines += _running_on(after)
    lines += _handoff_lines(found, before, after)
    lines += _ladder_lines(before, after, at)
    if found.dropped:
        names = ", ".join(found.dropped)
        lines.append(Line("ban", f"Messages that still wait for {names} are not sent."))
    if after.has_review and not before.has_review:
        lines.append(Line("history", "A review opens: what happened, why, and what to change."))
    if not found.told and found.verb in QUIET | {Verb.PAUSE, Verb.RESUME, Verb.SNOOZE}:
        lines.append(Line("mail", "Nobody is sent anything."))
    return lines


def _running_on(after: Picture) -> list[Line]:
    names = [clock.label for clock in after.clocks if clock.run_state == "running"]
    if not names:
        return []
    verb = "run" if len(names) > 1 else "runs"
    return [Line("clock", f"{' and '.join(names)} {verb} on.")]


def _standing_lines(found: Rehearsal, before: Picture, after: Picture) -> list[Line]:
    lines = []
    asks_second = any("second person must ask" in sentence for sentence in found.sentences)
    if asks_second:
        lines.append(Line("user-plus", "Nothing changes until a second person asks for the same."))
    if after.severity != before.severity:
        was, becomes = Severity(before.severity).label, Severity(after.severity).label
        lines.append(Line("scale", f"{was} becomes {becomes}."))
    if after.state != before.state:
        lines.append(Line("circle-dot", f"It is {State(after.state).name.lower()} from then on."))
    if after.owner != before.owner or after.is_accepted != before.is_accepted:
        owner = f"{after.owner} owns it." if after.is_accepted else "It has no owner until claimed."
        lines.append(Line("user-check", owner))
    return lines


def _handoff_lines(found: Rehearsal, before: Picture, after: Picture) -> list[Line]:
    if after.handoff and after.handoff != before.handoff:
        receiver, expires_at = after.handoff
        until = f" until {utc(expires_at, found.at)}" if expires_at else ""
        return [
            Line("user", f"It stays with {before.owner} until {receiver} accepts."),
            Line(
                "timer",
                f"{receiver} may answer{until}; then it goes back and the duty managers hear.",
            ),
        ]
    if before.handoff and not after.handoff and found.verb is not Verb.ACCEPT_HAND_OFF:
        return [Line("rotate-ccw", f"The hand-off to {before.handoff[0]} is off.")]
    return []


def _ladder_lines(before: Picture, after: Picture, at: datetime) -> list[Line]:
    old, new = before.ladder, after.ladder
    if new is None:
        return [Line("bell", "The ladder ends: nobody more is paged.")] if old else []
    if new == old or new.next_at is None:
        is_halted = old and old.state == "active" and new.state == "halted"
        return [Line("check", "The ladder stops paging.")] if is_halted else []
    when = utc(new.next_at, at)
    if new.state == "halted":
        return [Line("timer", f"If its owner is silent until {when}, it pages again.")]
    names = ", ".join(new.next_people)
    if not names:
        return [Line("bell", f"The ladder goes on at {when}.")]
    place = f"level {new.next_level}" if new.next_level else "the fallback"

    return [Line("bell", f"Next at {when}: {place}, {names}, unless somebody answers.")]
