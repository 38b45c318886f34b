"""Saving, sharing and deleting views of the queue."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max

from accounts.models import Account, Membership, Team, User
from config.lib.errors import DomainError, NotAllowed, field_error, from_integrity_error
from escalations.models import SavedView, StartView
from escalations.models.saved_views import OwnerWord
from escalations.selectors.queue_filters import SEVERAL, Asked
from escalations.selectors.saved_views import SHARE, WORDS, may_change, saved_view

UNDO_WITHIN = timedelta(minutes=10)
MOST = 50  # of one person, of one team, of everybody


def save_view(name: str, asked: Asked, *, scope: str, by: User, at: datetime) -> SavedView:
    """`scope`: me, all or a team's code.

    Raises DomainError: `name`, `nothing_asked`, `unknown_team`, `missing_right`, `not_a_member`,
    `too_many`, `unique`.
    """
    view = SavedView(made_at=at, made_by=by)
    with transaction.atomic():
        _name(view, name)
        _share(view, scope, by)
        _ask(view, asked)
        others = _beside(view)
        if others.count() >= MOST:
            raise DomainError("too_many", f"There are {MOST} views here: delete one first.")
        view.position = (others.aggregate(last=Max("position"))["last"] or 0) + 1
        return _saved(view)


def change_view(
    pk: int,
    *,
    by: User,
    name: str | None = None,
    scope: str | None = None,
    asked: Asked | None = None,
    position: int | None = None,
) -> SavedView:
    """What is not given stays. Who shared it may take it back: then it is theirs alone."""
    with transaction.atomic():
        view = _theirs(pk, by)
        if name is not None:
            _name(view, name)
        if scope is not None:
            _share(view, scope, by)
        if asked is not None:
            _ask(view, asked)
        if position is not None:
            view.position = position
        return _saved(view)


def delete_view(pk: int, *, by: User, at: datetime) -> SavedView:
    """It can be restored for ten minutes."""
    with transaction.atomic():
        view = _theirs(pk, by)
        view.deleted_at, view.deleted_by = at, by
        return _saved(view)


def restore_view(pk: int, *, by: User, at: datetime) -> SavedView:
    with transaction.atomic():
        rows = SavedView.objects.select_for_update(of=("self",))
        view = rows.filter(pk=pk, deleted_by=by, deleted_at__gt=at - UNDO_WITHIN).first()
        if view is None:
            raise DomainError("not_found", "There is nothing to bring back any more.", status=404)
        view.deleted_at = view.deleted_by = None
        return _saved(view)


def start_with(pk: int | None, *, by: User) -> None:
    """The queue of this person opens with this view; None: with everything."""
    with transaction.atomic():
        if pk is None:
            StartView.objects.filter(user=by).delete()
        else:
            view = saved_view(pk, by)
            StartView.objects.update_or_create(user=by, defaults={"view": view})


def _theirs(pk: int, by: User) -> SavedView:
    view = saved_view(pk, by)
    if not may_change(view, by):
        raise NotAllowed("missing_right", "A duty manager or the committee changes this view.")
    return SavedView.objects.select_for_update(of=("self",)).get(pk=view.pk)


def _name(view: SavedView, name: str) -> None:
    view.name = " ".join(name.split())
    if not 1 <= len(view.name) <= 60:
        raise field_error("name", "name", "Give the view a name of up to 60 letters.")


def _share(view: SavedView, scope: str, by: User) -> None:
    view.user, view.team, view.is_for_all = None, None, False
    if scope == "me":
        view.user = by
    elif scope == "all":
        if not by.has_perm(SHARE):
            raise NotAllowed(
                "missing_right", "A duty manager or the committee shares with everybody."
            )
        view.is_for_all = True
    else:
        view.team = Team.objects.filter(code=scope).first()
        if view.team is None:
            raise field_error("scope", "unknown_team", "There is no team with this code.")
        rows = Membership.objects.filter(team=view.team, user=by, valid_to=None)
        if not rows.exists():
            raise NotAllowed("not_a_member", f"Only members of {view.team} share with it.")


def _ask(view: SavedView, asked: Asked) -> None:
    if not asked.query:
        raise field_error("query", "nothing_asked", "Filter the queue first, then save it.")
    for name in WORDS:
        setattr(view, name, getattr(asked, name))
    for name in SEVERAL:
        setattr(view, name, ",".join(getattr(asked, name)))
    is_word = asked.owner in ("", "me", "none")
    view.owner = asked.owner if is_word else OwnerWord.PERSON
    view.person = None if is_word else _named("owner", User, username=asked.owner)
    view.of_team = _named("team", Team, code=asked.team) if asked.team else None
    view.account = _named("account", Account, external_id=asked.account) if asked.account else None


def _named(field: str, model: type, **name: str) -> Any:
    found = model.objects.filter(**name).first()  # type: ignore[attr-defined]
    if found is None:
        raise field_error(field, "unknown_value", f"There is no {next(iter(name.values()))!r}.")
    return found


def _beside(view: SavedView) -> Any:
    rows = SavedView.objects.filter(deleted_at=None)
    return rows.filter(user=view.user, team=view.team, is_for_all=view.is_for_all)


def _saved(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise from_integrity_error(error) from error
    return view
