"""One review as its pages show it: text, timeline with its gaps, clocks, actions, likenesses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from accounts.selectors.people import rights_of
from config.lib.sensitive import hidden_fields
from escalations.models import ActionItem, PostIncidentReview, ReviewEntry, TimelineEvent
from escalations.rules.policy import Severity
from escalations.rules.review_fields import SECTIONS
from escalations.rules.reviews import (
    MOVES,
    ReviewSituation,
    ReviewVerb,
    gaps,
)
from escalations.selectors.action_items import RELATED, ActionView, action_views
from escalations.selectors.actions import NotYet
from escalations.selectors.breach_causes import CauseView, cause_view
from escalations.selectors.review_archive import next_deadline
from escalations.selectors.review_buttons import Button, review_buttons
from escalations.selectors.reviews import NAMELESS, name_warnings, recurrences_of, reviews_of
from escalations.selectors.story import HIDDEN, Event, story
from escalations.selectors.timeline_page import PAGE
from escalations.templatetags.belay import duration

AFTERMATH = ("review_", "action_")
CANDIDATES, SIMILAR, SUGGESTED = 60, 6, 5


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of the timeline: an event, something a person added, or a gap."""

    at: datetime
    event: Event | None = None
    seq: int = 0
    url: str = ""
    text: str = ""
    author: str = ""
    notes: tuple[tuple[str, str], ...] = ()  # (author, what they wrote)
    is_hidden: bool = False
    until: datetime | None = None  # a gap's end, or an explanation's
    is_gap: bool = False
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    label: str
    text: str
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    code: str
    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class ClockLine:
    label: str
    outcome: str
    is_missed: bool
    due_at: datetime | None
    cause: CauseView | None


@dataclass(frozen=True, slots=True)
class Similar:
    key: str
    title: str
    url: str
    reasons: str


@dataclass(frozen=True, slots=True)
class ReviewPage:
    review: PostIncidentReview
    number: int
    key: str
    title: str
    severity: int
    severity_text: str
    account: str
    team: str
    kpi: str
    state_label: str
    due: str
    is_late: bool
    is_editable: bool
    may_add_actions: bool
    reasons: tuple[str, ...]
    buttons: tuple[Button, ...]
    later: tuple[NotYet, ...]
    sections: tuple[Section, ...]
    timeline: tuple[Moment, ...]
    gaps: int
    factors: tuple[Any, ...]
    actions: tuple[ActionView, ...]
    clocks: tuple[ClockLine, ...]
    sign_offs: tuple[Any, ...]
    amendments: tuple[Any, ...]
    participants: tuple[Any, ...]
    recurrences: tuple[Any, ...]
    similar: tuple[Similar, ...]
    suggestions: tuple[str, ...]
    warnings: tuple[tuple[str, str], ...]
    hidden: frozenset[str] = field(default_factory=frozenset)


def review_page(
    review: PostIncidentReview, user: User, situation: ReviewSituation, at: datetime
) -> ReviewPage:
    """`review` from `services.review_moves.visible_review`. Twenty queries, whatever its size."""
    incident = review.incident
    rights = rights_of(user)
    hidden = hidden_fields(review, user)
    buttons, later = review_buttons(incident.number, situation)
    due, is_late = next_deadline(review, at)
    moments = timeline(review, user)
    factors = tuple(review.factors.all())
    categories = {factor.category for factor in factors}
    return ReviewPage(
        review=review,
        number=incident.number,
        key=incident.key,
        title=incident.title,
        severity=review.severity_final or incident.severity,
        severity_text=_severities(review),
        account=incident.account.name if incident.account else "",
        team=incident.team.name if incident.team else "",
        kpi=incident.kpi.name if incident.kpi else "",
        state_label=review.get_state_display(),
        due=due,
        is_late=is_late,
        is_editable=_may(ReviewVerb.EDIT, situation),
        may_add_actions=_may(ReviewVerb.ADD_ACTION, situation),
        reasons=tuple(review.required_because.values()),
        buttons=buttons,
        later=later,
        sections=_sections(review, hidden),
        timeline=moments,
        gaps=sum(moment.is_gap for moment in moments),
        factors=factors,
        actions=action_views(review.actions.select_related(*RELATED), user, rights, at),
        clocks=_clocks(review),
        sign_offs=tuple(review.sign_offs.select_related("person")),
        amendments=tuple(review.amendments.select_related("author")),
        participants=tuple(review.participants.select_related("user")),
        recurrences=tuple(recurrences_of(review, user)),
        similar=_similar(review, user, categories),
        suggestions=_suggestions(review, user, categories, at),
        warnings=tuple(
            (NAMELESS.get(each.field, each.field.capitalize()), each.sentence)
            for each in name_warnings(review)
        ),
        hidden=hidden,
    )


