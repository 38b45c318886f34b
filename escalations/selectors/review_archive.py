"""The archive of reviews: words, facets with counts, chips, pages, and the export.

Thirteen queries with the reader's session and rights and one more for each facet chosen, whatever
the number of rows. A long table is looked through once: facets count the newest thousand found.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.urls import reverse

from accounts.models import User
from accounts.models.customers import TierChoice
from escalations.models import ContributingFactor, PostIncidentReview
from escalations.models.reviews import FactorCategory, ReviewStateChoice
from escalations.rules.policy import Severity
from escalations.rules.reviews import UNSIGNED
from escalations.selectors.reviews import matching, reviews_of, with_cause

PAGE, LAST_PAGE, EXPORTED = 30, 1000, 10_000
CAP = 1000
OPTIONS = 100
SEVERITY_NAMES = {str(each.value): each.label for each in Severity}
LABELS = {
    "state": dict(ReviewStateChoice.choices),
    "severity": SEVERITY_NAMES,
    "cause": dict(FactorCategory.choices),
    "tier": dict(TierChoice.choices),
}
# facet -> (its label, where it stands, where its name stands)
FACETS = {
    "state": ("State", "state", ""),
    "severity": ("Severity", "incident__severity", ""),
    "cause": ("Kind of cause", "factors__category", ""),
    "area": ("Product", "incident__product_area", ""),
    "tier": ("Customer tier", "tier", ""),
    "team": ("Team", "incident__team__code", "incident__team__name"),
    "kpi": ("KPI", "incident__kpi__code", "incident__kpi__name"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for, with everything that cannot be dropped."""

    q: str = ""
    chosen: tuple[tuple[str, str], ...] = ()
    since: date | None = None
    until: date | None = None
    page: int = 1

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        def text(name: str, longest: int = 120) -> str:
            return given.get(name, "").replace("\x00", "").strip()[:longest]

        def day(name: str) -> date | None:
            try:
                return date.fromisoformat(text(name))
            except ValueError:
                return None

        chosen = []
        for name in FACETS:
            value = text(name)
            if value and (name not in LABELS or value in LABELS[name]):
                chosen.append((name, value))
        page = text("page")
        number = int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1
        return cls(
            q=text("q", 200),
            chosen=tuple(chosen),
            since=day("since"),
            until=day("until"),
            page=min(max(number, 1), LAST_PAGE),
        )

    def url(self, at: str = "reviews", *, without: str = "", page: int = 1) -> str:
        kept: dict[str, Any] = {"q": self.q, **dict(self.chosen)}
        kept |= {"since": self.since or "", "until": self.until or ""}
        kept = {name: value for name, value in kept.items() if value and name != without}
        if page > 1:
            kept["page"] = page
        return reverse(at) + (f"?{urlencode(kept)}" if kept else "")

    def narrow(self, rows: QuerySet, *, without: str = "") -> QuerySet:
        for name, value in self.chosen:
            if name == without:
                continue
            rows = (
                with_cause(rows, [value])
                if name == "cause"
                else rows.filter(**{FACETS[name][1]: value})
            )
        if self.since:
            rows = rows.filter(opened_at__date__gte=self.since)
        if self.until:
            rows = rows.filter(opened_at__date__lte=self.until)
        return matching(rows, self.q)


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    count: int
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    name: str
    label: str
    options: tuple[Option, ...]


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
    state: str
    state_label: str
    account: str
    team: str
    facilitator: str
    causes: tuple[str, ...]
    actions: str
    opened_at: datetime
    due: str
    is_late: bool


@dataclass(frozen=True, slots=True)
class Archive:
    asked: Asked
    rows: tuple[Row, ...]
    facets: tuple[Facet, ...]
    chips: tuple[Chip, ...]
    count: int
    is_capped: bool  # there are more than `count`, and facets count the newest of them
    is_empty: bool  # no review at all, whatever is asked
    export_url: str
    older_url: str
    newer_url: str


def archive(user: User, asked: Asked, at: datetime) -> Archive:
    seen = reviews_of(user)
    rows = asked.narrow(seen)
    keys = _newest(rows)
    start, end = (asked.page - 1) * PAGE, asked.page * PAGE + 1
    wanted = rows if end > CAP else seen.filter(pk__in=keys[start:end])
    here = slice(start, end) if end > CAP else slice(None)
    ordered = wanted.prefetch_related("factors", "actions").order_by("-opened_at", "-pk")
    shown = list(ordered[here])
    has_more, shown = len(shown) > PAGE, shown[:PAGE]
    others = {name: _newest(asked.narrow(seen, without=name)) for name, _ in asked.chosen}
    facets = tuple(_facet(name, seen, asked, others.get(name, keys)) for name in FACETS)
    return Archive(
        asked=asked,
        rows=tuple(_row(review, at) for review in shown),
        facets=facets,
        chips=_chips(asked, facets),
        count=min(len(keys), CAP),
        is_capped=len(keys) > CAP,
        is_empty=not shown and not seen.exists(),
        export_url=asked.url("reviews-export"),
        older_url=asked.url(page=asked.page + 1) if has_more else "",
        newer_url=asked.url(page=asked.page - 1) if asked.page > 1 else "",
    )


