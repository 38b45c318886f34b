"""One incident at an instant, as far as an act may change it: compared before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max

from accounts.models import User
from escalations.models import (
    CustomerLetter,
    Handoff,
    Incident,
    LadderRun,
    Notice,
    PostIncidentReview,
)
from escalations.models.ladders import LIVE, LadderState
from escalations.models.timeline import TimelineEvent, Visibility
from escalations.rules import ladder as rules
from escalations.rules.policy import Severity
from escalations.selectors.ladders import quiet_for, resolver
from escalations.selectors.policies import policy_doc
from escalations.services.ladders import as_rule, ladder_of


@dataclass(frozen=True, slots=True)
class ClockPicture:
    """`due_at` of a paused clock is its due time if it were resumed at the picture's instant."""

    pk: int
    kind: str
    cycle: int
    label: str
    run_state: str
    outcome: str
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class LadderPicture:
    """`next_people` are those whom the next step would page as things stand now."""

    ladder: str
    state: str
    level: int
    next_at: datetime | None
    next_level: int
    next_people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    number: int
    key: str
    severity: int
    state: str
    owner: str
    is_accepted: bool
    clocks: tuple[ClockPicture, ...]
    ladder: LadderPicture | None
    handoff: tuple[str, datetime | None] | None
    has_review: bool
    is_check_asked: bool
    pending: frozenset[int]


@dataclass(frozen=True, slots=True)
class Told:
    """One message to one person by all the ways it takes. `at` is when it leaves."""

    name: str
    kind: str
    headline: str
    channels: tuple[str, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Since:
    """Where the record stood, to know afterwards what an act wrote."""

    notice: int
    event: int
    letter: int


def picture(number: int) -> Picture:
    """A fixed number of queries, but for those who are on call next."""
    incident = Incident.objects.select_related("commander", "policy_version").get(pk=number)
    waiting = Handoff.objects.pending().select_related("to_user", "to_team")
    handoff = waiting.filter(incident=incident).first()
    notices = Notice.objects.pending().filter(incident=incident)
    return Picture(
        number=incident.number,
        key=incident.key,
        severity=incident.severity,
        state=incident.state,
        owner=str(incident.commander) if incident.commander else "",
        is_accepted=incident.accepted_at is not None,
        clocks=tuple(
            ClockPicture(
                row.pk,
                row.kind,
                row.cycle,
                row.get_kind_display(),
                row.run_state,
                row.outcome,
                row.due_at,
            )
            for row in incident.clocks.order_by("pk")
        ),
        ladder=_ladder(incident),
        handoff=(handoff.receiver, handoff.expires_at) if handoff else None,
        has_review=PostIncidentReview.objects.filter(incident=incident).exists(),
        is_check_asked=incident.needs_severity_check,
        pending=frozenset(notices.values_list("pk", flat=True)),
    )


def _ladder(incident: Incident) -> LadderPicture | None:
    run = LadderRun.objects.filter(incident=incident, state__in=LIVE).first()
    if run is None:
        return None
    level, people = _next_step(incident, run)
    return LadderPicture(run.ladder, run.state, run.level, run.next_step_at, level, people)


def _next_step(incident: Incident, run: LadderRun) -> tuple[int, tuple[str, ...]]:
    """The level whose people are paged next, by the very rule that will page them."""
    if run.state != LadderState.ACTIVE or run.next_step_at is None:
        return 0, ()
    doc = policy_doc(incident.policy_version_id)
    quiet = quiet_for(Severity(incident.severity), doc.limits)
    ladder = ladder_of(run, doc)
    _, steps = rules.climb(as_rule(run), ladder, resolver(incident), run.next_step_at, quiet)
    asked = [int(str(person)) for step in steps for person in step.people]
    people = User.objects.in_bulk(asked)
    level = next((step.level for step in steps if step.people), 0)
    return level, tuple(str(people[pk]) for pk in dict.fromkeys(asked) if pk in people)


def since(numbers: Iterable[int]) -> Since:
    numbers = list(numbers)
    notice = Notice.objects.filter(incident__in=numbers).aggregate(last=Max("pk"))["last"]
    event = TimelineEvent.objects.filter(incident__in=numbers).aggregate(last=Max("pk"))["last"]
    letter = CustomerLetter.objects.filter(incident__in=numbers).aggregate(last=Max("pk"))["last"]
    return Since(notice or 0, event or 0, letter or 0)


def told_since(mark: Since, numbers: Iterable[int]) -> tuple[Told, ...]:
    """Who gets a message that is not cancelled, pages first, each person once a message."""
    rows = Notice.objects.filter(
        incident__in=list(numbers), pk__gt=mark.notice, cancelled_at=None
    ).select_related("recipient")
    found: dict[tuple[int, str, str], list[Notice]] = {}
    for row in rows.order_by("pk"):
        headline = _headline(row)
        found.setdefault((row.recipient_id, row.kind, headline), []).append(row)
    told = [
        Told(
            str(same[0].recipient),
            kind,
            headline,
            tuple(dict.fromkeys(row.channel for row in same)),
            same[0].not_before,
        )
        for (_, kind, headline), same in found.items()
    ]
    return tuple(sorted(told, key=lambda each: each.kind != "page"))


def _headline(row: Notice) -> str:
    return row.text.split("\n")[1] if "\n" in row.text else row.subject


def letters_since(mark: Since, number: int) -> tuple[tuple[str, ...], str]:
    """Whom at the customer we write to, and what; the same to each."""
    rows = CustomerLetter.objects.filter(incident=number, pk__gt=mark.letter).order_by("pk")
    found = list(rows)
    return tuple(row.name for row in found), found[0].text if found else ""


def said_since(mark: Since, number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What the customer reads, and the sentences for people here."""
    rows = TimelineEvent.objects.filter(incident=number, pk__gt=mark.event).order_by("seq")
    public: list[str] = []
    internal: list[str] = []
    for row in rows:
        words = public if row.visibility == Visibility.CUSTOMER else internal
        words.append(row.sentence)
    return tuple(public), tuple(internal)
