"""What one person has before them: what they own, when they are on call, what waits for their
word, and how much it was. Twenty-eight queries with the session and rights, however much it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, F, Q
from django.urls import reverse

from accounts.models import Membership, Roster, User
from accounts.rules.zones import zone_named
from accounts.selectors.rosters import person_id, plans
from escalations.models import (
    ActionItem,
    Clock,
    Handoff,
    Incident,
    Kpi,
    KpiState,
    Notice,
    PostIncidentReview,
)
from escalations.models.notices import NoticeKind
from escalations.rules.action_items import UNDONE
from escalations.rules.thresholds import KpiStateName
from escalations.selectors.clock_words import ClockView, next_clock
from escalations.selectors.kpi_list import StateView
from escalations.selectors.meetings import MeetingRow, meetings_ahead
from escalations.selectors.pauses import PausedShare, share_words, shares

AHEAD, BACK = timedelta(days=7), timedelta(days=7)
SHOWN = 50


@dataclass(frozen=True, slots=True)
class OwnedRow:
    incident: Incident
    url: str
    clock: ClockView | None
    is_accepted: bool


@dataclass(frozen=True, slots=True)
class DutyRow:
    roster: str
    url: str
    start: datetime
    end: datetime
    is_now: bool


@dataclass(frozen=True, slots=True)
class HandoffRow:
    handoff: Handoff
    url: str


@dataclass(frozen=True, slots=True)
class DueRow:
    """A review or an action. `due_on` is a day, `due_at` an instant; one of them is given."""

    what: str
    title: str
    url: str
    due_on: date | None
    due_at: datetime | None
    is_late: bool


@dataclass(frozen=True, slots=True)
class KpiRow:
    kpi: Kpi
    state: StateView
    url: str


@dataclass(frozen=True, slots=True)
class MyLoad:
    """Of seven days back, and ahead."""

    open_count: int
    late_count: int
    pages: int
    night_pages: int
    hours_ahead: float


@dataclass(frozen=True, slots=True)
class MyShift:
    owned: tuple[OwnedRow, ...]
    duty: tuple[DutyRow, ...]
    handoffs: tuple[HandoffRow, ...]
    sent: tuple[HandoffRow, ...]
    due: tuple[DueRow, ...]
    kpis: tuple[KpiRow, ...]
    load: MyLoad
    sees_rosters: bool
    meetings: tuple[MeetingRow, ...]
    paused: tuple[PausedShare, ...]


def my_shift(person: User, at: datetime) -> MyShift:
    incidents = Incident.objects.visible_to(person).real().open()
    owned = _owned(person, incidents, at)
    sees_rosters = person.has_perm("accounts.view_roster")
    duty = _duty(person, at) if sees_rosters else ()
    counts = incidents.filter(commander=person).aggregate(
        open=Count("number"),
        late=Count("number", filter=Q(has_missed=True) | Q(next_late_at__lte=at)),
    )
    pages, nights = _pages(person, at)
    waiting, sent = _handoffs(person, at)
    return MyShift(
        owned=owned,
        duty=duty,
        handoffs=waiting,
        sent=sent,
        due=_due(person, at),
        kpis=_kpis(person),
        load=MyLoad(counts["open"], counts["late"], pages, nights, _hours(duty)),
        sees_rosters=sees_rosters,
        meetings=meetings_ahead(person, at),
        paused=_paused(person, at),
    )


def _paused(person: User, at: datetime) -> tuple[PausedShare, ...]:
    """Of each team this person is in."""
    mine = Membership.objects.filter(user=person, valid_to=None).select_related("team")
    teams = {row.team_id: row.team.name for row in mine.order_by("team__name")}
    incidents = Incident.objects.visible_to(person).real().filter(team__in=teams)
    found = shares(incidents, "team", at) if teams else {}
    rows = (share_words(name, found.get(pk)) for pk, name in teams.items())
    return tuple(row for row in rows if row is not None)


def _owned(person: User, incidents, at: datetime) -> tuple[OwnedRow, ...]:
    rows = list(
        incidents.filter(commander=person)
        .select_related("account", "kpi")
        .defer("body", "explanation")
        .order_by("-has_missed", "severity", F("next_due_at").asc(nulls_last=True), "number")[
            :SHOWN
        ]
    )
    clocks: dict[int, list[Clock]] = {}
    running = Clock.objects.filter(incident__in=rows, run_state__in=("running", "paused"))
    for clock in running:
        clocks.setdefault(clock.incident_id, []).append(clock)
    return tuple(
        OwnedRow(
            row,
            reverse("incident", args=[row.number]),
            next_clock(clocks.get(row.number, []), at),
            row.accepted_at is not None,
        )
        for row in rows
    )


def _duty(person: User, at: datetime) -> tuple[DutyRow, ...]:
    """Own shifts of the next seven days in all rosters, as planned now."""
    rosters = {roster.pk: roster for roster in Roster.objects.all()}
    found = []
    for pk, plan in plans(rosters, at, at + AHEAD, at).items():
        for shift in plan.shifts(at, at + AHEAD):
            if person_id(shift) == person.pk:
                roster = rosters[pk]
                url = reverse("roster", args=[roster.code])
                found.append(
                    DutyRow(roster.name, url, shift.start, shift.end, shift.start <= at < shift.end)
                )
    return tuple(sorted(found, key=lambda row: (row.start, row.roster)))


def _hours(duty: tuple[DutyRow, ...]) -> float:
    """Hours on call; those in two rosters at once count once."""
    total, covered = timedelta(), None
    for row in duty:
        start = row.start if covered is None else max(row.start, covered)
        total += max(row.end - start, timedelta())
        covered = row.end if covered is None else max(covered, row.end)
    return round(total / timedelta(hours=1), 1)


def _handoffs(person: User, at: datetime) -> tuple[tuple[HandoffRow, ...], tuple[HandoffRow, ...]]:
    """Those that wait for this person's answer, and those of this person that wait."""
    teams = Membership.objects.filter(user=person, valid_to=None).values("team")
    mine = Q(to_user=person) | Q(to_user=None, to_team__in=teams)
    seen = Incident.objects.visible_to(person).real()
    rows = (
        Handoff.objects.pending()
        .filter(mine | Q(from_user=person), incident__in=seen)
        .select_related("incident", "from_user", "to_user", "to_team")
        .order_by("expires_at", "pk")[: 2 * SHOWN]
    )
    waiting: list[HandoffRow] = []
    sent: list[HandoffRow] = []
    for row in rows:
        url = reverse("incident", args=[row.incident_id])
        target = sent if row.from_user_id == person.pk else waiting
        target.append(HandoffRow(row, url))
    return tuple(waiting), tuple(sent)


