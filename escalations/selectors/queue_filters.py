"""What the address of a queue asks for: typed, with everything unknown dropped, and back again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connections
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat, Trim
from django.urls import reverse

from accounts.models import Account, Membership, Team, User
from config.lib.stamps import kept
from escalations.models import Incident, LadderRun
from escalations.models.incidents import OPEN, Kind, StateChoice, hidden_teams
from escalations.models.ladders import LIVE
from escalations.selectors.incidents import number_in
from escalations.selectors.queue_order import SORT_LABELS, Groups, Place

SOON = timedelta(minutes=30)
Choices = tuple[tuple[str, str], ...]
SEVERITIES: Choices = (("1", "S1"), ("2", "S2"), ("3", "S3"), ("4", "S4"))
CLOCKS: Choices = (
    ("late", "Late"),
    ("at_risk", "At risk"),
    ("due", "Due in 30 min"),
    ("paused", "Paused"),
)
STATES: Choices = tuple(each for each in StateChoice.choices if each[0] in OPEN)
KINDS: Choices = tuple(Kind.choices)
LEVELS: Choices = tuple((str(level), f"Level {level} or higher") for level in range(1, 7))
AGES: Choices = (
    ("1h", "Older than 1 hour"),
    ("4h", "Older than 4 hours"),
    ("1d", "Older than 1 day"),
    ("7d", "Older than 7 days"),
    ("30d", "Older than 30 days"),
)
AGE_OF = {
    "1h": timedelta(hours=1),
    "4h": timedelta(hours=4),
    "1d": timedelta(days=1),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
}
# How far from the present the instants of a statement may stand.
SPANS = (SOON, *(-age for age in AGE_OF.values()))
SORTS: Choices = tuple(SORT_LABELS.items())
# What the tabs were called in addresses, and what they are now.
OF_VIEW = {
    "mine": {"owner": "me"},
    "no-owner": {"owner": "none"},
    "due": {"clock": "due"},
    "paused": {"clock": "paused"},
}
SEVERAL: dict[str, Choices] = {"severity": SEVERITIES, "state": STATES, "kind": KINDS}
ONE: dict[str, Choices] = {"clock": CLOCKS, "ladder": LEVELS, "age": AGES, "sort": SORTS}
WORD_LENGTHS = {"q": 200, "owner": 150, "area": 80, "team": 40, "account": 100}
FILTERS = (
    "q",
    "severity",
    "owner",
    "clock",
    "state",
    "kind",
    "area",
    "team",
    "account",
    "ladder",
    "age",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """`owner` is me, none or a username; `account` an external id, `team` a code. `saved` is the
    saved view it began as. `had_bad_place`: the page that was asked for is none of this queue."""

    q: str = ""
    severity: tuple[str, ...] = ()
    owner: str = ""
    clock: str = ""
    state: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    area: str = ""
    team: str = ""
    account: str = ""
    ladder: str = ""
    age: str = ""
    sort: str = ""
    saved: int = 0
    place: Place | None = None
    had_bad_place: bool = False

    @classmethod
    def of(cls, given: Any) -> Asked:
        """From the address: a QueryDict, or a plain mapping of words or lists of words."""
        words = _listed(given)

        def first(name: str) -> str:
            return next(iter(words.get(name, ())), "")

        found: dict[str, Any] = {}
        for name, choices in SEVERAL.items():
            asked = {part for word in words.get(name, ()) for part in word.split(",")}
            found[name] = tuple(value for value, _ in choices if value in asked)
        for name, choices in ONE.items():
            found[name] = first(name) if first(name) in dict(choices) else ""
        for name, length in WORD_LENGTHS.items():
            found[name] = first(name).replace("\x00", "").strip()[:length]
        for name, value in OF_VIEW.get(first("view"), {}).items():
            found[name] = found[name] or value
        saved = first("saved")
        found["saved"] = int(saved) if _is_number(saved) else 0
        if at := first("at"):
            try:
                found["place"] = Place.read(at, found["sort"])
            except ValueError:
                found["had_bad_place"] = True
        return cls(**found)

    @property
    def filters(self) -> dict[str, Any]:
        """Name -> value of what is filtered by."""
        return {name: value for name in FILTERS if (value := getattr(self, name))}

    @property
    def query(self) -> dict[str, Any]:
        """What a saved view keeps."""
        return self.filters | ({"sort": self.sort} if self.sort else {})

    def with_(self, **changed: Any) -> Asked:
        """The same from its first page, but for what is changed."""
        return replace(self, **({"place": None, "had_bad_place": False} | changed))

    def url(self, at: str = "queue", **changed: Any) -> str:
        asked = self.with_(**changed) if changed else self
        words: dict[str, Any] = dict(asked.query)
        if asked.saved:
            words["saved"] = asked.saved
        if asked.place:
            words["at"] = asked.place.text
        return reverse(at) + (f"?{urlencode(words, doseq=True)}" if words else "")


def _listed(given: Any) -> dict[str, list[str]]:
    if hasattr(given, "lists"):
        return dict(given.lists())
    assert isinstance(given, Mapping)
    return {
        name: [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]
        for name, value in given.items()
    }


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 16


@dataclass(frozen=True, slots=True)
class Known:
    """The people, teams and accounts that a filter names: (field, word) -> (key, name). `hidden`:
    the teams whose incidents this reader does not see; `own`: code and name of their teams."""

    rows: dict[tuple[str, str], tuple[int, str]]
    hidden: tuple[int, ...] = ()
    own: tuple[tuple[str, str], ...] = ()

    def key(self, field: str, word: str) -> int | None:
        found = self.rows.get((field, word))
        return found[0] if found else None

    def name(self, field: str, word: str) -> str:
        found = self.rows.get((field, word))
        return found[1] if found else word


NAMED = {
    "owner": (User, "username"),
    "team": (Team, "code"),
    "account": (Account, "external_id"),
}


def known_to(user: User, asked: Asked) -> Known:
    """Whom and what a filter names, what is hidden, and the reader's teams. This process keeps
    it until one of them changes; before that, one query."""
    words = {name: getattr(asked, name) for name in NAMED}
    key = ("queue", user.pk, *words.values())
    return kept().one(key, lambda: _known_to(user, words))


def _known_to(user: User, words: Mapping[str, str]) -> Known:
    parts = [_named(field, word) for field, word in words.items() if word not in ("", "me", "none")]
    hidden = hidden_teams(user).order_by().values_list(Value("hidden"), "code", "pk", "name")
    mine = Membership.objects.filter(user=user, valid_to=None).values("team")
    own = (
        Team.objects.filter(pk__in=mine).order_by().values_list(Value("own"), "code", "pk", "name")
    )
    found = list(hidden.union(own, *parts, all=True))
    rows = {(field, word): (key, name or word) for field, word, key, name in found}
    return Known(
        rows,
        tuple(row[2] for row in found if row[0] == "hidden"),
        tuple(sorted((row[1], row[3]) for row in found if row[0] == "own")),
    )


def _named(field: str, word: str) -> QuerySet[Any, Any]:
    model, column = NAMED[field]
    name: Any = "name"
    if model is User:
        name = Trim(Concat("first_name", Value(" "), "last_name"))
    is_it = Q(**{column: word})
    if model is Account:
        is_it |= Q(name=word)  # as people say it
    rows = model._default_manager.filter(is_it).order_by()
    return rows.values_list(Value(field), column, "pk", name)


def without_unknown(asked: Asked, known: Known) -> Asked:
    """Who or what is not there is no filter; a customer named by name is named by its id."""
    changed: dict[str, Any] = {}
    for name in NAMED:
        word = getattr(asked, name)
        if word not in ("", "me", "none") and known.key(name, word) is None:
            others = [code for field, code in known.rows if field == name]
            changed[name] = others[0] if others else ""
    return replace(asked, **changed) if changed else asked


def groups_of(
    rows: QuerySet[Incident], asked: Asked, known: Known, user: User, at: datetime
) -> Groups:
    """The incidents among `rows`, open or not, that are open and asked for; `q` is left to
    `searched`."""
    rows = rows.filter(state__among=asked.state or OPEN)
    if asked.state and connections[rows.db].vendor == "sqlite":
        # It does not see by itself that some of the open ones are open; PostgreSQL does, and
        # would count the condition twice.
        rows = rows.filter(state__among=OPEN)
    if asked.severity:
        rows = rows.filter(severity__in=[int(level) for level in asked.severity])
    if asked.owner == "none":
        rows = rows.filter(accepted_at=None)
    elif asked.owner:
        key = user.pk if asked.owner == "me" else known.key("owner", asked.owner)
        rows = rows.filter(commander=key)
    if asked.kind:
        rows = rows.filter(kind__in=asked.kind)
    if asked.area:
        rows = rows.filter(product_area=asked.area)
    if asked.team:
        rows = rows.filter(team=known.key("team", asked.team))
    if asked.account:
        rows = rows.filter(account=known.key("account", asked.account))
    if asked.age:
        rows = rows.filter(opened_at__lte=at - AGE_OF[asked.age])
    if asked.ladder:
        runs = LadderRun.objects.filter(state__in=LIVE, level__gte=int(asked.ladder))
        rows = rows.filter(Exists(runs.filter(incident=OuterRef("number"))))
    if asked.clock == "paused":
        rows = rows.filter(is_paused=True)
    elif asked.clock == "due":
        rows = rows.filter(next_late_at__gt=at, next_late_at__lte=at + SOON)
    return Groups.of(rows, at, asked.clock)


def searched(rows: QuerySet[Incident], text: str) -> list[QuerySet[Incident]]:
    """What `found_by` finds, in lists that share no row: by title or account, by the number. One
    walk along the index of titles answers both questions of the first."""
    accounts = Account.objects.filter(name__icontains=text).order_by()
    worded = Q(title__icontains=text) | Q(account__in=accounts.values("pk"))
    found = [rows.filter(worded)]
    if (number := number_in(text)) is not None:
        found.append(rows.filter(number=number).exclude(worded))
    return found


def chips_of(asked: Asked, known: Known) -> list[tuple[str, str]]:
    """What is filtered by, in words, each with the address without it."""
    found: list[tuple[str, str]] = []
    if asked.q:
        found.append((f"“{asked.q}”", asked.url(q="")))
    for name, choices in SEVERAL.items():
        chosen = getattr(asked, name)
        for value in chosen:
            left = tuple(other for other in chosen if other != value)
            label = dict(choices)[value]
            said = label if name == "severity" else f"{name.capitalize()}: {label.lower()}"
            found.append((said, asked.with_(**{name: left}).url()))
    if asked.owner:
        owners = {"me": "me", "none": "nobody"}
        who = owners.get(asked.owner) or known.name("owner", asked.owner)
        found.append((f"Owner: {who}", asked.url(owner="")))
    if asked.clock:
        found.append((f"Clock: {dict(CLOCKS)[asked.clock].lower()}", asked.url(clock="")))
    for name, label in (("area", "Area"), ("team", "Team"), ("account", "Customer")):
        if word := getattr(asked, name):
            found.append((f"{label}: {known.name(name, word)}", asked.url(**{name: ""})))
    for name, choices in (("ladder", LEVELS), ("age", AGES)):
        if word := getattr(asked, name):
            label = dict(choices)[word]
            said = f"Ladder: {label.lower()}" if name == "ladder" else label
            found.append((said, asked.url(**{name: ""})))
    return found
