"""Policies as a committee reads them: their versions, the rules in force on a day, and what
changes from one version to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db.models import Count, Max, Prefetch
from django.db.models.fields.json import KT
from django.urls import reverse

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.versions import VersionState
from escalations.models import Incident, Policy, PolicyVersion
from escalations.rules.policy import PolicyDoc
from escalations.rules.policy_diff import Comparison, compare
from escalations.rules.policy_tables import Table, tables
from escalations.rules.routing_lint import Finding
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_history import Kept, kept_table, past_of
from escalations.selectors.policy_lint import look_over_version

FIRED_WITHIN = timedelta(days=90)
COUNTED = 20_000  # the newest incidents: a count is never dearer than this
OPEN_TO_EDIT = {VersionState.DRAFT.value}


@dataclass(frozen=True, slots=True)
class VersionLine:
    pk: int
    number: int
    state: str
    label: str
    effective_from: datetime | None
    retired_at: datetime | None
    by: User | None
    note: str
    open_incidents: int
    url: str
    edit_url: str
    compare_url: str  # with the one before it; empty for the first


@dataclass(frozen=True, slots=True)
class PolicyCard:
    code: str
    name: str
    scope: str
    url: str
    in_force: VersionLine | None
    versions: tuple[VersionLine, ...]


@dataclass(frozen=True, slots=True)
class Fired:
    """How often a routing rule took an incident, and the last one of those the reader may see."""

    count: int
    last_key: str
    last_url: str


@dataclass(frozen=True, slots=True)
class Line:
    key: str
    cells: tuple[tuple[str, str], ...]  # column and words
    fired: Fired | None = None  # of a routing rule


@dataclass(frozen=True, slots=True)
class Lines:
    """A table as it is shown; `is_counted` where its rows say what they did."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Line, ...]
    is_counted: bool


@dataclass(frozen=True, slots=True)
class PolicyPage:
    card: PolicyCard
    version: VersionLine | None
    on: date | None  # the day that was asked for
    tables: tuple[Lines, ...]
    findings: tuple[Finding, ...]
    kept: tuple[Kept, ...] = ()
    open_now: int = 0
    on_shift: float = 0.0  # people, on average in the next 14 days


@dataclass(frozen=True, slots=True)
class ComparePage:
    card: PolicyCard
    before: VersionLine
    after: VersionLine
    comparison: Comparison
    kept: tuple[Kept, ...]


def policy_cards() -> tuple[PolicyCard, ...]:
    """All policies with their versions, newest first. Three queries."""
    versions = PolicyVersion.objects.select_related("published_by").order_by("-number")
    policies = Policy.objects.prefetch_related(Prefetch("versions", versions))
    rows = Incident.objects.real().open().values_list("policy_version").order_by()
    counts = dict(rows.annotate(n=Count("number")))
    return tuple(_card(policy, counts) for policy in policies)


def policy_card(code: str) -> PolicyCard:
    """Raises DomainError `not_found`."""
    found = next((card for card in policy_cards() if card.code == code), None)
    if found is None:
        raise DomainError("not_found", f"There is no policy {code!r}.", status=404)
    return found


def policy_page(
    code: str, user: User, at: datetime, *, number: int | None = None, on: date | None = None
) -> PolicyPage:
    """One version with all it says: the one asked for by number, or the one in force at the end
    of a day (UTC), or the present one. Raises DomainError `not_found`."""
    card = policy_card(code)
    line = _chosen(card, at, number, on)
    if line is None:
        return PolicyPage(card, None, on, (), ())
    doc = policy_doc(line.pk)
    fired = _fired(code, user, at)
    lines = tuple(
        _lines(table, fired if table.code == "routing" else None) for table in tables(doc)
    )
    looked = look_over_version(PolicyVersion.objects.select_related("policy").get(pk=line.pk), at)
    past = looked.history
    kept = kept_table([doc], past.past)
    return PolicyPage(card, line, on, lines, looked.findings, kept, past.open_now, past.on_shift)