def waiting_for(person: User) -> list[int]:
    """Numbers of the incidents that were offered to this person by name."""
    seen = Incident.objects.visible_to(person).real()
    rows = Handoff.objects.pending().filter(to_user=person, incident__in=seen)
    return list(rows.order_by("pk").values_list("incident", flat=True)[: 2 * SHOWN])


def _due(person: User, at: datetime) -> tuple[DueRow, ...]:
    """Reviews this person leads, actions they own and actions they verify, the next due first."""
    reviews = (
        PostIncidentReview.objects.real()
        .visible_to(person)
        .filter(facilitator=person)
        .exclude(state__in=("completed", "waived"))
        .select_related("incident")
        .order_by("hold_due_at")[:SHOWN]
    )
    found = []
    for review in reviews:
        due = review.sign_off_due_at or review.hold_due_at
        found.append(
            DueRow(
                f"Review, {review.get_state_display().lower()}",
                f"{review.incident.key} {review.incident.title}",
                reverse("review", args=[review.incident_id]),
                None,
                due,
                due <= at,
            )
        )
    undone = Q(owner=person, state__in=sorted(state.value for state in UNDONE))
    actions = (
        ActionItem.objects.real()
        .visible_to(person)
        .filter(undone | Q(verifier=person, state="done"))
        .select_related("review")
        .order_by("due_on", "pk")[:SHOWN]
    )
    for action in actions:
        is_mine = action.owner_id == person.pk and action.state != "done"
        found.append(
            DueRow(
                "Action" if is_mine else "Action to verify",
                action.title,
                reverse("actions") + ("" if is_mine else "?view=verify"),
                action.due_on,
                None,
                is_mine and action.due_on < at.date(),
            )
        )
    found.sort(key=lambda row: row.due_at.date() if row.due_at else row.due_on or at.date())
    return tuple(found)


def _kpis(person: User) -> tuple[KpiRow, ...]:
    """KPIs this person owns or looks after that are not ok."""
    if not person.has_perm("escalations.view_kpi"):
        return ()
    rows = (
        KpiState.objects.filter(Q(kpi__owner=person) | Q(kpi__steward=person), kpi__is_active=True)
        .exclude(state=KpiStateName.OK)
        .select_related("kpi")
        .order_by("since_at", "pk")[:SHOWN]
    )
    return tuple(
        KpiRow(row.kpi, StateView.of(row.state), reverse("kpi", args=[row.kpi.code]))
        for row in rows
    )


def _pages(person: User, at: datetime) -> tuple[int, int]:
    """Pages of the last seven days, and how many came at night (22 to 7, the person's own time)."""
    rows = Notice.objects.real().filter(
        kind=NoticeKind.PAGE, recipient=person, sent_at__gte=at - BACK, sent_at__lte=at
    )
    zone = zone_named(person.time_zone)
    hours = [sent.astimezone(zone).hour for sent in rows.values_list("sent_at", flat=True) if sent]
    return len(hours), sum(hour >= 22 or hour < 7 for hour in hours)
