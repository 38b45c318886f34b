"""The queue, as the page shows it. Ten queries with the reader's session and rights, whatever
the filter and the number of rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.db.models import Case, Count, F, Max, OuterRef, Prefetch, Q, QuerySet, Subquery, When
from django.urls import reverse

from accounts.models import User
from accounts.selectors.people import rights_of
from escalations.models import Clock, Incident, LadderLevel, LadderRun
from escalations.models.ladders import LIVE
from escalations.rules.lifecycle import UNANSWERED, State, Verb
from escalations.selectors.action_words import LABELS
from escalations.selectors.actions import Action, next_verb
from escalations.selectors.clock_words import ClockView, next_clock
from escalations.selectors.incidents import found_by
from escalations.templatetags.belay import duration, initials

if TYPE_CHECKING:
    from typing import TypedDict

    from django_stubs_ext import WithAnnotations

    class _IsLate(TypedDict):
        is_late: Any

    Queued = WithAnnotations[Incident, _IsLate]

PAGE = 50
LAST_PAGE = 1000
CAP = 1000
SOON = timedelta(minutes=30)
# Total and the same every time (SEMANTICS 4.1).
ORDER = (
    "-is_late",
    F("severity").asc(),
    F("next_due_at").asc(nulls_last=True),
    F("score_bp").desc(),
    F("priority_bp").desc(),
    F("received_at").asc(),
    F("number").asc(),
)
SEVERITIES = (("", "Any severity"), ("1", "S1"), ("2", "S2"), ("3", "S3"), ("4", "S4"))
OWNERS = (("", "Any owner"), ("me", "Me"), ("none", "No owner"))
CLOCKS = (
    ("", "Any clock"),
    ("late", "Late"),
    ("at_risk", "At risk"),
    ("due", "Due in 30 min"),
    ("paused", "Paused"),
)
VIEWS = (
    ("", "All open"),
    ("mine", "Mine"),
    ("no-owner", "No owner"),
    ("due", "Due in 30 min"),
    ("paused", "Paused"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, with everything unknown dropped."""

    view: str = ""
    q: str = ""
    severity: str = ""
    owner: str = ""
    clock: str = ""
    page: int = 1

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        def one_of(name: str, choices: tuple[tuple[str, str], ...]) -> str:
            value = given.get(name, "")
            return value if value in dict(choices) else ""

        page = given.get("page", "")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        return cls(
            view=one_of("view", VIEWS),
            q=given.get("q", "").replace("\x00", "").strip()[:200],
            severity=one_of("severity", SEVERITIES),
            owner=one_of("owner", OWNERS),
            clock=one_of("clock", CLOCKS),
            page=min(max(number, 1), LAST_PAGE),
        )

    def url(self, at: str = "queue", **changed: Any) -> str:
        names = ("view", "q", "severity", "owner", "clock")
        kept = {name: getattr(self, name) for name in names} | {"page": self.page} | changed
        if kept["page"] == 1:
            kept.pop("page")
        query = urlencode({name: value for name, value in kept.items() if value})
        return reverse(at) + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class Tile:
    count: int
    url: str
    is_active: bool = False
    is_capped: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    late: Tile
    at_risk: Tile
    no_owner: Tile
    open: Tile


@dataclass(frozen=True, slots=True)
class View:
    label: str
    count: str
    url: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Filters:
    q: str
    severity: list[tuple[str, str, bool]]
    owner: list[tuple[str, str, bool]]
    clock: list[tuple[str, str, bool]]


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    remove_url: str


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
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class QueuePage:
    title: str
    url: str
    view: str
    tiles: Tiles
    views: tuple[View, ...]
    filters: Filters
    chips: tuple[Chip, ...]
    rows: tuple[Row, ...]
    next_url: str
    prev_url: str
    total: str
    version: str
    poll_url: str
    sort_words: str
    empty: str


def open_to(user: User) -> QuerySet[Incident]:
    return Incident.objects.visible_to(user).real().open()


def _conditions(user: User, at: datetime) -> dict[str, Q]:
    late = Q(has_missed=True) | Q(next_late_at__lte=at)
    return {
        "late": late,
        "at_risk": ~late & Q(next_late_at__gt=at, next_warn_at__lte=at),
        "none": Q(accepted_at=None),
        "me": Q(commander=user),
        "due": Q(next_due_at__gt=at, next_due_at__lte=at + SOON),
        "paused": Q(is_paused=True),
    }


def _wanted(rows: QuerySet[Incident], asked: Asked, conditions: dict[str, Q]) -> QuerySet[Incident]:
    view = {"mine": "me", "no-owner": "none"}.get(asked.view, asked.view)
    for name in filter(None, (view, asked.owner, asked.clock)):
        rows = rows.filter(conditions[name])
    if asked.severity:
        rows = rows.filter(severity=int(asked.severity))
    return rows.filter(found_by(asked.q)) if asked.q else rows


