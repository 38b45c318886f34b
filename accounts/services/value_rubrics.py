"""Versions of the rubric of account value: drafted, sealed, in force, taken over by accounts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Q
from simple_history.utils import get_history_manager_for_model

from accounts.models import Account, User, ValueRubric, ValueRubricVersion
from accounts.models.value_rubrics import CONTENT
from accounts.rules.valuation import Rubric, Tier
from accounts.rules.value_checks import problems
from accounts.selectors.customers import rubric_of, tier_by, tier_of
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from config.lib.versions import digest

CODE = "accounts"
AT_ONCE = 500  # accounts in one transaction


def ensure_value_rubric(at: datetime) -> ValueRubricVersion | None:
    """Put the starting values in force where there is no rubric; None where there is. The caller
    is in atomic."""
    if ValueRubric.objects.exists():
        return None
    rubric = ValueRubric(code=CODE, name="Account value")
    told(rubric, by=None, reason="Starting values.", at=at).save()
    version = draft_rubric(rubric, {}, by=None, at=at, note="Starting values.")
    return take_effect(version, by=None, at=at, reason="Starting values.")


def draft_rubric(
    rubric: ValueRubric, changes: Mapping[str, Any], *, by: User | None, at: datetime, note: str
) -> ValueRubricVersion:
    """The next version as a draft: what is in force, with `changes`. The caller is in atomic.
    Raises DomainError as `check_rubric`."""
    ValueRubric.objects.select_for_update().get(pk=rubric.pk)  # numbers are given one at a time
    in_force = rubric.versions.filter(state="in_force").first()
    last = rubric.versions.order_by("-number").first()
    said = {name: getattr(in_force, name) for name in CONTENT} if in_force else {}
    version = ValueRubricVersion(
        rubric=rubric, number=last.number + 1 if last else 1, note=note[:500], **{**said, **changes}
    )
    check_rubric(version)
    return _saved(version, by, note, at)


def copy_rubric(
    version: ValueRubricVersion, *, by: User | None, at: datetime, note: str
) -> ValueRubricVersion:
    """The next draft, which says what this version says."""
    said = {name: getattr(version, name) for name in CONTENT}
    return draft_rubric(version.rubric, said, by=by, at=at, note=note)


def check_rubric(version: ValueRubricVersion) -> None:
    """Raises DomainError 400 with the code of what is wrong first (`weights`, `not_rising`,
    `out_of_range`, `anchors`) and every problem by its field."""
    if found := problems(version.said):
        raise DomainError(
            found[0].code,
            found[0].sentence,
            errors=[
                {"field": each.field, "code": each.code, "detail": each.sentence} for each in found
            ],
        )


def sealed(version: ValueRubricVersion) -> str:
    """The hash of what it says."""
    content = {name: getattr(version, name) for name in CONTENT}
    return digest({"rubric": version.rubric.code, "number": version.number, **content})


def take_effect(
    version: ValueRubricVersion, *, by: User | None, at: datetime, reason: str
) -> ValueRubricVersion:
    """New accounts are valued by it; the others take it over a few hundred at a time. The caller
    holds its lock, or has just made it. Raises Conflict `already_published`."""
    if version.state in ("in_force", "retired"):
        raise Conflict("already_published", "This version was in force already.")
    ValueRubric.objects.select_for_update().get(pk=version.rubric_id)
    for before in ValueRubricVersion.objects.filter(rubric=version.rubric_id, state="in_force"):
        before.state, before.retired_at, before.revalue_at = "retired", at, None
        _saved(before, by, f"Version {version.number} is in force.", at)
    version.state, version.effective_from, version.published_by = "in_force", at, by
    version.sha256 = sealed(version)
    version.revalue_at = at if Account.objects.exists() else None
    return _saved(version, by, reason, at)


def value_anew(pk: int, at: datetime) -> bool:
    """The sweep's verb: some accounts at a time, until all are valued by this version. Killed
    between two turns it goes on where it was."""
    version = ValueRubricVersion.objects.select_for_update(of=("self",)).get(pk=pk)
    if version.revalue_at is None or version.revalue_at > at or version.state != "in_force":
        return False
    rows = Account.objects.filter(~Q(valued_by=pk)).select_related("valued_by").order_by("pk")
    found = list(rows.select_for_update(of=("self",))[:AT_ONCE])
    _take_over(found, version, at)
    version.revalue_at = at if len(found) == AT_ONCE else None
    ValueRubricVersion.objects.filter(pk=pk).update(revalue_at=version.revalue_at)
    return True


def _take_over(accounts: list[Account], version: ValueRubricVersion, at: datetime) -> None:
    said, name = version.said, f"{version.rubric.name} v{version.number}"
    for account in accounts:
        # What was never valued has no tier to compare with.
        before = tier_of(account) if account.valued_by_id else None
        told(account, by=None, reason=_why(name, before, tier_by(account, said)), at=at)
        account.valued_by, account.updated_at = version, at
    keys = [account.pk for account in accounts]
    Account.objects.filter(pk__in=keys).update(valued_by=version, updated_at=at)
    history = get_history_manager_for_model(Account)
    history.bulk_history_create(accounts, AT_ONCE, update=True)


def _why(name: str, before: Tier | None, after: Tier) -> str:
    words = after.label
    if before is None or before is after:
        return f"Valued by {name}: {words}."
    return f"Valued by {name}: {before.label} becomes {words}."


def stamp_new(account: Account) -> Account:
    """A new account is valued by what is in force. Not saved here."""
    account.valued_by = rubric_of(account)
    return account


def rubric_from(values: Mapping[str, Any]) -> Rubric:
    """What a draft with these values would say."""
    return ValueRubricVersion(**{name: values[name] for name in CONTENT}).said


def _saved(
    version: ValueRubricVersion, by: User | None, reason: str, at: datetime
) -> ValueRubricVersion:
    told(version, by=by, reason=reason, at=at).save()
    return version
