"""For the letter to the board: how long KPIs were in breach, and which rules changed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.db.models import F, OuterRef, Subquery
from django.urls import reverse

from escalations.models import Approval, KpiFlip, KpiState, PolicyVersion
from escalations.rules.board import KpiBreaches, RuleChange, minutes_in_breach
from escalations.selectors.board_span import Span


def kpi_breaches(span: Span) -> tuple[KpiBreaches, ...]:
    """Two queries: changes of state within, and what held before the first of them."""
    flips = KpiFlip.objects.filter(superseded_at=None)
    within: dict[tuple[int, str], list[tuple[datetime, bool]]] = defaultdict(list)
    was_in: dict[tuple[int, str], bool] = {}
    rows = flips.filter(span.within("at")).order_by("at", "pk")
    for kpi, segment, at, before, after in rows.values_list(
        "kpi", "segment", "at", "from_state", "to_state"
    ):
        was_in.setdefault((kpi, segment), before == "breach")
        within[kpi, segment].append((at, after == "breach"))
    earlier = flips.filter(at__lt=span.first, kpi=OuterRef("kpi"), segment=OuterRef("segment"))
    held = (
        KpiState.objects.annotate(
            held=Subquery(earlier.order_by("-at", "-pk").values("to_state")[:1])
        )
        .values_list("kpi", "segment", "kpi__name", "kpi__code", "held")
        .order_by("kpi__name", "pk")
    )
    found: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    names: dict[int, tuple[str, str]] = {}
    for kpi, segment, name, code, state in held:
        names[kpi] = (name, code)
        changes, key = within.get((kpi, segment), []), (kpi, segment)
        is_in = was_in.get(key, state == "breach")
        at_start = next((to for at, to in reversed(changes) if at < span.start), is_in)
        found[kpi][0] += sum(to for at, to in changes if at >= span.start)
        found[kpi][1] += sum(to for at, to in changes if at < span.start)
        this = [(at, to) for at, to in changes if at >= span.start]
        found[kpi][2] += minutes_in_breach(this, at_start, span.start, span.end)
        past = [(at, to) for at, to in changes if at < span.start]
        found[kpi][3] += minutes_in_breach(past, is_in, span.first, span.start)
    return tuple(
        KpiBreaches(names[kpi][0], reverse("kpi", args=[names[kpi][1]]), (a, b), (c, d))
        for kpi, (a, b, c, d) in found.items()
        if a or b or c or d
    )


def rule_changes(span: Span) -> tuple[RuleChange, ...]:
    """Three queries: versions that came into force in the month, and who approved each."""
    versions = list(
        PolicyVersion.objects.filter(span.now("effective_from"), state__in=("in_force", "retired"))
        .select_related("policy", "published_by")
        .order_by("effective_from", "pk")
    )
    said: dict[int, list[str]] = defaultdict(list)
    words = (
        Approval.objects.filter(verdict="approved", request__changes__policy_version__in=versions)
        .filter(round=F("request__round"))
        .annotate(version=F("request__changes__policy_version"))
        .select_related("person")
        .order_by("at", "pk")
    )
    for word in words:
        said[word.version].append(str(word.person))
    return tuple(
        RuleChange(
            name=f"{each.policy.name} v{each.number}",
            url=f"{reverse('policy', args=[each.policy.code])}?v={each.number}",
            at=each.effective_from or span.start,
            what=" ".join(each.note.split())[:300],
            approved=tuple(dict.fromkeys(said[each.pk])),
            published=str(each.published_by) if each.published_by else "",
        )
        for each in versions
    )
