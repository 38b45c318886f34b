"""The triage queue, and how well the rules of a policy sort."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, QuerySet

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import CategoryAnswer, Incident, Policy
from escalations.rules.history_lint import ENOUGH
from escalations.rules.policy import SortingRule
from escalations.selectors.policies import policy_doc

SHOWN = 50
CORRECTIONS = 20
WITHIN = timedelta(days=90)
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    """`words`: what the rule found."""

    category: str
    label: str
    confidence: int
    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class ToSort:
    number: int
    key: str
    title: str
    severity: int
    source: str
    arrived_by: str
    received_at: datetime
    suggested: tuple[Suggested, ...]
    choices: Choices


@dataclass(frozen=True, slots=True)
class ToSortPage:
    rows: tuple[ToSort, ...]
    count: int
    is_capped: bool


def to_sort(user: User) -> ToSortPage:
    """Open incidents whose category a person has still to say, the worst first, then what waits
    longest. Two queries, and a few for each version that is not known yet."""
    rows = Incident.objects.real().open().visible_to(user)
    rows = rows.filter(sorting_confidence__isnull=False)
    count = rows.values("number")[:1001].count()
    shown = rows.order_by("severity", "received_at", "number")[:SHOWN]
    return ToSortPage(tuple(map(_row, shown)), min(count, 1000), count > 1000)


def _row(incident: Incident) -> ToSort:
    categories = policy_doc(incident.policy_version_id).categories
    said = incident.explanation.get("category") or {}
    return ToSort(
        number=incident.number,
        key=incident.key,
        title=incident.title,
        severity=incident.severity,
        source=incident.source,
        arrived_by=(incident.explanation.get("arrival") or {}).get("by", ""),
        received_at=incident.received_at,
        suggested=tuple(
            Suggested(
                each["category"],
                categories[each["category"]].label,
                each["confidence"],
                each["rule"],
                ", ".join(each["words"]),
            )
            for each in said.get("suggestions", ())
        ),
        choices=tuple((code, each.label) for code, each in categories.items()),
    )


# --- how well it sorts ----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Tally:
    right: int = 0
    count: int = 0

    @property
    def wrong(self) -> int:
        return self.count - self.right

    @property
    def share(self) -> str:
        return f"{self.right / self.count:.0%}" if self.count else ""

    @property
    def is_often_wrong(self) -> bool:
        return self.count >= ENOUGH and self.right * 2 < self.count


@dataclass(frozen=True, slots=True)
class RuleRecord:
    name: str
    category: str
    confidence: int | None  # None: the version in force has no such rule any more
    tally: Tally


@dataclass(frozen=True, slots=True)
class SortingRecord:
    policy: str
    code: str
    category_from: int | None  # None: no version is in force
    rules: tuple[RuleRecord, ...]
    unknown: int  # categories that people gave where no rule knew any
    corrections: tuple[CategoryAnswer, ...]
    days: int = WITHIN.days


def _answers(code: str, at: datetime) -> QuerySet[CategoryAnswer]:
    rows = CategoryAnswer.objects.filter(policy_version__policy__code=code, taken_back_at=None)
    return rows.filter(answered_at__gt=at - WITHIN, answered_at__lte=at, incident__drill=None)


def sorting_tally(code: str, at: datetime) -> dict[str, Tally]:
    """How often people agreed with each rule of a policy in 90 days, by the rule's name; "" for
    answers where no rule had a suggestion. One query."""
    rows = _answers(code, at).order_by().values_list("rule")
    counted = rows.annotate(right=Count("pk", filter=Q(chosen=F("suggested"))), all=Count("pk"))
    return {name: Tally(right, count) for name, right, count in counted}


def sorting_record(code: str, user: User, at: datetime) -> SortingRecord:
    """Figures are the same for every reader; corrections are those of incidents they may see.

    Raises DomainError `not_found`.
    """
    policy = Policy.objects.filter(code=code).first()
    if policy is None:
        raise DomainError("not_found", f"There is no policy {code!r}.", status=404)
    version = policy.versions.filter(state="in_force").first()
    doc = policy_doc(version.pk) if version else None
    tally = sorting_tally(code, at)
    unknown = tally.pop("", Tally()).count
    standing: dict[str, SortingRule] = {rule.name: rule for rule in doc.sorting} if doc else {}
    rules = [
        RuleRecord(rule.name, rule.category, rule.confidence, tally.get(rule.name, Tally()))
        for rule in standing.values()
    ]
    gone = [RuleRecord(n, "", None, t) for n, t in sorted(tally.items()) if n not in standing]
    seen = Incident.objects.visible_to(user).order_by().values("number")
    wrong = _answers(code, at).exclude(suggested=F("chosen")).filter(incident__in=seen)
    return SortingRecord(
        policy=policy.name,
        code=code,
        category_from=doc.category_from if doc else None,
        rules=(*rules, *gone),
        unknown=unknown,
        corrections=tuple(wrong.select_related("incident", "answered_by")[:CORRECTIONS]),
    )
