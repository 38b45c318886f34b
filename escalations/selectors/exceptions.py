"""Exceptions from policies: those that set targets now, and as pages show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import User
from config.lib.stamps import Kept
from escalations.models import PolicyException
from escalations.models.exceptions import ExceptionKind, ExceptionState
from escalations.rules.exceptions import Bend, Debt, Owed, debt
from escalations.rules.policy import Severity
from escalations.templatetags.belay import duration

SHOWN = 200
RELATED = (
    "policy", "account", "team", "incident", "owner", "asked_by", "answered_by", "ended_by"
)  # fmt: skip
VIEW = "escalations.view_policyexception"


def bends_from(known: Kept) -> list[Bend]:
    """What is approved and gives another target; no query where it is `known`."""
    return known.one("exceptions", _bends)


def _bends() -> list[Bend]:
    rows = PolicyException.objects.filter(
        state=ExceptionState.APPROVED, kind=ExceptionKind.TARGET, target_s__isnull=False
    )
    names = (
        "pk", "policy_id", "clock_kind", "target_s", "starts_at", "expires_at", "reason",
        "severity", "incident_id", "account_id", "team_id", "product_area",
    )  # fmt: skip
    return [Bend(*values) for values in rows.values_list(*names)]


def visible_exceptions(person: User) -> QuerySet[PolicyException]:
    return PolicyException.objects.visible_to(person).select_related(*RELATED)


def owed(person: User, at: datetime) -> Debt:
    """The exception debt of what this reader may see. One query."""
    return owed_and_asked(person, at)[0]


def owed_and_asked(person: User, at: datetime) -> tuple[Debt, int]:
    """The debt, and how many wait for an answer. One query."""
    live = PolicyException.objects.visible_to(person).filter(expires_at__gt=at)
    live = live.filter(state__in=(ExceptionState.ASKED, ExceptionState.APPROVED))
    names = ("starts_at", "expires_at", "renewals", "cost_minor", "currency")
    rows = list(live.order_by().values_list("state", *names))
    granted = (Owed(*values) for state, *values in rows if state == ExceptionState.APPROVED)
    asked = sum(state == ExceptionState.ASKED for state, *_ in rows)
    return debt((each for each in granted if each.starts_at <= at), at), asked


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """`state` is asked, to_come, in_force, refused, expired or ended; `percent` of its life."""

    row: PolicyException
    state: str
    scope: str
    rule: str
    cost: str
    percent: int
    clocks: int = 0

    @property
    def mark(self) -> tuple[str, str, str]:
        """Class, icon and word of its state."""
        return MARKS[self.state]


MARKS = {
    "asked": ("pill-warn", "clock", "Asked"),
    "to_come": ("", "clock", "Approved, to come"),
    "in_force": ("pill-warn", "scale", "In force"),
    "refused": ("", "x", "Refused"),
    "expired": ("", "check", "Expired"),
    "ended": ("", "check", "Ended early"),
}


def state_at(row: PolicyException, at: datetime) -> str:
    """By the clock, not by the sweep: what is past its end is over, whoever noticed."""
    if row.state in (ExceptionState.ASKED, ExceptionState.APPROVED) and row.expires_at <= at:
        return "expired"
    if row.state == ExceptionState.APPROVED:
        return "in_force" if row.starts_at <= at else "to_come"
    return row.state


def scope_of(row: PolicyException) -> str:
    limit = "everything"
    if row.incident_id is not None:
        limit = f"INC-{row.incident_id}"
    elif row.account:
        limit = row.account.name
    elif row.team:
        limit = f"team {row.team.name}"
    elif row.product_area:
        limit = f"product area {row.product_area}"
    return f"{row.policy.name}: {limit}"


def rule_of(row: PolicyException) -> str:
    if row.kind == ExceptionKind.OTHER:
        return row.rule
    where = f" of {Severity(row.severity).label}" if row.severity else ""
    return f"{row.get_clock_kind_display()} promise{where}: {duration(row.target_s or 0)}"


def money(minor: int, currency: str) -> str:
    return f"{currency} {minor // 100:,}.{minor % 100:02}".replace(".00", "")


def cost_of(row: PolicyException) -> str:
    sum_ = money(row.cost_minor, row.currency) if row.cost_minor is not None else ""
    return "; ".join(filter(None, (sum_, row.cost_words)))


def view_of(row: Any, at: datetime) -> ExceptionView:
    whole = (row.expires_at - row.starts_at).total_seconds()
    gone = (at - row.starts_at).total_seconds()
    return ExceptionView(
        row=row,
        state=state_at(row, at),
        scope=scope_of(row),
        rule=rule_of(row),
        cost=cost_of(row),
        percent=max(0, min(100, int(100 * gone / whole))),
        clocks=getattr(row, "bent", 0),
    )


@dataclass(frozen=True, slots=True)
class ExceptionPage:
    rows: list[ExceptionView]
    debt: Debt
    costs: list[str]


def asked_for(person: User, at: datetime, given: dict[str, str]) -> QuerySet[PolicyException]:
    """`given`: state, policy, account by key."""
    rows = visible_exceptions(person)
    if given.get("policy"):
        rows = rows.filter(policy__code=given["policy"])
    if given.get("account"):
        rows = rows.filter(account__external_id=given["account"])
    match given.get("state"):
        case "in_force":
            rows = rows.in_force(at)  # type: ignore[attr-defined]  # of its own queryset
        case "asked" | "refused" | "expired" | "ended" as state:
            rows = rows.filter(state=state)
        case "over":
            rows = rows.filter(settle_at=None)
        case "all":
            pass
        case _:
            rows = rows.filter(settle_at__isnull=False)
    return rows


def exception_list(person: User, at: datetime, given: dict[str, str]) -> ExceptionPage:
    """What waits and lasts first, as `asked_for`. Two queries."""
    found = [view_of(row, at) for row in asked_for(person, at, given)[:SHOWN]]
    order = list(MARKS)
    found.sort(key=lambda view: order.index(view.state))
    total = owed(person, at)
    return ExceptionPage(found, total, [money(minor, word) for word, minor in total.costs])


def exception_page(pk: int, person: User, at: datetime) -> ExceptionView | None:
    """One, with the number of clocks whose target it set."""
    rows = visible_exceptions(person).select_related("renews").annotate(bent=Count("clocks"))
    row = rows.filter(pk=pk).first()
    return view_of(row, at) if row is not None else None


def list_choices() -> dict[str, list[tuple[str, str]]]:
    """For the filters of the list: policies and customers that have an exception."""
    rows = PolicyException.objects.order_by()
    policies = rows.values_list("policy__code", "policy__name").distinct()
    accounts = rows.exclude(account=None).values_list("account__external_id", "account__name")
    return {
        "policies": sorted(policies, key=lambda pair: pair[1]),
        "accounts": sorted(accounts.distinct(), key=lambda pair: pair[1]),
        "states": STATES,
    }


STATES = [
    ("", "Waiting or granted"),
    ("in_force", "In force"),
    ("asked", "Asked"),
    ("refused", "Refused"),
    ("expired", "Expired"),
    ("ended", "Ended early"),
    ("all", "All"),
]
