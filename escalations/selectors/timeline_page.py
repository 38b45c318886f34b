"""The timeline of an incident's page: a page of it, folded, filtered, and what is new to me."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.urls import reverse

from accounts.models import User
from escalations.models import Incident, TimelineEvent
from escalations.models.timeline import Visibility
from escalations.rules.folding import BY_MACHINE, Voice, folded
from escalations.rules.policy import Severity
from escalations.selectors.story import HIDDEN, Event, story
from escalations.selectors.visits import Presence

PAGE = 80  # rows of the table; what is folded counts each
MOST_SEQ = 2**31 - 2
FILTERS = (
    ("", "All", "history"),
    (Voice.PEOPLE.value, "People", "user"),
    (Voice.CUSTOMER.value, "Customer", "megaphone"),
    (Voice.MACHINE.value, "Belay", "cpu"),
)
OWNERS = ("claimed", "took_over", "handed_off", "owner_named", "no_owner", "assigned")
KIND_WORDS = {
    "ladder_page": "page of a level",
    "ladder_fallback": "page of the fallback",
    "ladder_empty": "level without anybody",
    "clock_miss": "missed update",
    "clock_warning": "warning of a deadline",
    "signal": "repeat of the signal",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """`before`: only what is older than this place in the story; 0 for the newest."""

    show: str = ""
    before: int = 0

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Asked:
        """What the address says; anything else is as if nothing was asked."""
        show, before = sent.get("show", ""), sent.get("before", "")
        known = show if show in {code for code, _, _ in FILTERS} else ""
        is_place = before.isascii() and before.isdigit() and len(before) < 11
        return cls(known, min(int(before), MOST_SEQ) if is_place else 0)

    def url(self, base: str, **changes: str | int) -> str:
        values = {"show": self.show, "before": self.before, **changes}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{base}?{query}" if query else base


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an event, or a fold with its events. `is_mark`: above it stands what is new,
    from it on what was read before."""

    events: tuple[Event, ...]
    summary: str = ""
    is_mark: bool = False

    @property
    def event(self) -> Event:
        return self.events[0]

    @property
    def began_at(self) -> datetime:
        return self.events[-1].at

    @property
    def is_fold(self) -> bool:
        return len(self.events) > 1


@dataclass(frozen=True, slots=True)
class Missed:
    """What happened since the reader's last visit, in short."""

    since: datetime
    count: int
    first: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    label: str
    icon: str
    url: str
    fragment: str
    is_chosen: bool
    id: str


@dataclass(frozen=True, slots=True)
class TimelinePage:
    incident: Incident
    entries: tuple[Entry, ...]
    choices: tuple[Choice, ...]
    poll_url: str
    older: Choice | None
    newest: Choice | None
    older_count: int
    missed: Missed | None
    since: datetime | None
    others: tuple[str, ...]


def timeline_page(incident: Incident, user: User, presence: Presence, asked: Asked) -> TimelinePage:
    """Three queries while something is new, else one. `presence` of `visits.presence_of`."""
    rows = list(_rows(incident, asked).order_by("-seq")[: PAGE + 1])
    shown, has_older = rows[:PAGE], len(rows) > PAGE
    page, fragment = _urls(incident)
    events = story(shown, user)
    is_marked = not asked.before and presence.before_seq > 0
    entries = _entries(events, presence.before_seq if is_marked else 0)
    last = shown[-1].seq if shown else 0

    def choice(label: str, icon: str, name: str, other: Asked) -> Choice:
        urls = other.url(page) + "#timeline", other.url(fragment)
        return Choice(label, icon, *urls, other == asked, f"story-{name}")

    return TimelinePage(
        incident=incident,
        entries=entries,
        choices=tuple(
            choice(label, icon, code or "all", Asked(show=code)) for code, label, icon in FILTERS
        ),
        poll_url=asked.url(fragment, **{"with": presence.token}),
        older=choice("Older", "chevron-down", "older", Asked(asked.show, last))
        if has_older
        else None,
        newest=choice("Newest", "chevron-up", "newest", Asked(asked.show))
        if asked.before
        else None,
        older_count=max(0, last - 1),
        missed=missed(incident, presence) if is_marked else None,
        since=presence.before_at if is_marked else None,
        others=presence.others,
    )


