"""Requests to change the rules as people read them: where each stands, who said what, and what
waits for the reader."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from config.lib.sensitive import REVENUE
from config.lib.versions import DECIDING
from escalations.models import Approval, Change, ChangeReader, ChangeRequest
from escalations.rules.changes import (
    RequestState,
    Standing,
    Verdict,
    may_withdraw,
    refusal,
    writers,
)
from escalations.rules.policy_diff import Comparison
from escalations.selectors.governed_kinds import (
    BY_FIELD,
    KINDS,
    kind_named,
    kind_of,
    version_of,
)
from escalations.selectors.governed_kinds.kind import Reach

APPROVE = "escalations.approve_policy"
RETARGET = "escalations.change_policyversion"
SEE = "escalations.view_changerequest"
SHOWN = 100
BACKEND = "django.contrib.auth.backends.ModelBackend"
OPEN = ("in_review", "sent_back", "scheduled")
Writers = dict[tuple[str, int], frozenset[int]]  # by field of `Change` and key of the version


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A request with what this reader may do about it; `own` says why they may not answer."""

    request: ChangeRequest
    standing: Standing
    versions: tuple[str, ...]
    may_approve: bool
    may_send_back: bool
    may_withdraw: bool
    why_not: str
    url: str

    @property
    def waits_for_me(self) -> bool:
        return self.may_approve

    @property
    def state(self) -> str:
        return self.request.state

    @property
    def label(self) -> str:
        return "On trial" if self.standing.is_on_trial else self.request.get_state_display()

    @property
    def counted(self) -> str:
        """As in "Needs 2 approvals, has 1"."""
        needed, has = self.standing.enough, self.standing.approvals
        if self.standing.is_on_trial:
            return f"Needs {needed} approvals to stay, has {has}"
        return f"Needs {needed} approval{'s' if needed > 1 else ''}, has {has}"


@dataclass(frozen=True, slots=True)
class ChangeShown:
    name: str
    url: str
    compare_url: str
    restores: str
    may_see: bool
    apply_url: str  # to open incidents, which keep the version they began with
    comparison: Comparison | None
    reach: Reach | None  # as long as it does not decide yet


@dataclass(frozen=True, slots=True)
class RequestPage:
    row: RequestRow
    words: tuple[Approval, ...]
    changes: tuple[ChangeShown, ...]
    warnings: tuple[str, ...]
    readers: tuple[ChangeReader, ...]

    @property
    def have_read(self) -> int:
        return sum(reader.read_at is not None for reader in self.readers)


def approvers() -> QuerySet[User]:
    """Who may answer a request, of their own or not."""
    may = User.objects.with_perm(APPROVE, backend=BACKEND, include_superusers=True)
    return may.filter(is_active=True)


def _rows() -> QuerySet[ChangeRequest]:
    """A request with all that its standing needs: four queries for any number of them."""
    owners = [f"{kind.field}__{kind.owner}" for kind in KINDS]
    changes = Change.objects.select_related(*owners)
    words = Approval.objects.select_related("person").order_by("pk")
    return ChangeRequest.objects.select_related("author").prefetch_related(
        Prefetch("changes", changes), Prefetch("approvals", words)
    )


def standing_of(request: ChangeRequest) -> Standing:
    """Read anew unless prefetched."""
    return _standing(request, _writers([request]))


def _standing(request: ChangeRequest, wrote: Writers) -> Standing:
    words = [word for word in request.approvals.all() if word.round == request.round]
    authors = {request.author_id}
    for change in request.changes.all():
        field = kind_of(change).field
        authors |= wrote.get((field, getattr(change, f"{field}_id")), frozenset())
    return Standing(
        state=RequestState(request.state),
        needed=request.needed,
        approvals=sum(word.verdict == Verdict.APPROVED for word in words),
        is_emergency=request.is_emergency,
        is_confirmed=request.confirmed_at is not None,
        author=request.author_id,
        authors=frozenset(authors),
        answered=frozenset(word.person_id for word in words),
    )


def _writers(requests: Iterable[ChangeRequest]) -> Writers:
    """By version: who wrote it, from its history. One query for each kind among them."""
    keys: dict[str, set[int]] = {}
    for request in requests:
        for change in request.changes.all():
            field = kind_of(change).field
            keys.setdefault(field, set()).add(getattr(change, f"{field}_id"))
    past: dict[tuple[str, int], list[tuple[str, int | None]]] = {}
    for field, found in keys.items():
        history: Any = BY_FIELD[field].model
        rows = history.history.filter(id__in=found).order_by("history_id")
        for pk, state, person in rows.values_list("id", "state", "history_user_id"):
            past.setdefault((field, pk), []).append((state, person))
    return {key: writers(each) for key, each in past.items()}