def _may(verb: ReviewVerb, situation: ReviewSituation) -> bool:
    move = MOVES[verb]
    return situation.state in move.sources and move.right in situation.rights


def _severities(review: PostIncidentReview) -> str:
    words = [f"first {Severity(review.incident.auto_severity).label}"]
    words.append(f"at the end {Severity(review.incident.severity).label}")
    if review.severity_final:
        words.append(f"final {Severity(review.severity_final).label}")
    return ", ".join(words)


def _sections(review: PostIncidentReview, hidden: frozenset[str]) -> tuple[Section, ...]:
    found = []
    for code, title, specs in SECTIONS:
        lines = [
            Line(spec.label, _said(review, spec.name, spec.kind), spec.kind != "textarea")
            for spec in specs
            if spec.name not in hidden and spec.name not in ("facilitator", "severity_final")
        ]
        if code == "impact" and review.impact_start and review.impact_end:
            lines.insert(2, Line("Lasted", duration(review.impact_end - review.impact_start), True))
        if code == "detection" and review.impact_start:
            late = review.incident.received_at - review.impact_start
            lines.insert(
                0,
                Line(
                    "Noticed after",
                    duration(late) if late.total_seconds() >= 60 else "Less than a minute",
                    True,
                ),
            )
        found.append(Section(code, title, tuple(lines)))
    return tuple(found)


def _said(review: PostIncidentReview, name: str, kind: str) -> str:
    value = getattr(review, name)
    if value is None or value == "":
        return ""
    if kind == "time":
        return f"{value:%d %b %Y %H:%M} UTC"
    if kind == "money":
        account = review.incident.account
        return f"{value:,.2f} {account.currency if account else ''}".strip()
    return f"{value:,}" if kind == "whole" else str(value)


def _page_of(seq: int) -> str:
    """The page of a long timeline on which this event stands, with some that came after it."""
    return f"?before={seq + PAGE // 2}"


def timeline(review: PostIncidentReview, user: User) -> tuple[Moment, ...]:
    """From the first event to the resolving, oldest first, with what people added. Two queries."""
    incident = review.incident
    found = TimelineEvent.objects.filter(incident=incident)
    rows = list(found.select_related("actor", "withdrawal__withdrawn_by").order_by("seq"))
    entries = list(review.entries.select_related("author", "event"))
    hidden, notes = _marks(entries)
    base, end = reverse("incident", args=[incident.number]), incident.resolved_at
    shown = [row for row in rows if row.kind not in HIDDEN]
    newest = {row.seq for row in shown[-PAGE:]}
    moments = []
    for row in shown:
        if row.kind.startswith(AFTERMATH) or (end is not None and row.at > end):
            continue
        moments += [
            Moment(
                at=row.at,
                event=event,
                seq=row.seq,
                url=f"{base}{'' if row.seq in newest else _page_of(row.seq)}#e{row.seq}",
                notes=tuple(notes.get(row.pk, ())),
                is_hidden=row.pk in hidden,
            )
            for event in story([row], user)
        ]
    moments += [
        Moment(
            at=entry.from_at,
            text=entry.text,
            author=str(entry.author),
            until=entry.to_at,
            gap="explained" if entry.kind == "explanation" else "",
        )
        for entry in entries
        if entry.kind in ("addition", "explanation") and entry.from_at
    ]
    moments += _gaps(review, moments, entries)
    return tuple(sorted(moments, key=lambda each: (each.at, each.is_gap, each.seq)))


