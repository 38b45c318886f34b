"""The figures of the letter to the board. At most 20 queries, whatever the month holds.

What the reader may not see is not counted, and the letter says so.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncMonth
from django.urls import reverse

from accounts.models import Account, Team, User
from accounts.models.customers import TierChoice
from config.lib.errors import DomainError
from config.lib.sensitive import hidden_fields
from escalations.models import (
    ActionItem,
    ChangeRequest,
    Clock,
    ClockEvent,
    ClockMark,
    Drill,
    Incident,
    LadderStep,
    PostIncidentReview,
    Threshold,
)
from escalations.models.clocks import ClockKindChoice
from escalations.rules.action_items import UNDONE
from escalations.rules.board import (
    Customers,
    Figures,
    Letter,
    Month,
    Pair,
    Promises,
    Worst,
)
from escalations.rules.board_letter import letter
from escalations.selectors.board_rules import kpi_breaches, rule_changes
from escalations.selectors.board_span import Span, pair
from playbooks.models import PlaybookVersion

READ = "escalations.view_board"
WORST, MONTHS = 3, 36
LIVE = ("running", "paused")
ENDS = ("stop", "cancel")


def month_of(text: str, at: datetime) -> Month:
    """Raises DomainError `no_such_month` for what is no month, and for one that has not begun."""
    month = Month.of(text)
    if month is None or month.start > at:
        said = "A month is written like 2026-10 and has begun."
        raise DomainError("no_such_month", said, status=404)
    return month


def months(user: User, at: datetime) -> list[tuple[Month, int]]:
    """Each month from the first incident on with how many were opened, the newest first; at most
    three years. One query."""
    seen = _seen(user).filter(is_void=False).order_by()
    rows = seen.annotate(of=TruncMonth("opened_at")).values_list("of").annotate(count=Count("pk"))
    counts = {Month.at(of): count for of, count in rows}
    each = Month.at(at)
    found: list[tuple[Month, int]] = []
    while len(found) < MONTHS and each >= min([*counts, each]):
        found.append((each, counts.get(each, 0)))
        each = each.before
    return found


def board_letter(user: User | None, month: Month, at: datetime) -> Letter:
    return letter(board_figures(user, month, at))


def board_figures(user: User | None, month: Month, at: datetime) -> Figures:
    """`user` None: the house itself, which sees every incident and no revenue."""
    span = Span(month, at)
    seen = _seen(user)
    return Figures(
        month=month,
        at=at,
        customers=_customers(user, seen, span),
        promises=_promises(seen, span),
        kpis=kpi_breaches(span),
        rules=rule_changes(span),
        worst=_worst(seen, span),
        waiting=_waiting(user),
        is_narrow=_is_narrow(user),
        drills=pair(Drill.objects.aggregate(**span.counts("started_at", "n")), "n"),
        limits=pair(
            Threshold.objects.filter(number__gt=1).aggregate(**span.counts("effective_from", "n")),
            "n",
        ),
        playbooks=pair(
            PlaybookVersion.objects.aggregate(**span.counts("effective_from", "n")), "n"
        ),
        **_incidents(seen, span),
        **_updates(seen, span),
        **_levels(seen, span),
        **_reviews(seen, span),
        **_actions(seen, span),
    )


def _seen(user: User | None) -> QuerySet[Incident]:
    rows = Incident.objects.all() if user is None else Incident.objects.visible_to(user)
    return rows.real()


def _is_narrow(user: User | None) -> bool:
    if user is None or user.has_perm("escalations.oversee_incidents"):
        return False
    return Team.objects.filter(is_private=True).exists()


def _incidents(seen: QuerySet[Incident], span: Span) -> dict[str, Any]:
    counted = Q(is_void=False)
    rows = (
        seen.filter(span.within("opened_at") | span.within("closed_at"))
        .order_by()
        .values("severity")
        .annotate(
            **span.counts("opened_at", "opened", counted),
            **span.counts("closed_at", "closed", counted),
            **span.counts("opened_at", "void", ~counted),
        )
    )
    found = list(rows)
    voids = [pair(row, "void") for row in found]
    return {
        "opened": {row["severity"]: pair(row, "opened") for row in found},
        "closed": {row["severity"]: pair(row, "closed") for row in found},
        "void": (sum(now for now, _ in voids), sum(before for _, before in voids)),
    }


def _customers(user: User | None, seen: QuerySet[Incident], span: Span) -> tuple[Customers, ...]:
    mine = seen.filter(account=OuterRef("pk"), is_void=False)
    shows = user is not None and "arr" not in hidden_fields(Account, user)
    rows = (
        Account.objects.with_tier()
        .annotate(
            is_now=Exists(mine.filter(span.now("opened_at"))),
            is_before=Exists(mine.filter(span.before("opened_at"))),
        )
        .filter(Q(is_now=True) | Q(is_before=True))
        .order_by()
        .values_list("tier", "currency", "is_now", "is_before")
        .annotate(count=Count("pk"), sum=Sum("arr"))
    )
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    sums: dict[str, dict[str, Any]] = defaultdict(dict)
    for tier, currency, is_now, is_before, count, total in rows:
        counts[tier][0] += count if is_now else 0
        counts[tier][1] += count if is_before else 0
        if is_now:
            sums[tier][currency] = sums[tier].get(currency, 0) + total
    return tuple(
        Customers(label, (counts[tier][0], counts[tier][1]), sums[tier] if shows else None)
        for tier, label in TierChoice.choices
        if tier in counts
    )


def _promises(seen: QuerySet[Incident], span: Span) -> tuple[Promises, ...]:
    """Two queries. The end of a promise is the last stop or cancel in its ledger."""
    later = ClockEvent.objects.filter(
        clock=OuterRef("clock"), seq__gt=OuterRef("seq"), type__in=("reopen", *ENDS)
    )
    ends = (
        ClockEvent.objects.filter(span.within("at"), type__in=ENDS)
        .filter(clock__drill=None, clock__incident__in=seen)
        .exclude(clock__kind=ClockKindChoice.CADENCE)
        .filter(~Exists(later))
    )
    is_void = Q(clock__outcome="void") | Q(clock__incident__is_void=True)
    by_hand = ~is_void & Q(clock__is_due_by_hand=True)
    plain = ~is_void & Q(clock__is_due_by_hand=False)
    rows = (
        ends.order_by()
        .values("clock__kind")
        .annotate(
            **span.counts("at", "kept", plain & Q(clock__outcome="met")),
            **span.counts("at", "broken", plain & Q(clock__outcome="missed")),
            **span.counts("at", "void", is_void),
            **span.counts("at", "by_hand", by_hand),
        )
    )
    found = {row["clock__kind"]: row for row in rows}
    late = _open_late(seen, span)
    return tuple(
        Promises(
            label,
            open_late=late.get(kind, (0, 0)),
            **{
                name: pair(found[kind], name) if kind in found else (0, 0)
                for name in ("kept", "broken", "void", "by_hand")
            },
        )
        for kind, label in ClockKindChoice.choices
        if kind in found or kind in late
    )


def _open_late(seen: QuerySet[Incident], span: Span) -> dict[str, Pair]:
    ends = ClockEvent.objects.filter(clock=OuterRef("pk"), type__in=ENDS)
    rows = (
        Clock.objects.real()
        .filter(incident__in=seen.filter(is_void=False), outcome="missed")
        .filter(breached_at__lt=span.end, is_due_by_hand=False)
        .exclude(kind=ClockKindChoice.CADENCE)
        .annotate(ended_at=Subquery(ends.order_by("-seq").values("at")[:1]))
        .filter(Q(run_state__in=LIVE) | Q(ended_at__gte=span.start))
        .order_by()
    )
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for kind, state, broken_at, ended_at in rows.values_list(
        "kind", "run_state", "breached_at", "ended_at"
    ):
        is_live = state in LIVE
        found[kind][0] += is_live or ended_at >= span.end
        found[kind][1] += broken_at is not None and broken_at < span.start
    return {kind: (now, before) for kind, (now, before) in found.items() if now or before}


def _updates(seen: QuerySet[Incident], span: Span) -> dict[str, Any]:
    """Two queries: updates written while one was promised, and promised ones that did not come."""
    of_ours = Q(
        clock__kind=ClockKindChoice.CADENCE,
        clock__drill=None,
        clock__incident__in=seen.filter(is_void=False),
    )
    kept = ClockEvent.objects.filter(of_ours, span.within("at"), type="update")
    missed = ClockMark.objects.filter(of_ours, span.within("due_at"), kind="miss")
    return {
        "updates_kept": pair(kept.aggregate(**span.counts("at", "n")), "n"),
        "updates_missed": pair(missed.aggregate(**span.counts("due_at", "n")), "n"),
    }


def _levels(seen: QuerySet[Incident], span: Span) -> dict[str, Any]:
    rows = (
        LadderStep.objects.filter(span.within("at"), kind__in=("page", "fallback"))
        .filter(run__drill=None, run__incident__in=seen)
        .order_by()
        .values("level")
        .annotate(
            **span.counts("at", "incidents", Q(kind="page"), of="run__incident"),
            **span.counts("at", "fallbacks", Q(kind="fallback")),
        )
    )
    found = list(rows)
    past = [pair(row, "fallbacks") for row in found]
    levels = {row["level"]: pair(row, "incidents") for row in found if row["level"]}
    return {
        "levels": levels,
        "fallbacks": (sum(now for now, _ in past), sum(before for _, before in past)),
    }


def _reviews(seen: QuerySet[Incident], span: Span) -> dict[str, Any]:
    rows = PostIncidentReview.objects.real().filter(incident__in=seen)

    def late(end: datetime) -> Q:
        """Owed by then: not signed, not waived, and past one of its dates."""
        owed = Q(opened_at__lt=end)
        for name in ("signed_off_at", "waived_at"):
            owed &= Q(**{f"{name}__isnull": True}) | Q(**{f"{name}__gte": end})
        not_held = Q(held_at__isnull=True) | Q(held_at__gte=end)
        return owed & (Q(sign_off_due_at__lt=end) | not_held & Q(hold_due_at__lt=end))

    late_sign = Q(signed_off_at__gt=F("sign_off_due_at"))
    found = rows.aggregate(
        **span.counts("opened_at", "opened"),
        **span.counts("signed_off_at", "signed"),
        **span.counts("signed_off_at", "signed_late", late_sign),
        **span.counts("waived_at", "waived"),
        **span.counts("opened_at", "near", Q(required_because__has_key="near_miss")),
        late_now=Count("pk", filter=late(span.end)),
        late_before=Count("pk", filter=late(span.start)),
    )
    names = ("opened", "signed", "signed_late", "waived", "late")
    return {f"reviews_{name}": pair(found, name) for name in names} | {
        "near_misses": pair(found, "near")
    }


def _actions(seen: QuerySet[Incident], span: Span) -> dict[str, Any]:
    rows = ActionItem.objects.real().filter(review__incident__in=seen)

    def overdue(end: datetime) -> Q:
        """Its day had passed by then, and it was not done."""
        undone = Q(created_at__lt=end, due_on__lt=(end - timedelta(microseconds=1)).date())
        still = Q(state__in=sorted(state.value for state in UNDONE))
        return undone & (still | Q(done_at__gte=end) | Q(wont_do_at__gte=end))

    found = rows.aggregate(
        **span.counts("verified_at", "verified"),
        overdue_now=Count("pk", filter=overdue(span.end)),
        overdue_before=Count("pk", filter=overdue(span.start)),
    )
    return {
        "actions_verified": pair(found, "verified"),
        "actions_overdue": pair(found, "overdue"),
    }


def _worst(seen: QuerySet[Incident], span: Span) -> tuple[Worst, ...]:
    rows = (
        seen.filter(span.now("opened_at"), is_void=False)
        .select_related("account")
        .defer("body", "explanation")
        .order_by("severity", "-score_bp", "number")[:WORST]
    )
    broken = dict(
        Clock.objects.filter(incident__in=[row.pk for row in rows], outcome="missed")
        .exclude(kind=ClockKindChoice.CADENCE)
        .values_list("incident")
        .annotate(count=Count("pk"))
        .order_by()
    )
    return tuple(
        Worst(
            key=row.key,
            url=reverse("incident", args=[row.number]),
            severity=row.severity,
            title=row.title.rstrip("."),
            opened_at=row.opened_at,
            contained_at=row.contained_at,
            closed_at=row.closed_at,
            state=row.get_state_display(),
            broken=broken.get(row.pk, 0),
            customer=row.account.name if row.account else "",
        )
        for row in rows
    )


def _waiting(user: User | None) -> int | None:
    if user is not None and not user.has_perm("escalations.view_changerequest"):
        return None
    return ChangeRequest.objects.filter(state="in_review").count()
