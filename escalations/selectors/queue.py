"""The queue, as the page shows it. Eleven queries at most with the reader's session and rights,
whatever the filter, the number of rows and of saved views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from accounts.models import Account, User
from accounts.selectors.people import rights_of
from config.lib.several import Sieve, counts_up_to
from escalations.models import Incident, SavedView
from escalations.selectors.queue_filters import (
    SORTS,
    Asked,
    Known,
    chips_of,
    groups_of,
    known_to,
    searched,
    without_unknown,
)
from escalations.selectors.queue_order import SORT_WORDS, Groups, Place, page_of
from escalations.selectors.queue_rows import READ, Around, Row, row_of
from escalations.selectors.saved_views import (
    asked_of,
    known_of,
    may_change,
    saved_views,
    scopes_of,
)

PAGE = 50
CAP = 1000
SHOWN_VIEWS = 12  # with their counts; the page of views has them all
NEWS = 40  # the last changes that a version is made of
TABS: tuple[tuple[str, Asked], ...] = (
    ("All open", Asked()),
    ("Mine", Asked(owner="me")),
    ("No owner", Asked(owner="none")),
    ("Due in 30 min", Asked(clock="due")),
    ("Paused", Asked(clock="paused")),
)


@dataclass(frozen=True, slots=True)
class Tile:
    count: int
    url: str
    is_active: bool = False
    is_capped: bool = False


@dataclass(frozen=True, slots=True)
class Tiles:
    late: Tile
    at_risk: Tile
    no_owner: Tile
    open: Tile


@dataclass(frozen=True, slots=True)
class View:
    """`scope` of a saved one: me, team or all."""

    label: str
    count: str
    url: str
    is_active: bool
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Chip:
    label: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class ChosenView:
    """The saved view that the filters began as."""

    pk: int
    name: str
    is_changed: bool
    may_change: bool


@dataclass(frozen=True, slots=True)
class QueuePage:
    """`hidden` are the filters again, as fields of the search form."""

    title: str
    url: str
    clear_url: str
    asked: Asked
    tiles: Tiles
    views: tuple[View, ...]
    sorts: tuple[View, ...]
    chips: tuple[Chip, ...]
    hidden: tuple[tuple[str, str], ...]
    filter_url: str
    rows: tuple[Row, ...]
    next_url: str
    prev_url: str
    total: str
    version: str
    poll_url: str
    sort_words: str
    empty: str
    note: str
    scopes: tuple[tuple[str, str], ...]
    chosen: ChosenView | None


def queue_version(user: User) -> str:
    """Changes with every change of what this reader may see. One query and the rights.

    Made of the last changes, not of the last one alone: a change that began earlier may be
    committed later. Counts nothing, so that it costs the same whatever is open.
    """
    news = Incident.objects.visible_to(user).real().order_by("-updated_at", "-number")
    rows = list(news.values_list("number", "version", "state")[:NEWS])
    return blake2b(repr(rows).encode(), digest_size=8).hexdigest() if rows else "0"


def queue(
    user: User, asked: Asked, at: datetime, saved: Sequence[SavedView] | None = None
) -> QueuePage:
    """`saved`: what `saved_views` gave, where it was read already."""
    known = known_to(user, asked)
    asked = without_unknown(asked, known)
    saved = list(saved_views(user) if saved is None else saved)[:SHOWN_VIEWS]
    version = queue_version(user)  # before the rows: what comes between is news once more
    visible = Incident.objects.visible_to(user, hidden=known.hidden).real()
    groups = groups_of(visible, asked, known, user, at)
    lists = _lists(visible, known, user, at) | {"total": _whole(groups, asked)}
    for view in saved:
        target, names = asked_of(view), Known(known_of(view))
        lists[f"view {view.pk}"] = _whole(groups_of(visible, target, names, user, at), target)
    counts = counts_up_to(CAP + 1, lists)
    rows, before, after = _page(groups, asked, at, are_few=counts["total"] <= CAP)
    rights, around = rights_of(user), Around.of(rows)
    return QueuePage(
        title="Queue",
        url=reverse("queue"),
        clear_url=Asked(sort=asked.sort).url(),
        asked=asked,
        tiles=_tiles(counts, asked),
        views=(*_views(counts, asked), *_saved_tabs(saved, counts, asked)),
        sorts=_sorts(asked),
        chips=_chips(asked, known),
        hidden=_hidden(asked),
        filter_url=asked.with_().url("queue-filters"),
        rows=tuple(row_of(each, around, user, rights, at) for each in rows),
        next_url=after,
        prev_url=before,
        total=_capped(counts["total"]),
        version=version,
        poll_url=asked.url("queue-rows"),
        sort_words=SORT_WORDS[asked.sort],
        empty=_empty(asked),
        scopes=tuple(scopes_of(user, known.own)) if asked.query else (),
        chosen=_chosen(saved, asked, user),
        note="That page is not known. This is the first one." if asked.had_bad_place else "",
    )


def _lists(
    visible: QuerySet[Incident], known: Known, user: User, at: datetime
) -> dict[str, list[QuerySet[Incident]]]:
    """What the tiles and tabs count."""
    counted = {label: each for label, each in TABS} | {
        "late": Asked(clock="late"),
        "at_risk": Asked(clock="at_risk"),
    }
    return {name: groups_of(visible, each, known, user, at).whole for name, each in counted.items()}


def _whole(groups: Groups, asked: Asked) -> list[QuerySet[Incident]]:
    if not asked.q:
        return groups.whole
    return [found for rows in groups.whole for found in searched(rows, asked.q)]


def _page(
    groups: Groups, asked: Asked, at: datetime, *, are_few: bool
) -> tuple[list[Any], str, str]:
    """The rows, and the addresses of the pages before and after."""
    sieve = None
    if are_few:
        groups = replace(groups, whole=_whole(groups, asked))
    elif asked.q:
        accounts = Account.objects.filter(name__icontains=asked.q)
        sieve = Sieve("title", asked.q, "account", accounts, PAGE + 1)

    def read(place: Place | None) -> list[Any]:
        page = page_of(groups, asked.sort, place, at, PAGE + 1, are_few=are_few, sieve=sieve)
        return list(page.select_related("account", "kpi", "commander").only(*READ))

    place = asked.place
    found = read(place)
    if place and (not found or place.is_backward and len(found) <= PAGE):
        place, found = None, read(None)  # no page is before it: this is the first
    has_more, rows = len(found) > PAGE, found[:PAGE]
    is_backward = bool(place and place.is_backward)
    if is_backward:
        rows.reverse()

    def beside(row: Any, is_backward: bool) -> str:
        return asked.url(place=Place.beside(row, asked.sort, is_backward=is_backward))

    before = beside(rows[0], True) if rows and place else ""
    after = beside(rows[-1], False) if rows and (has_more or is_backward) else ""
    return rows, before, after


def _capped(count: int) -> str:
    return f"{CAP:,}+" if count > CAP else f"{count}"


def _tiles(counts: Mapping[str, int], asked: Asked) -> Tiles:
    def tile(count: int, target: Asked) -> Tile:
        return Tile(min(count, CAP), target.url(), asked.query == target.query, count > CAP)

    return Tiles(
        late=tile(counts["late"], Asked(clock="late")),
        at_risk=tile(counts["at_risk"], Asked(clock="at_risk")),
        no_owner=tile(counts["No owner"], Asked(owner="none")),
        open=tile(counts["All open"], Asked()),
    )


def _views(counts: Mapping[str, int], asked: Asked) -> tuple[View, ...]:
    return tuple(
        View(
            label,
            _capped(counts[label]),
            target.url(sort=asked.sort),
            asked.filters == target.filters and not asked.saved,
        )
        for label, target in TABS
    )


def _saved_tabs(
    saved: Sequence[SavedView], counts: Mapping[str, int], asked: Asked
) -> tuple[View, ...]:
    return tuple(
        View(
            view.name,
            _capped(counts[f"view {view.pk}"]),
            asked_of(view).url(),
            asked.saved == view.pk,
            "all" if view.is_for_all else "team" if view.team_id else "me",
        )
        for view in saved
    )


def _chosen(saved: Sequence[SavedView], asked: Asked, user: User) -> ChosenView | None:
    for view in saved:
        if view.pk == asked.saved:
            is_changed = asked_of(view).query != asked.query
            return ChosenView(view.pk, view.name, is_changed, may_change(view, user))
    return None


def _sorts(asked: Asked) -> tuple[View, ...]:
    return tuple(View(label, "", asked.url(sort=code), asked.sort == code) for code, label in SORTS)


def _chips(asked: Asked, known: Known) -> tuple[Chip, ...]:
    """None where a tab says the same."""
    if any(asked.filters == target.filters for _, target in TABS):
        return ()
    return tuple(Chip(label, url) for label, url in chips_of(asked, known))


def _hidden(asked: Asked) -> tuple[tuple[str, str], ...]:
    words: Mapping[str, Any] = asked.query
    found: list[tuple[str, str]] = []
    for name, value in words.items():
        values: Sequence[str] = value if isinstance(value, tuple) else (value,)
        found += [(name, each) for each in values if name != "q"]
    return tuple(found)


def _empty(asked: Asked) -> str:
    if not asked.filters:
        return "Nothing is open."
    said = {
        "Mine": "You have no open incident.",
        "No owner": "Every open incident has an owner.",
        "Due in 30 min": "No deadline in the next 30 minutes.",
        "Paused": "Nothing waits for somebody else.",
    }
    for label, target in TABS:
        if asked.filters == target.filters:
            return said[label]
    if asked.filters == {"clock": "late"}:
        return "Nothing is late."
    return "No open incident fits these filters."


def areas_for(user: User) -> list[str]:
    """Product areas of what is open, for the form of filters."""
    rows = Incident.objects.visible_to(user).real().open().exclude(product_area="")
    return list(
        rows.order_by("product_area").values_list("product_area", flat=True).distinct()[:99]
    )
