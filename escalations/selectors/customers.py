"""Customer accounts as their pages show them: what they are worth, and what we owe them.

Budgets: list 5 queries, one account 14, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q
from django.urls import reverse

from accounts.models import Account, Contact, User
from accounts.models.customers import Segment
from accounts.rules.valuation import STARTING, Rubric, Term, Tier, Valuation
from accounts.selectors.customers import rubric_of, valuation_of
from config.lib.browse import Browse, Choice, Page
from config.lib.errors import DomainError
from config.lib.sensitive import hidden_fields
from escalations.models import Clock, Incident, KpiState, PostIncidentReview
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.metrics import wilson95
from escalations.selectors.kpis import judging
from escalations.selectors.pauses import PausedShare, share_words, shares

RECENT = 20
JUDGED_DAYS = 90
TERM_LABELS = {
    "lifetime_value": "Lifetime value",
    "importance": "Strategic importance",
    "influence": "Influence",
    "renewal": "Renewal risk",
    "momentum": "Usage momentum",
}
CHOICES = (
    Choice("tier", "Tier", (("", "Any tier"), *((t.value, t.label) for t in Tier))),
    Choice("segment", "Segment", (("", "Any segment"), *Segment.choices)),
    Choice(
        "risk", "Risk", (("", "Any risk"), ("at_risk", "At risk"), ("renews", "Renews in 90 d"))
    ),
    Choice("owner", "Owner", (("", "Any owner"), ("me", "Me"), ("none", "No owner"))),
)


@dataclass(frozen=True, slots=True)
class AccountRow:
    name: str
    external_id: str
    url: str
    tier: str
    priority: str
    segment: str
    owner: str
    renewal: str
    is_at_risk: bool
    open_count: int
    worst: int  # severity of the worst open incident, 0 without one
    is_late: bool
    arr: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    browse: Browse
    page: Page
    rows: tuple[AccountRow, ...]
    shows_revenue: bool


@dataclass(frozen=True, slots=True)
class TermView:
    label: str
    part: str
    anchor: int
    weight: int
    points: str
    is_assumed: bool


@dataclass(frozen=True, slots=True)
class ContactView:
    name: str
    job_title: str
    email: str
    phone: str
    language: str
    is_primary: bool
    is_shown: bool


@dataclass(frozen=True, slots=True)
class ClockScore:
    """How often a promise of one kind was kept; `interval` is Wilson's 95 %."""

    label: str
    met: int
    missed: int
    share: str
    interval: str


@dataclass(frozen=True, slots=True)
class KpiView:
    name: str
    code: str
    segment: str
    state: str
    state_label: str
    value: float | None
    unit: str
    exposed: str
    last_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountPage:
    account: Account
    tier: str
    priority: str
    value: str
    risk: str
    terms: tuple[TermView, ...]
    is_by_decision: bool
    renewal: str
    arr: str
    lifetime_value: str
    shows_revenue: bool
    contacts: tuple[ContactView, ...]
    open: tuple[Incident, ...]
    recent: tuple[Incident, ...]
    clocks: tuple[ClockScore, ...]
    kpis: tuple[KpiView, ...]
    reviews: tuple[PostIncidentReview, ...]
    paused: PausedShare | None
    rubric: Rubric
    rubric_number: int | None


def accounts_page(user: User, given: Mapping[str, str], at: datetime) -> AccountsPage:
    browse = Browse(given, url=reverse("customers"), choices=CHOICES)
    on = at.date()
    accounts = Account.objects.visible_to(user).valued(on).select_related("owner")
    if browse.q:
        named = Q(name__icontains=browse.q) | Q(external_id__icontains=browse.q)
        accounts = accounts.filter(named)
    for name in ("tier", "segment"):
        if value := browse.value(name):
            accounts = accounts.filter(**{name: value})
    match browse.value("risk"):
        case "at_risk":
            accounts = accounts.filter(is_at_risk=True)
        case "renews":
            accounts = accounts.filter(renewal_on__lte=on + timedelta(days=90))
    match browse.value("owner"):
        case "me":
            accounts = accounts.filter(owner=user)
        case "none":
            accounts = accounts.filter(owner=None)
    page = browse.page_of(accounts.order_by(F("priority_bp").desc(), "name", "pk"))
    shows_revenue = "arr" not in hidden_fields(Account, user)
    loads = _open_incidents(user, [account.pk for account in page.rows])
    rows = tuple(_row(each, loads.get(each.pk), on, shows_revenue) for each in page.rows)
    return AccountsPage(browse, page, rows, shows_revenue)


def _open_incidents(user: User, accounts: list[int]) -> dict[int, list[Incident]]:
    """Account id -> its open incidents that this reader may see. One query."""
    found: dict[int, list[Incident]] = {}
    rows = Incident.objects.visible_to(user).real().open().filter(account__in=accounts)
    for incident in rows.only("number", "account_id", "severity", "has_missed"):
        found.setdefault(incident.account_id or 0, []).append(incident)
    return found


def _row(
    account: Any, incidents: list[Incident] | None, on: date, shows_revenue: bool
) -> AccountRow:
    """`account` comes from `valued`: the database has summed tier and priority already."""
    incidents = incidents or []
    return AccountRow(
        name=account.name,
        external_id=account.external_id,
        url=reverse("customer", args=[account.external_id]),
        tier=Tier(account.tier).label,
        priority=_points(account.priority_bp),
        segment=account.get_segment_display(),
        owner=str(account.owner) if account.owner else "",
        renewal=renewal_words(account.renewal_on, on),
        is_at_risk=account.is_at_risk,
        open_count=len(incidents),
        worst=min((incident.severity for incident in incidents), default=0),
        is_late=any(incident.has_missed for incident in incidents),
        arr=_money(account.arr, account.currency) if shows_revenue else "",
    )


