"""One row of the queue: what it says, and what its reader can do at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Count
from django.urls import reverse

from accounts.models import User
from config.lib.stamps import kept
from config.lib.statements import ask, marks, moment, words
from escalations.models import LadderLevel
from escalations.models.incidents import StateChoice
from escalations.models.ladders import LIVE
from escalations.rules.lifecycle import UNANSWERED, State, Verb
from escalations.selectors.action_words import LABELS
from escalations.selectors.actions import Action, next_verb
from escalations.selectors.clock_words import ClockView, OpenClock, next_clock
from escalations.templatetags.belay import duration, initials, utc


class Queued(NamedTuple):
    """What a row is made of, and what the places of a queue are told by: few of some 70 columns,
    and no objects of models, which cost more than all that is said of them."""

    number: int
    title: str
    severity: int
    needs_severity_check: bool
    state: str
    product_area: str
    segment: str
    score_bp: int
    priority_bp: int
    received_at: datetime
    opened_at: datetime
    next_due_at: datetime | None
    next_late_at: datetime | None
    commander_id: int | None
    accepted_at: datetime | None
    is_paused: bool
    verification: str
    containment_proposed_at: datetime | None
    kpi_id: int | None
    policy_version_id: int
    account_name: str | None
    kpi_code: str | None
    username: str | None
    first_name: str | None
    last_name: str | None
    is_late: int

    @property
    def owner(self) -> str:
        """As a person is called everywhere."""
        return f"{self.first_name or ''} {self.last_name or ''}".strip() or self.username or ""


BESIDE = {"account_name": "account__name", "kpi_code": "kpi__code"} | {
    name: f"commander__{name}" for name in ("username", "first_name", "last_name")
}
READ = tuple(BESIDE.get(name, name) for name in Queued._fields)
CLOCKS = (
    "SELECT id, incident_id, kind, run_state, started_at, due_at, warn_at, breach_after,"
    " breached_at, current_target_s, elapsed_us, awaiting FROM escalations_clock"
    " WHERE run_state IN ('running', 'paused') AND incident_id IN "
)
TIMES = slice(4, 9)
RUNS = (
    "SELECT incident_id, level, ladder FROM escalations_ladderrun"  # noqa: S608
    f" WHERE state IN {words(LIVE)} AND incident_id IN "
)
STATE_WORDS = dict(StateChoice.choices)


@dataclass(frozen=True, slots=True)
class What:
    """The cells that stay the same until somebody changes the incident. All values of a row are
    hashable, so that each part is drawn once for each value (`drawn` in the templates)."""

    number: int
    key: str
    url: str
    title: str
    severity: int
    check_severity: bool
    can: str
    meta: str
    score: str
    score_percent: int
    score_url: str


@dataclass(frozen=True, slots=True)
class Clocked:
    key: str
    clock: ClockView
    due: str


@dataclass(frozen=True, slots=True)
class Standing:
    state: str
    is_paused: bool
    is_stopped_late: bool
    age: str


@dataclass(frozen=True, slots=True)
class Whose:
    key: str
    url: str
    ladder: str
    owner_name: str
    owner_initials: str
    is_accepted: bool
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    can: str
    is_late: bool
    next_clock: ClockView | None
    what: What
    clocked: Clocked | None
    standing: Standing
    whose: Whose


@dataclass(frozen=True, slots=True)
class Around:
    """Clocks and ladders of the rows of a page, by incident."""

    clocks: dict[int, list[OpenClock]]
    ladders: dict[int, str]  # such as "2 of 4"

    @classmethod
    def of(cls, rows: Sequence[Queued]) -> Around:
        """Two queries; one more where a ladder is not known to this process yet."""
        versions = {row.number: row.policy_version_id for row in rows}
        if not versions:
            return cls({}, {})
        clocks: dict[int, list[OpenClock]] = {}
        numbers = list(versions)
        for row in ask(CLOCKS + marks(numbers), numbers):
            if connection.vendor == "sqlite":
                row = (*row[: TIMES.start], *map(moment, row[TIMES]), *row[TIMES.stop :])
            clocks.setdefault(row[1], []).append(OpenClock._make(row))
        runs = ask(RUNS + marks(numbers), numbers)
        tops = kept().many("levels", {(versions[run[0]], run[2]) for run in runs}, _levels)
        said = {n: f"{level} of {tops[versions[n], name] or 0}" for n, level, name in runs}
        return cls(clocks, said)


def _levels(ladders: list[tuple[int, str]]) -> dict[tuple[int, str], int]:
    """How many levels these ladders have, each named by its version and its name."""
    rows = LadderLevel.objects.filter(ladder__version__in={key for key, _ in ladders}, number__gt=0)
    counted = rows.order_by().values_list("ladder__version", "ladder__name")
    return {(key, name): n for key, name, n in counted.annotate(n=Count("pk"))}


def row_of(
    incident: Queued, around: Around, user: User, rights: frozenset[str], at: datetime
) -> Row:
    key, owner = f"INC-{incident.number}", incident.owner
    clock = next_clock(around.clocks.get(incident.number, ()), at)
    url, can = _address("incident", incident.number), _can(incident, user, rights)
    said = (key, incident.account_name, incident.kpi_code, incident.segment, incident.product_area)
    is_late = bool(incident.is_late)
    return Row(
        incident.number,
        can,
        is_late,
        clock,
        What(
            number=incident.number,
            key=key,
            url=url,
            title=incident.title,
            severity=incident.severity,
            check_severity=incident.needs_severity_check,
            can=can,
            meta=" · ".join(word for word in said if word),
            score=f"{incident.score_bp / 100:.2f}",
            score_percent=incident.score_bp // 100,
            score_url=_address("incident-score", incident.number),
        ),
        Clocked(key, clock, utc(clock.due_at, at) if clock.due_at else "") if clock else None,
        Standing(
            STATE_WORDS[incident.state],
            incident.is_paused,
            is_late and bool(clock and clock.status == "paused"),
            duration(at - incident.opened_at),
        ),
        Whose(
            key=key,
            url=url,
            ladder=around.ladders.get(incident.number, ""),
            owner_name=owner,
            owner_initials=initials(owner),
            is_accepted=incident.accepted_at is not None,
            actions=_row_actions(incident, user, rights),
        ),
    )


@lru_cache(maxsize=10_000)  # to find an address by its name costs more than all else of a row
def _address(name: str, *words: int | str) -> str:
    return reverse(name, args=words)


def _can(incident: Queued, user: User, rights: frozenset[str]) -> str:
    """What can be done with several such rows at once."""
    if "respond_incident" not in rights:
        return ""
    words = ["escalate"]
    is_mine = incident.commander_id == user.pk
    if State(incident.state) in UNANSWERED:
        words.append("acknowledge" if is_mine else "claim")
    if is_mine and incident.accepted_at is not None:
        words.append("own")
    return " ".join(words)


def _row_actions(incident: Queued, user: User, rights: frozenset[str]) -> tuple[Action, ...]:
    """The next thing to do, and the way out: asking somebody higher."""
    if "respond_incident" not in rights:
        return ()
    actions = []
    state = State(incident.state)
    if state in UNANSWERED:
        verb = Verb.ACKNOWLEDGE if incident.commander_id == user.pk else Verb.CLAIM
        actions.append(_action(incident, verb, is_primary=True, hint="Stops further paging"))
    elif following := next_verb(incident, user, rights):
        actions.append(_action(incident, following, needs_form=True))
    actions.append(_action(incident, Verb.ESCALATE, needs_form=True))
    return tuple(actions)


KEYS = {
    Verb.CLAIM: "c",
    Verb.ACKNOWLEDGE: "a",
    Verb.ESCALATE: "e",
    Verb.RESOLVE: "r",
}


def _action(incident: Queued, verb: Verb, **more: Any) -> Action:
    url = _address("incident-verb", incident.number, verb.value)
    return Action(verb.value, LABELS[verb], url, KEYS.get(verb, ""), **more)