def _newest(rows: QuerySet) -> list[int]:
    """Keys of what was found, the newest first; one more than are counted."""
    ordered = rows.select_related(None).order_by("-opened_at", "-pk")
    return list(ordered.values_list("pk", flat=True)[: CAP + 1])


def _facet(name: str, seen: QuerySet, asked: Asked, keys: list[int]) -> Facet:
    """Each facet counts what is left by all the others, the reviews of these keys."""
    label, path, name_path = FACETS[name]
    chosen = dict(asked.chosen).get(name, "")
    rows = seen.filter(pk__in=keys[:CAP]).select_related(None)
    if name == "cause":
        counted = (
            ContributingFactor.objects.filter(review__in=keys[:CAP])
            .values_list("category")
            .annotate(count=Count("review", distinct=True))
            .order_by("-count", "category")
        )
        found = [(value, value, count) for value, count in counted[:OPTIONS]]
    else:
        paths = (path, name_path or path)
        counted = rows.order_by().values_list(*paths).annotate(count=Count("pk"))
        found = [
            (value, label_of, count)
            for value, label_of, count in counted.order_by("-count", path)[:OPTIONS]
        ]
    words = LABELS.get(name, {})
    options = [
        Option(str(value), words.get(str(value), str(word)), count, str(value) == chosen)
        for value, word, count in found
        if value not in (None, "")
    ]
    if chosen and not any(option.is_chosen for option in options):
        options.append(Option(chosen, words.get(chosen, chosen), 0, True))
    return Facet(name, label, tuple(options))


def _chips(asked: Asked, facets: tuple[Facet, ...]) -> tuple[Chip, ...]:
    chips = [Chip(f'"{asked.q}"', asked.url(without="q"))] if asked.q else []
    for facet in facets:
        for option in facet.options:
            if option.is_chosen:
                chips.append(Chip(f"{facet.label}: {option.label}", asked.url(without=facet.name)))
    for name, word, day in (("since", "From", asked.since), ("until", "To", asked.until)):
        if day:
            chips.append(Chip(f"{word} {day:%d %b %Y}", asked.url(without=name)))
    return tuple(chips)


def _row(review: PostIncidentReview, at: datetime) -> Row:
    incident = review.incident
    actions = list(review.actions.all())
    settled = sum(each.state in ("verified", "wont_do") for each in actions)
    due, is_late = next_deadline(review, at)
    return Row(
        number=incident.number,
        key=incident.key,
        url=reverse("review", args=[incident.number]),
        title=incident.title,
        severity=review.severity_final or incident.severity,
        state=review.state,
        state_label=review.get_state_display(),
        account=incident.account.name if incident.account else "",
        team=incident.team.name if incident.team else "",
        facilitator=str(review.facilitator) if review.facilitator else "",
        causes=tuple(dict.fromkeys(each.get_category_display() for each in review.factors.all())),
        actions=f"{settled} of {len(actions)}" if actions else "",
        opened_at=review.opened_at,
        due=due,
        is_late=is_late,
    )


def next_deadline(review: PostIncidentReview, at: datetime) -> tuple[str, bool]:
    """The next thing this review owes, and whether it is late."""
    if review.state not in UNSIGNED:
        return "", False
    for is_met, due, word in (
        (review.meeting_at or review.held_at, review.schedule_due_at, "Plan the meeting"),
        (review.held_at, review.hold_due_at, "Hold the meeting"),
        (None, review.sign_off_due_at, "Sign off"),
    ):
        if not is_met and due is not None:
            return f"{word} by {due:%d %b}", due <= at
    return "", False


COLUMNS = (
    "Incident",
    "Title",
    "State",
    "Severity",
    "Customer",
    "Tier",
    "Product",
    "Team",
    "KPI",
    "Led by",
    "Opened",
    "Signed off",
    "Kinds of cause",
    "Summary",
    "Lessons",
    "Actions",
    "Settled actions",
)


def export(user: User, asked: Asked) -> str:
    """The whole result as CSV, up to 10,000 rows. No cell starts a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    rows = asked.narrow(reviews_of(user)).prefetch_related("factors", "actions")
    for review in rows.order_by("-opened_at", "-pk")[:EXPORTED]:
        incident, actions = review.incident, list(review.actions.all())
        account = incident.account
        writer.writerow(
            safe(value)
            for value in (
                incident.key,
                incident.title,
                review.get_state_display(),
                Severity(review.severity_final or incident.severity).label,
                account.name if account else "",
                TierChoice(review.tier).label if account else "",
                incident.product_area,
                incident.team.name if incident.team else "",
                incident.kpi.name if incident.kpi else "",
                review.facilitator or "",
                f"{review.opened_at:%Y-%m-%dT%H:%M:%SZ}",
                f"{review.signed_off_at:%Y-%m-%dT%H:%M:%SZ}" if review.signed_off_at else "",
                ", ".join(dict.fromkeys(f.category for f in review.factors.all())),
                review.summary,
                review.lessons,
                len(actions),
                sum(each.state in ("verified", "wont_do") for each in actions),
            )
        )
    return out.getvalue()


def safe(value: object) -> str:
    """A spreadsheet runs what starts with one of these; an apostrophe makes it text."""
    text = str(value)
    is_formula = text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r"))
    return f"'{text}" if is_formula else text