def _lines(table: Table, fired: Mapping[str, Fired] | None) -> Lines:
    rows = tuple(
        Line(
            row.key,
            tuple(zip(table.columns, row.cells, strict=True)),
            fired.get(row.key) if fired else None,
        )
        for row in table.rows
    )
    return Lines(table.title, table.columns, rows, fired is not None)


def compare_page(code: str, before: int, after: int, at: datetime) -> ComparePage:
    """Raises DomainError `not_found`."""
    card = policy_card(code)
    lines = {line.number: line for line in card.versions}
    if before not in lines or after not in lines:
        raise DomainError("not_found", "There is no such version.", status=404)
    old, new = lines[before], lines[after]
    docs = (policy_doc(old.pk), policy_doc(new.pk))
    return ComparePage(card, old, new, compare(*docs), kept_table(docs, past_of(code, at)))


def version_doc(code: str, number: int) -> PolicyDoc:
    """The document of a version. One query. Raises DomainError `not_found`."""
    versions = PolicyVersion.objects.filter(policy__code=code, number=number)
    pk = versions.values_list("pk", flat=True).first()
    if pk is None:
        raise DomainError("not_found", f"{code} has no version {number}.", status=404)
    return policy_doc(pk)


def _card(policy: Policy, counts: Mapping[int, int]) -> PolicyCard:
    rows = list(policy.versions.all())
    lines = tuple(
        _line(policy, row, counts, before)
        for row, before in zip(rows, [*rows[1:], None], strict=True)
    )
    areas = ", ".join(policy.product_areas)
    return PolicyCard(
        code=policy.code,
        name=policy.name,
        scope=areas or ("everything no other policy names" if policy.is_default else "nothing"),
        url=reverse("policy", args=[policy.code]),
        in_force=next((line for line in lines if line.state == VersionState.IN_FORCE), None),
        versions=lines,
    )


def _line(
    policy: Policy, row: PolicyVersion, counts: Mapping[int, int], before: PolicyVersion | None
) -> VersionLine:
    page = reverse("policy", args=[policy.code])
    between = reverse("policy-compare", args=[policy.code])
    is_draft = row.state in OPEN_TO_EDIT
    return VersionLine(
        pk=row.pk,
        number=row.number,
        state=row.state,
        label=row.get_state_display(),
        effective_from=row.effective_from,
        retired_at=row.retired_at,
        by=row.published_by,
        note=row.note,
        open_incidents=counts.get(row.pk, 0),
        url=f"{page}?v={row.number}",
        edit_url=reverse("admin:escalations_policyversion_change", args=[row.pk])
        if is_draft
        else "",
        compare_url=f"{between}?from={before.number}&to={row.number}" if before else "",
    )


def _chosen(
    card: PolicyCard, at: datetime, number: int | None, on: date | None
) -> VersionLine | None:
    if number is not None:
        for line in card.versions:
            if line.number == number:
                return line
        raise DomainError("not_found", f"{card.name} has no version {number}.", status=404)
    if on is None:
        return card.in_force or (card.versions[0] if card.versions else None)
    end = min(datetime.combine(on, time.max, UTC), at)
    return next((line for line in card.versions if _was_in_force(line, end)), None)


def _was_in_force(line: VersionLine, at: datetime) -> bool:
    if line.effective_from is None or line.effective_from > at:
        return False
    if line.state not in (VersionState.IN_FORCE, VersionState.RETIRED):
        return False
    return line.retired_at is None or line.retired_at > at


def _fired(code: str, user: User, at: datetime) -> dict[str, Fired]:
    """By the name of the rule, under any version of the policy."""
    newest = (
        Incident.objects.visible_to(user)
        .real()
        .filter(policy_version__policy__code=code, opened_at__gt=at - FIRED_WITHIN)
        .order_by("-opened_at")
        .values("number")[:COUNTED]
    )
    rows: Sequence[tuple[str | None, int, int]] = list(
        Incident.objects.filter(number__in=newest)
        .order_by()
        .annotate(rule=KT("explanation__route__rule"))
        .values_list("rule")
        .annotate(n=Count("number"), last=Max("number"))
    )
    return {
        rule: Fired(count, f"INC-{last}", reverse("incident", args=[last]))
        for rule, count, last in rows
        if rule
    }