def visible_account(external_id: str, user: User) -> Account:
    account = (
        Account.objects.visible_to(user)
        .select_related("owner", "backup", "sponsor", "service_hours")
        .filter(external_id=external_id)
        .first()
    )
    if account is None:
        raise DomainError("not_found", f"There is no account {external_id}.", status=404)
    return account


def account_page(account: Account, user: User, at: datetime) -> AccountPage:
    """`account` comes from `visible_account`."""
    valued, rubric = valuation_of(account, at), rubric_of(account)
    shows_revenue = "arr" not in hidden_fields(Account, user)
    incidents = Incident.objects.visible_to(user).real().filter(account=account)
    related = incidents.select_related("commander", "kpi")
    return AccountPage(
        account=account,
        tier=valued.tier.label,
        priority=_points(valued.priority_bp),
        value=_points(valued.value_bp),
        risk=_points(valued.risk_bp),
        terms=_terms(valued),
        is_by_decision=account.is_strategic,
        renewal=renewal_words(account.renewal_on, at.date()),
        arr=_money(account.arr, account.currency) if shows_revenue else "",
        lifetime_value=_money(account.lifetime_value, account.currency) if shows_revenue else "",
        shows_revenue=shows_revenue,
        contacts=_contacts(account, user),
        open=tuple(related.open().order_by("-has_missed", "severity", "number")[:RECENT]),
        recent=tuple(related.exclude(state__in=OPEN_STATES).order_by("-received_at")[:RECENT]),
        clocks=_clock_scores(incidents, at),
        kpis=_kpis(account, user, shows_revenue),
        reviews=tuple(
            PostIncidentReview.objects.visible_to(user)
            .filter(incident__account=account, drill=None)
            .select_related("incident")
            .order_by("-opened_at")[:RECENT]
        ),
        paused=share_words(account.name, shares(incidents, "account", at).get(account.pk)),
        rubric=rubric.said if rubric else STARTING,
        rubric_number=rubric.number if rubric else None,
    )


def _terms(valued: Valuation) -> tuple[TermView, ...]:
    def view(term: Term) -> TermView:
        return TermView(
            TERM_LABELS[term.name],
            term.part,
            term.anchor,
            term.weight,
            _points(term.points_bp),
            term.is_assumed,
        )

    return tuple(view(term) for term in valued.terms)


def _contacts(account: Account, user: User) -> tuple[ContactView, ...]:
    if not user.has_perm("accounts.view_contact"):
        return ()
    hidden = hidden_fields(Contact, user)
    return tuple(
        ContactView(
            contact.name,
            contact.job_title,
            "" if "email" in hidden else contact.email,
            "" if "phone" in hidden else contact.phone,
            contact.language,
            contact.is_primary,
            not hidden,
        )
        for contact in account.contacts.filter(is_active=True)
    )


def _clock_scores(incidents, at: datetime) -> tuple[ClockScore, ...]:
    """Stopped promises of the last 90 days; void ones do not count (SEMANTICS 8)."""
    since = at - timedelta(days=JUDGED_DAYS)
    rows = (
        Clock.objects.real()
        .filter(incident__in=incidents.filter(is_void=False), started_at__gte=since)
        .filter(outcome__in=("met", "missed"))
        .values("kind")
        .annotate(
            met=Count("pk", filter=Q(outcome="met")), missed=Count("pk", filter=Q(outcome="missed"))
        )
        .order_by("kind")
    )
    labels = dict(Clock._meta.get_field("kind").flatchoices)
    found = []
    for row in rows:
        met, total = row["met"], row["met"] + row["missed"]
        low, high = wilson95(met, total) or (0.0, 1.0)
        found.append(
            ClockScore(
                str(labels[row["kind"]]),
                met,
                row["missed"],
                f"{met / total:.0%}",
                f"{low:.0%} to {high:.0%}",
            )
        )
    return tuple(found)


def _kpis(account: Account, user: User, shows_revenue: bool) -> tuple[KpiView, ...]:
    """KPIs of this account, and KPIs that its incidents are about."""
    if not user.has_perm("escalations.view_kpi"):
        return ()
    about = Incident.objects.visible_to(user).real().filter(account=account, kpi__isnull=False)
    pairs = Q(kpi__account=account) | Q(kpi__in=about.values("kpi"))
    states = (
        KpiState.objects.filter(pairs, kpi__is_active=True)
        .select_related("kpi")
        .prefetch_related("kpi__thresholds")
        .order_by(F("kpi__code"), "segment")
    )
    found = []
    for state in states[: 2 * RECENT]:
        versions = judging(state.kpi.thresholds.all())
        exposed = versions[-1].revenue_exposed if versions else None
        found.append(
            KpiView(
                state.kpi.name,
                state.kpi.code,
                state.segment,
                state.state,
                state.get_state_display(),
                state.last_value,
                state.kpi.unit,
                _money(exposed, account.currency) if shows_revenue and exposed else "",
                state.last_at,
            )
        )
    return tuple(found)


def renewal_words(renewal_on: date | None, on: date) -> str:
    if renewal_on is None:
        return "No renewal date"
    days = (renewal_on - on).days
    if days < 0:
        return f"{renewal_on:%-d %b %Y}, {-days} d ago"
    return f"{renewal_on:%-d %b %Y}, in {days} d"


def _points(bp: int) -> str:
    return f"{bp / 100:.1f}"


def _money(amount, currency: str) -> str:
    return f"{amount:,.0f} {currency}"
