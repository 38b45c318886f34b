"""One row of the queue: what it says, and what its reader can do at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Count, OuterRef, Subquery
from django.urls import reverse

from accounts.models import User
from escalations.models import Clock, Incident, LadderLevel, LadderRun
from escalations.models.ladders import LIVE
from escalations.rules.lifecycle import UNANSWERED, State, Verb
from escalations.selectors.action_words import LABELS
from escalations.selectors.actions import Action, next_verb
from escalations.selectors.clock_words import ClockView, next_clock
from escalations.templatetags.belay import duration, initials

if TYPE_CHECKING:
    from typing import TypedDict

    from django_stubs_ext import WithAnnotations

    class _IsLate(TypedDict):
        is_late: Any

    Queued = WithAnnotations[Incident, _IsLate]


# What rows are made of, and what the places of a queue are told by: few of some 70 columns.
READ = (
    *("number", "title", "severity", "needs_severity_check", "state", "product_area", "segment"),
    *("score_bp", "priority_bp", "received_at", "opened_at", "next_due_at", "next_late_at"),
    *("commander_id", "accepted_at", "is_paused", "verification", "containment_proposed_at"),
    *("account__name", "kpi__code"),
    *("commander__username", "commander__first_name", "commander__last_name"),
)
OF_CLOCK = (
    *("incident_id", "kind", "run_state", "outcome", "started_at", "due_at", "warn_at"),
    *("breach_after", "breached_at", "current_target_s", "elapsed_us", "awaiting"),
)


@dataclass(frozen=True, slots=True)
class Row:
    number: int
    key: str
    url: str
    title: str
    severity: int
    check_severity: bool
    state: str
    account_name: str
    product_area: str
    kpi_code: str
    segment: str
    score: str
    score_percent: int
    score_url: str
    next_clock: ClockView | None
    age: str
    opened_at: datetime
    ladder: str
    owner_name: str
    owner_initials: str
    is_accepted: bool
    is_late: bool
    is_paused: bool
    is_stopped_late: bool
    can: str
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Around:
    """Clocks and ladders of the rows of a page, by incident. Read by hand: Django's prefetching
    makes a manager and a query for each row, which costs more than both statements."""

    clocks: dict[int, list[Clock]]
    runs: dict[int, Any]  # each with its number of levels

    @classmethod
    def of(cls, rows: Sequence[Incident]) -> Around:
        """Two queries."""
        numbers = [row.pk for row in rows]
        if not numbers:
            return cls({}, {})
        clocks: dict[int, list[Clock]] = {}
        live = Clock.objects.filter(incident__in=numbers, run_state__in=("running", "paused"))
        for clock in live.only(*OF_CLOCK):
            clocks.setdefault(clock.incident_id, []).append(clock)
        levels = (
            LadderLevel.objects.filter(
                ladder__version=OuterRef("incident__policy_version"),
                ladder__name=OuterRef("ladder"),
                number__gt=0,
            )
            .order_by()
            .values("ladder")
            .annotate(n=Count("pk"))
            .values("n")
        )
        runs = LadderRun.objects.filter(incident__in=numbers, state__in=LIVE).only(
            "incident_id", "level"
        )
        found = runs.annotate(levels=Subquery(levels))
        return cls(clocks, {run.incident_id: run for run in found})


def row_of(
    incident: Queued, around: Around, user: User, rights: frozenset[str], at: datetime
) -> Row:
    url = reverse("incident", args=[incident.number])
    run = around.runs.get(incident.pk)
    owner = str(incident.commander) if incident.commander else ""
    clock = next_clock(around.clocks.get(incident.pk, ()), at)
    return Row(
        number=incident.number,
        key=incident.key,
        url=url,
        title=incident.title,
        severity=incident.severity,
        check_severity=incident.needs_severity_check,
        state=incident.get_state_display(),
        account_name=incident.account.name if incident.account else "",
        product_area=incident.product_area,
        kpi_code=incident.kpi.code if incident.kpi else "",
        segment=incident.segment,
        score=f"{incident.score_bp / 100:.2f}",
        score_percent=incident.score_bp // 100,
        score_url=reverse("incident-score", args=[incident.number]),
        next_clock=clock,
        age=duration(at - incident.opened_at),
        opened_at=incident.opened_at,
        ladder=f"{run.level} of {run.levels or 0}" if run else "",
        owner_name=owner,
        owner_initials=initials(owner),
        is_accepted=incident.accepted_at is not None,
        is_late=bool(incident.is_late),
        is_paused=incident.is_paused,
        is_stopped_late=bool(incident.is_late) and bool(clock and clock.status == "paused"),
        can=_can(incident, user, rights),
        actions=_row_actions(incident, user, rights),
    )


def _can(incident: Incident, user: User, rights: frozenset[str]) -> str:
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


def _row_actions(incident: Incident, user: User, rights: frozenset[str]) -> tuple[Action, ...]:
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


def _action(incident: Incident, verb: Verb, **more: Any) -> Action:
    url = reverse("incident-verb", args=[incident.number, verb.value])
    return Action(verb.value, LABELS[verb], url, KEYS.get(verb, ""), **more)
