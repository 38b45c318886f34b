"""For the letter to the board: how long KPIs were in breach, and which rules changed."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django.db.models import F, OuterRef, Q, Subquery
from django.urls import reverse

from config.lib.versions import DECIDING
from escalations.models import Approval, Change, KpiFlip, KpiState
from escalations.rules.board import KpiBreaches, RuleChange, minutes_in_breach
from escalations.selectors.board_span import Span
from escalations.selectors.governed_kinds import BY_FIELD, KINDS, GovernedKind

Names = tuple[str, ...]


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
    """Versions of every governed kind that came into force in the month, and who approved each: a
    query for each kind and two more. First versions of other things than policies are no change of
    a rule: they are counted, not named."""
    found: list[tuple[GovernedKind[Any], Any]] = []
    for kind in KINDS:
        rows = kind.rows().filter(span.now("effective_from"), state__in=DECIDING)
        if kind.said.name != "policy":
            rows = rows.filter(number__gt=1)
        found += [(kind, each) for each in rows.select_related(kind.owner, "published_by")]
    found.sort(key=lambda pair: (pair[1].since, pair[0].said.name, pair[1].pk))
    said = _approvers(found)
    return tuple(
        RuleChange(
            name=kind.name_of(each),
            url=kind.url(each),
            at=each.since,
            what=" ".join(each.note.split())[:300],
            approved=said.get((kind.field, each.pk), ()),
            published=str(each.published_by) if each.published_by else "",
        )
        for kind, each in found
    )


def _approvers(found: list[tuple[GovernedKind[Any], Any]]) -> dict[tuple[str, int], Names]:
    """By field of `Change` and version: who said yes in the last round, each once."""
    wanted: dict[str, list[int]] = defaultdict(list)
    for kind, each in found:
        wanted[kind.field].append(each.pk)
    of_them = Q(pk__in=())
    for field, keys in wanted.items():
        of_them |= Q(**{f"{field}__in": keys})
    changes = Change.objects.filter(of_them).order_by("pk").values("request", *BY_FIELD)
    words = Approval.objects.filter(
        verdict="approved",
        round=F("request__round"),
        request__in={change["request"] for change in changes},
    )
    said: dict[int, list[str]] = defaultdict(list)
    for word in words.select_related("person").order_by("at", "pk"):
        said[word.request_id].append(str(word.person))
    return {
        (field, change[field]): tuple(dict.fromkeys(said[change["request"]]))
        for change in changes
        for field in BY_FIELD
        if change[field] is not None
    }
