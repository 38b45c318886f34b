"""The versions of one governed thing as a page shows them: which are there, what differs between
any two, what may be done with each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.sensitive import REVENUE
from escalations.rules.policy_diff import Comparison
from escalations.selectors.changes import RequestRow, version_request
from escalations.selectors.governed_kinds import GovernedKind, kind_named
from escalations.selectors.governed_kinds.kind import BIGGEST

SHOWN = 100


@dataclass(frozen=True, slots=True)
class VersionRow:
    version: Any
    ask_url: str
    back_url: str
    edit_url: str
    is_asked: bool  # it is the one on the right of the comparison


@dataclass(frozen=True, slots=True)
class VersionsPage:
    """`before` and `after` are what is compared: unless asked otherwise the newest with what is in
    force."""

    kind: str
    thing: str
    code: str
    title: str
    home_url: str
    add_url: str
    rows: tuple[VersionRow, ...]
    before: Any | None
    after: Any
    comparison: Comparison | None
    request: RequestRow | None


def versions_page(name: str, code: str, person: User, given: Mapping[str, str]) -> VersionsPage:
    """Raises DomainError 404 `not_found`. The same queries for 3 versions and for 100."""
    kind = kind_named(name)
    found = list(
        kind.rows()
        .filter(**kind.of_code(code))
        .select_related(kind.owner, "published_by")
        .order_by("-number")[:SHOWN]
    )
    if not found:
        raise DomainError("not_found", f"{code!r} has no versions.", status=404)
    numbers = {version.number: version for version in found}
    after = numbers.get(_number(given, "to"), found[0])
    others = [version for version in found if version is not after]
    before = numbers.get(_number(given, "from")) or _usual(after, others)
    may_ask = person.has_perm(kind.said.right)
    may_edit = may_ask and person.is_staff
    is_same = before is None or before is after
    return VersionsPage(
        kind=name,
        thing=kind.said.thing,
        code=code,
        title=kind.title_of(after),
        home_url=kind.home_url(after),
        add_url=kind.add_url(kind.owner_of(after)) if may_edit else "",
        rows=tuple(_row(kind, code, each, each is after, may_ask, may_edit) for each in found),
        before=None if is_same else before,
        after=after,
        comparison=None
        if is_same
        else kind.compare(before, after, sees_revenue=person.has_perm(REVENUE)),
        request=version_request(code, after.number, person, kind=name),
    )


def _number(given: Mapping[str, str], name: str) -> int:
    said = given.get(name, "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0


def _usual(after: Any, others: list[Any]) -> Any | None:
    """With what is in force, else with the one before it."""
    in_force = [each for each in others if each.state == "in_force"]
    older = [each for each in others if each.number < after.number]
    return next(iter(in_force or older), None)


def _row(
    kind: GovernedKind[Any], code: str, version: Any, is_asked: bool, may_ask: bool, may_edit: bool
) -> VersionRow:
    args = [kind.said.name, code, version.number]
    is_draft = version.state == "draft"
    return VersionRow(
        version=version,
        ask_url=reverse("version-ask", args=args) if may_ask and is_draft else "",
        back_url=reverse("version-roll-back", args=args)
        if may_ask and version.state == "retired"
        else "",
        edit_url=kind.edit_url(version) if may_edit and is_draft else "",
        is_asked=is_asked,
    )


def governed_version(name: str, code: str, number: int) -> tuple[GovernedKind[Any], Any]:
    """Raises DomainError 404 `not_found`."""
    kind = kind_named(name)
    return kind, kind.find(code, min(number, BIGGEST))