def _urls(incident: Incident) -> tuple[str, str]:
    number = [incident.number]
    return reverse("incident", args=number), reverse("incident-timeline", args=number)


def _rows(incident: Incident, asked: Asked) -> QuerySet[TimelineEvent]:
    rows = TimelineEvent.objects.filter(incident=incident).exclude(kind__in=HIDDEN)
    if asked.before:
        rows = rows.filter(seq__lt=asked.before)
    if asked.show == Voice.CUSTOMER:
        rows = rows.filter(visibility=Visibility.CUSTOMER)
    elif asked.show:
        machine = Q(actor=None) | Q(kind__in=BY_MACHINE)
        rows = rows.filter(
            machine if asked.show == Voice.MACHINE else ~machine, visibility=Visibility.INTERNAL
        )
    return rows.select_related("actor", "withdrawal__withdrawn_by")


def _entries(events: Sequence[Event], before_seq: int) -> tuple[Entry, ...]:
    """Folded on both sides of the mark, so that a fold never hides where the new begins."""
    new = [event for event in events if event.seq > before_seq]
    read = [event for event in events if event.seq <= before_seq] if before_seq else []
    groups = _groups(new)
    entries = [Entry(tuple(group), _summary(group)) for group in groups]
    for place, group in enumerate(_groups(read)):
        entries.append(Entry(tuple(group), _summary(group), is_mark=place == 0 and bool(new)))
    return tuple(entries)


def _groups(events: Sequence[Event]) -> list[list[Event]]:
    return folded(events, voice=lambda each: each.voice, kind=lambda each: each.kind)


def _summary(events: Sequence[Event]) -> str:
    """`12 in a row: 8 × page of the fallback, 4 × missed update`; empty for one event."""
    if len(events) == 1:
        return ""
    counts = Counter(event.kind for event in events)
    parts = (
        f"{count} × {KIND_WORDS.get(kind, kind.replace('_', ' '))}"
        for kind, count in counts.most_common()
    )
    return f"{len(events)} in a row: {', '.join(parts)}"


def missed(incident: Incident, presence: Presence) -> Missed | None:
    """Counts by kind, and where severity, state and owner began. Two queries."""
    rows = TimelineEvent.objects.filter(incident=incident, seq__gt=presence.before_seq)
    rows = rows.exclude(actor=presence.user_id)
    counted = rows.order_by().values_list("kind", "visibility").annotate(n=Count("pk"))
    kinds: Counter[str] = Counter()
    told = total = 0
    for kind, visibility, count in counted:
        kinds[kind] += count
        total += 0 if kind in HIDDEN else count
        told += count if visibility == Visibility.CUSTOMER else 0
    if not total or presence.before_at is None:
        return None
    firsts: dict[str, dict] = {}
    began = rows.filter(kind__in=("state", "severity")).order_by("seq")
    for kind, detail in began.values_list("kind", "detail")[:20]:
        firsts.setdefault(kind, detail)
    return Missed(
        since=presence.before_at,
        count=total,
        first=presence.before_seq,
        lines=tuple(_lines(incident, kinds, firsts, told)),
    )


def _lines(
    incident: Incident, kinds: Counter[str], firsts: dict[str, dict], told: int
) -> list[str]:
    lines = []
    if kinds["state"]:
        was = str(firsts["state"].get("from", "")).replace("_", " ")
        steps = f"{kinds['state']} change{'s' if kinds['state'] > 1 else ''} of state"
        lines.append(f"{steps}: {was} to {incident.get_state_display().lower()}")
    if kinds["severity"]:
        now = Severity(incident.severity).label
        lines.append(f"Severity: {firsts['severity'].get('from', '')} to {now}")
    if any(kinds[kind] for kind in OWNERS):
        owner = incident.commander
        lines.append(f"Owner now: {owner}" if owner and incident.accepted_at else "No owner now")
    if told:
        lines.append(f"{told} message{'s' if told > 1 else ''} to the customer")
    pages = kinds["ladder_page"] + kinds["ladder_fallback"]
    if pages:
        lines.append(f"{pages} time{'s' if pages > 1 else ''} paged")
    late = kinds["clock_breach"] + kinds["clock_miss"]
    if late:
        lines.append(f"{late} promise{'s' if late > 1 else ''} missed")
    notes = kinds["note"]
    if notes:
        lines.append(f"{notes} note{'s' if notes > 1 else ''}")
    return lines