def queue_version(user: User) -> str:
    """Changes with every change of what this reader may see. One query and the rights."""
    found = open_to(user).aggregate(n=Count("number"), last=Max("updated_at"))
    return _version(found["n"], found["last"])


def _version(count: int, last: datetime | None) -> str:
    return f"{count}-{last.timestamp():.6f}" if last else "0"


def queue(user: User, asked: Asked, at: datetime) -> QueuePage:
    conditions = _conditions(user, at)
    visible = open_to(user)
    counts = visible.aggregate(
        open=Count("number"),
        last=Max("updated_at"),
        **{f"n_{name}": Count("number", filter=each) for name, each in conditions.items()},
    )
    late = Case(When(conditions["late"], then=1), default=0)
    wanted = _wanted(visible, asked, conditions)
    total = wanted.order_by()[: CAP + 1].count()
    start = (asked.page - 1) * PAGE
    found = list(_with_surroundings(wanted.annotate(is_late=late))[start : start + PAGE + 1])
    rights = rights_of(user)
    return QueuePage(
        title="Queue",
        url=reverse("queue"),
        view=asked.view,
        tiles=_tiles(counts, asked),
        views=_views(counts, asked),
        filters=_filters(asked),
        chips=_chips(asked),
        rows=tuple(_row(each, user, rights, at) for each in found[:PAGE]),
        next_url=asked.url(page=asked.page + 1) if len(found) > PAGE else "",
        prev_url=asked.url(page=asked.page - 1) if asked.page > 1 else "",
        total=_capped(total),
        version=_version(counts["open"], counts["last"]),
        poll_url=asked.url("queue-rows"),
        sort_words="late first, then severity, then next deadline",
        empty=_empty(asked),
    )


def _with_surroundings(rows: QuerySet[Queued]) -> QuerySet[Queued]:
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
    runs = LadderRun.objects.filter(state__in=LIVE).annotate(levels=Subquery(levels))
    return (
        rows.select_related("account", "kpi", "commander")
        .defer("body", "explanation")
        .prefetch_related(
            Prefetch("clocks", Clock.objects.filter(run_state__in=("running", "paused"))),
            Prefetch("ladder_runs", runs),
        )
        .order_by(*ORDER)
    )


def _capped(count: int) -> str:
    return f"{CAP:,}+" if count > CAP else f"{count}"


def _tiles(counts: dict[str, Any], asked: Asked) -> Tiles:
    def tile(count: int, target: Asked) -> Tile:
        return Tile(count, target.url(), asked == target, count > CAP)

    return Tiles(
        late=tile(counts["n_late"], Asked(clock="late")),
        at_risk=tile(counts["n_at_risk"], Asked(clock="at_risk")),
        no_owner=tile(counts["n_none"], Asked(owner="none")),
        open=tile(counts["open"], Asked()),
    )


def _views(counts: dict[str, Any], asked: Asked) -> tuple[View, ...]:
    names = {"": "open", "mine": "n_me", "no-owner": "n_none", "due": "n_due", "paused": "n_paused"}
    return tuple(
        View(label, _capped(counts[names[code]]), Asked(view=code).url(), asked.view == code)
        for code, label in VIEWS
    )


def _filters(asked: Asked) -> Filters:
    def marked(choices: tuple[tuple[str, str], ...], chosen: str) -> list[tuple[str, str, bool]]:
        return [(value, label, value == chosen) for value, label in choices]

    return Filters(
        asked.q,
        marked(SEVERITIES, asked.severity),
        marked(OWNERS, asked.owner),
        marked(CLOCKS, asked.clock),
    )


def _chips(asked: Asked) -> tuple[Chip, ...]:
    words = {
        "q": f"“{asked.q}”",
        "severity": f"Severity S{asked.severity}",
        "owner": f"Owner: {dict(OWNERS)[asked.owner].lower()}",
        "clock": f"Clock: {dict(CLOCKS)[asked.clock].lower()}",
    }
    return tuple(
        Chip(label, asked.url(page=1, **{name: ""}))
        for name, label in words.items()
        if getattr(asked, name)
    )


def _empty(asked: Asked) -> str:
    if _chips(asked):
        return "No open incident fits these filters."
    return {
        "": "Nothing is open.",
        "mine": "You have no open incident.",
        "no-owner": "Every open incident has an owner.",
        "due": "No deadline in the next 30 minutes.",
        "paused": "Nothing waits for somebody else.",
    }[asked.view]


def _row(incident: Queued, user: User, rights: frozenset[str], at: datetime) -> Row:
    url = reverse("incident", args=[incident.number])
    run: Any = next(iter(incident.ladder_runs.all()), None)  # with its number of levels
    owner = str(incident.commander) if incident.commander else ""
    clock = next_clock(incident.clocks.all(), at)
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
        actions=_row_actions(incident, user, rights),
    )


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
