"""The queue, as the page shows it. Nine queries with the reader's session and rights, ten with a
search, whatever the filter, the number of rows and of saved views; a few more once after a person,
a team, a right, a view or a ladder changed, for this process keeps them."""

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
from config.lib.phrases import MARK, Phrase, keys_given, once
from config.lib.several import Counts, Sieve, keys_of
from escalations.models import Incident
from escalations.selectors.queue_filters import (
    SORTS,
    SPANS,
    Asked,
    Known,
    chips_of,
    groups_of,
    known_to,
    searched,
    without_unknown,
)
from escalations.selectors.queue_order import SORT_WORDS, Groups, Place, page_of
from escalations.selectors.queue_rows import READ, Around, Queued, Row, row_of
from escalations.selectors.saved_views import Tab, may_change, scopes_of, tabs_of

PAGE = 50
CAP = 1000
SHOWN_VIEWS = 12  # with their counts; the page of views has them all
SEEING = ("view_incident", "oversee_incidents")
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
    reader = Reader(user, known_to(user, Asked()))

    def worded() -> Phrase:
        seen = Incident.objects.visible_to(user, hidden=reader.known.hidden).real()
        news = seen.order_by("-updated_at", "-number")
        return Phrase.of(news.values_list("number", "version", "state")[:NEWS])

    rows = once(("queue version", reader.key), worded).rows(MARK)
    return blake2b(repr(rows).encode(), digest_size=8).hexdigest() if rows else "0"


def queue(user: User, asked: Asked, at: datetime) -> QueuePage:
    known = known_to(user, asked)
    asked = without_unknown(asked, known)
    saved = tabs_of(user)[:SHOWN_VIEWS]
    version = queue_version(user)  # before the rows: what comes between is news once more
    reader = Reader(user, known)
    counts = _counts(reader, asked, saved).at(at)
    found = _found(reader, asked, at)
    total = counts["total"] if found is None else len(found)
    rows, before, after = _page(reader, asked, at, are_few=total <= CAP, found=found)
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
        total=_capped(total),
        version=version,
        poll_url=asked.url("queue-rows"),
        sort_words=SORT_WORDS[asked.sort],
        empty=_empty(asked),
        scopes=tuple(scopes_of(user, known.own)) if asked.query else (),
        chosen=_chosen(saved, asked, user),
        note="That page is not known. This is the first one." if asked.had_bad_place else "",
    )


@dataclass(frozen=True, slots=True)
class Reader:
    """Who asks, and what their statements depend on."""

    user: User
    known: Known

    @property
    def key(self) -> tuple[Any, ...]:
        rights = [self.user.has_perm(f"escalations.{right}") for right in SEEING]
        names = tuple(sorted(self.known.rows.items()))
        return (self.user.pk, self.user.is_active, *rights, self.known.hidden, names)

    def groups(self, asked: Asked, known: Known | None = None) -> Groups:
        """What is asked for, as of `MARK`."""
        visible = Incident.objects.visible_to(self.user, hidden=self.known.hidden).real()
        return groups_of(visible, asked, known or self.known, self.user, MARK)


def _counts(reader: Reader, asked: Asked, saved: Sequence[Tab]) -> Counts:
    """Of the tiles, the tabs and what is asked for; worded once for each reader and filter."""
    counted = {label: (each, reader.known) for label, each in TABS} | {
        "late": (Asked(clock="late"), reader.known),
        "at_risk": (Asked(clock="at_risk"), reader.known),
    }
    if not asked.q:  # else they are looked for apart, and read
        counted["total"] = (asked, reader.known)
    for tab in saved:
        counted[f"view {tab.view.pk}"] = (tab.asked, tab.known)

    def worded() -> Counts:
        lists = {
            name: _whole(reader.groups(each, known), each)
            for name, (each, known) in counted.items()
        }
        return Counts.up_to(CAP + 1, lists, SPANS)

    views = [(tab.asked, *sorted(tab.known.rows.items())) for tab in saved]
    key = ("queue counts", CAP, reader.key, _fixed(asked), *views)
    return once(key, worded)


def _fixed(asked: Asked) -> Asked:
    """Without what no statement of the first page depends on."""
    return replace(asked, place=None, had_bad_place=False, saved=0)


def _whole(groups: Groups, asked: Asked) -> list[QuerySet[Incident]]:
    if not asked.q:
        return groups.whole
    return [found for rows in groups.whole for found in searched(rows, asked.q)]


def _found(reader: Reader, asked: Asked, at: datetime) -> list[int] | None:
    """The keys of what a search finds, `CAP` and one more at most; None without one. Titles are
    what takes long to look through: so it is done once, and the page is made of these."""
    if not asked.q:
        return None

    def worded() -> Phrase:
        lists = [rows[: CAP + 1] for rows in _whole(reader.groups(asked), asked)]
        keys = keys_of(lists)
        using = lists[0].db
        return Phrase.of_text(using, f"{keys.sql} LIMIT {CAP + 1}", keys.params, SPANS)

    phrase = once(("queue found", CAP, reader.key, _fixed(asked)), worded)
    return [key for (key,) in phrase.rows(at)]


def _page(
    reader: Reader, asked: Asked, at: datetime, *, are_few: bool, found: Sequence[int] | None
) -> tuple[list[Queued], str, str]:
    """The rows, and the addresses of the pages before and after. `found`: what a search found."""

    def worded(place: Place | None) -> Phrase:
        groups, few, sieve = reader.groups(asked), None, None
        if are_few:
            using = groups.whole[0].db
            few = keys_given(using) if asked.q else keys_of(groups.whole)
        elif asked.q:
            accounts = Account.objects.filter(name__icontains=asked.q)
            sieve = Sieve("title", asked.q, "account", accounts, PAGE + 1)
        page = page_of(groups, asked.sort, place, MARK, PAGE + 1, few=few, sieve=sieve)
        return Phrase.of(page.values_list(*READ), SPANS)

    def read(place: Place | None) -> list[Queued]:
        if place is None:
            key = ("queue page", PAGE, are_few, reader.key, _fixed(asked))
            phrase = once(key, lambda: worded(None))
        else:
            phrase = worded(place)
        return [Queued._make(row) for row in phrase.rows(at, found or ())]

    place = asked.place
    shown = read(place)
    if place and (not shown or place.is_backward and len(shown) <= PAGE):
        place, shown = None, read(None)  # no page is before it: this is the first
    has_more, rows = len(shown) > PAGE, shown[:PAGE]
    is_backward = bool(place and place.is_backward)
    if is_backward:
        rows.reverse()

    def beside(row: Queued, is_backward: bool) -> str:
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


def _saved_tabs(saved: Sequence[Tab], counts: Mapping[str, int], asked: Asked) -> tuple[View, ...]:
    return tuple(
        View(
            tab.view.name,
            _capped(counts[f"view {tab.view.pk}"]),
            tab.asked.url(),
            asked.saved == tab.view.pk,
            "all" if tab.view.is_for_all else "team" if tab.view.team_id else "me",
        )
        for tab in saved
    )


def _chosen(saved: Sequence[Tab], asked: Asked, user: User) -> ChosenView | None:
    for tab in saved:
        if (view := tab.view).pk == asked.saved:
            is_changed = tab.asked.query != asked.query
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
