"""Saved views as a reader of the queue finds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, When

from accounts.models import Membership, Team, User
from config.lib.errors import DomainError
from config.lib.stamps import kept
from escalations.models import SavedView, StartView
from escalations.selectors.queue_filters import SEVERAL, Asked, Known, chips_of

SHARE = "escalations.share_view"
WORDS = ("q", "clock", "area", "ladder", "age", "sort")


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One line of the page of views. `scope`: me, all or a team's code."""

    pk: int
    name: str
    url: str
    shared: str
    scope: str
    is_start: bool
    may_change: bool
    words: str


def saved_views(user: User) -> QuerySet[SavedView, Any]:
    """One's own, those of one's teams, and everybody's; own ones first. `is_start` on each."""
    own = Membership.objects.filter(user=user, valid_to=None)
    place = Case(When(user__isnull=False, then=0), When(team__isnull=False, then=1), default=2)
    return (
        SavedView.objects.filter(deleted_at=None)
        .filter(Q(user=user) | Q(team__in=own.values("team")) | Q(is_for_all=True))
        .select_related("person", "team", "of_team", "account")
        .annotate(
            is_start=Exists(StartView.objects.filter(user=user, view=OuterRef("pk"))),
            place=place,
        )
        .order_by("place", "position", "pk")
    )


@dataclass(frozen=True, slots=True)
class Tab:
    """A saved view with the address it stands for and what that names."""

    view: SavedView
    asked: Asked
    known: Known
    is_start: bool


def tabs_of(user: User) -> tuple[Tab, ...]:
    """`saved_views`, kept by this process until one of them changes; to be read only."""
    return kept().one(("views", user.pk), lambda: tuple(map(_tab, saved_views(user))))


def _tab(view: Any) -> Tab:
    return Tab(view, asked_of(view), Known(known_of(view)), bool(view.is_start))


def saved_view(pk: int, user: User) -> SavedView:
    found = saved_views(user).filter(pk=pk).first()
    if found is None:
        raise DomainError("not_found", "There is no such view.", status=404)
    return found


def asked_of(view: SavedView) -> Asked:
    """The address it stands for."""
    given: dict[str, Any] = {name: getattr(view, name) for name in (*WORDS, *SEVERAL)}
    given["owner"] = view.person.username if view.person else view.owner
    given["team"] = view.of_team.code if view.of_team else ""
    given["account"] = view.account.external_id if view.account else ""
    return Asked.of(given | {"saved": view.pk})


def known_of(view: SavedView) -> dict[tuple[str, str], tuple[int, str]]:
    """What it names, for `Known`; no query."""
    found: dict[tuple[str, str], tuple[int, str]] = {}
    if view.person:
        found["owner", view.person.username] = (view.person.pk, str(view.person))
    if view.of_team:
        found["team", view.of_team.code] = (view.of_team.pk, view.of_team.name)
    if view.account:
        found["account", view.account.external_id] = (view.account.pk, view.account.name)
    return found


def shared_with(view: SavedView) -> str:
    if view.is_for_all:
        return "Everybody"
    return view.team.name if view.team else "Only you"


def may_change(view: SavedView, user: User) -> bool:
    """Of a view this person sees. No query: who sees a team's view is in the team."""
    return not view.is_for_all or user.has_perm(SHARE)


def view_rows(user: User) -> list[ViewRow]:
    rows = []
    for view in saved_views(user):
        asked = asked_of(view)
        said = ", ".join(label for label, _ in chips_of(asked, Known(known_of(view))))
        scope = "all" if view.is_for_all else view.team.code if view.team else "me"
        start, may = bool(view.is_start), may_change(view, user)
        shared = shared_with(view)
        rows.append(ViewRow(view.pk, view.name, asked.url(), shared, scope, start, may, said))
    return rows


def scopes_of(user: User, teams: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Whom this person may save a view for; `teams` are their own, by code and name."""
    found = [("me", "Only you"), *teams]
    return [*found, ("all", "Everybody")] if user.has_perm(SHARE) else found


def teams_of(user: User) -> list[tuple[str, str]]:
    teams = Team.objects.filter(memberships__user=user, memberships__valid_to=None).distinct()
    return list(teams.order_by("code").values_list("code", "name"))