def _row(request: ChangeRequest, person: User, wrote: Writers) -> RequestRow:
    standing = _standing(request, wrote)
    has_right = person.has_perm(APPROVE)
    refused = refusal(standing, Verdict.APPROVED, person.pk, has_right)
    back = refusal(standing, Verdict.SENT_BACK, person.pk, has_right)
    return RequestRow(
        request=request,
        standing=standing,
        versions=tuple(kind_of(c).name_of(version_of(c)) for c in request.changes.all()),
        may_approve=refused is None,
        may_send_back=back is None,
        may_withdraw=may_withdraw(standing, person.pk),
        why_not=refused[1] if refused and refused[0] != "not_waiting" else "",
        url=reverse("change-request", args=[request.pk]),
    )


def request_rows(person: User) -> list[RequestRow]:
    """What waits for this reader first, then what is open, then the newest. Five queries."""
    found = list(_rows()[:SHOWN])
    known = {request.pk for request in found}
    found += [each for each in _rows().filter(state__in=OPEN)[:SHOWN] if each.pk not in known]
    wrote = _writers(found)
    rows = [_row(request, person, wrote) for request in found]
    return sorted(rows, key=lambda row: (not row.waits_for_me, row.state not in OPEN))


def version_request(
    code: str, number: int, person: User, *, kind: str = "policy"
) -> RequestRow | None:
    """The newest request about a version, for the page of the version."""
    found = kind_named(kind)
    of_code = {f"changes__{found.field}__{at}": code for at, code in found.of_code(code).items()}
    request = _rows().filter(**of_code, **{f"changes__{found.field}__number": number}).first()
    return _row(request, person, _writers([request])) if request is not None else None


def request_page(pk: int, person: User, at: datetime) -> RequestPage | None:
    """None where there is no such request."""
    request = _rows().filter(pk=pk).first()
    if request is None:
        return None
    return RequestPage(
        row=_row(request, person, _writers([request])),
        words=tuple(request.approvals.all()),
        changes=tuple(_shown(change, person, at) for change in request.changes.all()),
        warnings=tuple(
            request.warnings.filter(round=request.round).values_list("sentence", flat=True)
        ),
        readers=tuple(request.readers.select_related("person").order_by("person__username")),
    )


def _shown(change: Change, person: User, at: datetime) -> ChangeShown:
    kind, version = kind_of(change), version_of(change)
    before = kind.numbered(version, change.replaced_number) or kind.in_force(version)
    comparison, between, reach = None, "", None
    if before is not None and before.pk != version.pk:
        comparison = kind.compare(before, version, sees_revenue=person.has_perm(REVENUE))
        between = kind.compare_url(before, version)
        if version.state not in DECIDING and person.has_perm(kind.said.see):
            reach = kind.reach(before, version, person, at)
    return ChangeShown(
        name=kind.name_of(version),
        url=kind.url(version),
        compare_url=between,
        restores=f"v{change.restores_number}" if change.restores_number else "",
        may_see=person.has_perm(kind.said.see),
        apply_url=_apply_url(change, person),
        comparison=comparison,
        reach=reach,
    )


def _apply_url(change: Change, person: User) -> str:
    version = change.policy_version
    if version is None or version.state != "in_force" or not person.has_perm(RETARGET):
        return ""
    asked = urlencode({"kind": "policy", "policy": f"{version.policy.code}:{version.number}"})
    return f"{reverse('clock-repair-new')}?{asked}"


def approvals_log(limit: int = 300) -> Sequence[Approval]:
    """Every word, newest first. Two queries."""
    rows = Approval.objects.select_related("request", "person", "request__author")
    return list(rows.order_by("-at", "-pk")[:limit])


def before_the_committee(
    person: User, limit: int = 8
) -> tuple[list[RequestRow], list[ChangeRequest]]:
    """What waits for this reader's word, and what takes effect, or is taken back, by itself. One
    query, four where there is anything."""
    moving = Q(state="in_review") | Q(settle_at__isnull=False)
    found = list(_rows().filter(moving)[:SHOWN])
    wrote = _writers(found)
    rows = (_row(request, person, wrote) for request in found)
    soon = [request for request in found if request.settle_at is not None]
    soon.sort(key=lambda request: (request.settle_at, request.pk))
    return [row for row in rows if row.waits_for_me][:limit], soon[:limit]