def _marks(entries: Iterable[ReviewEntry]) -> tuple[set[int], dict[int, list[tuple[str, str]]]]:
    hidden: set[int] = set()
    notes: dict[int, list[tuple[str, str]]] = {}
    for entry in entries:
        if entry.event_id is None:
            continue
        if entry.kind == "hiding":
            hidden.add(entry.event_id)
        elif entry.kind == "showing":
            hidden.discard(entry.event_id)
        else:
            notes.setdefault(entry.event_id, []).append((str(entry.author), entry.text))
    return hidden, notes


def _gaps(
    review: PostIncidentReview, moments: Iterable[Moment], entries: Iterable[ReviewEntry]
) -> list[Moment]:
    times = [each.at for each in moments if not each.is_hidden and not each.gap]
    explained = [
        (entry.from_at, entry.to_at or entry.from_at)
        for entry in entries
        if entry.kind == "explanation" and entry.from_at
    ]
    return [
        Moment(at=found.start, until=found.end, is_gap=True, gap=duration(found.end - found.start))
        for found in gaps(Severity(review.incident.severity), times, explained)
    ]


def _clocks(review: PostIncidentReview) -> tuple[ClockLine, ...]:
    words = {"met": "Met", "missed": "Missed", "void": "Void", "open": "Not decided"}
    found = []
    clocks = review.incident.clocks.prefetch_related("marks__cause_confirmed_by")
    for clock in clocks.order_by("kind", "cycle"):
        is_missed = clock.outcome == "missed" or clock.missed > 0
        text = words[clock.outcome]
        if clock.kind == "cadence":
            text = f"{clock.on_time} on time, {clock.missed} missed"
        label = clock.get_kind_display() + (f", cycle {clock.cycle}" if clock.cycle > 1 else "")
        found.append(ClockLine(label, text, is_missed, clock.due_at, cause_view(clock)))
    return tuple(found)


def _similar(review: PostIncidentReview, user: User, categories: set[str]) -> tuple[Similar, ...]:
    """Other reviews with a factor of the same kind, the same customer or the same KPI."""
    incident = review.incident
    like = Q(factors__category__in=categories)
    if incident.account_id:
        like |= Q(incident__account=incident.account_id)
    if incident.kpi_id:
        like |= Q(incident__kpi=incident.kpi_id)
    rows = reviews_of(user).filter(like).exclude(pk=review.pk).distinct()
    ranked = []
    for other in rows.prefetch_related("factors").order_by("-opened_at", "-pk")[:CANDIDATES]:
        shared = dict.fromkeys(
            each.get_category_display().lower()
            for each in other.factors.all()
            if each.category in categories
        )
        reasons = [f"same kind of cause: {', '.join(shared)}"] if shared else []
        if incident.account_id and other.incident.account_id == incident.account_id:
            reasons.append("same customer")
        if incident.kpi_id and other.incident.kpi_id == incident.kpi_id:
            reasons.append("same KPI")
        url = reverse("review", args=[other.incident_id])
        text = "; ".join(reasons)
        ranked.append((len(reasons), Similar(other.incident.key, other.incident.title, url, text)))
    ranked.sort(key=lambda pair: -pair[0])
    return tuple(similar for _, similar in ranked[:SIMILAR])


def _suggestions(
    review: PostIncidentReview, user: User, categories: set[str], at: datetime
) -> tuple[str, ...]:
    """The same kind of cause again while an action against it is overdue: one severity worse."""
    rows = (
        ActionItem.objects.real()
        .visible_to(user)
        .overdue(at.date())
        .filter(review__factors__category__in=categories)
        .exclude(review=review)
        .select_related("review__incident", "owner")
        .distinct()
        .order_by("due_on", "pk")[:SUGGESTED]
    )
    severity = review.severity_final or review.incident.severity
    worse = Severity(max(severity - 1, 1)).label
    return tuple(
        f'The same kind of cause as {row.review.incident.key}, whose action "{row.title}" has been '
        f"overdue since {row.due_on.day} {row.due_on:%b %Y}: consider {worse}."
        for row in rows
    )


def without_hidden(page: ReviewPage) -> ReviewPage:
    """For reading: events that people hid are left out."""
    return replace(page, timeline=tuple(each for each in page.timeline if not each.is_hidden))
