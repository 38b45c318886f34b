"""Which way a message takes to its person: decided set-wise, before it is written.

Pages go by the first ways; everything else by mail where there is one, because its thread and its
links stand there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from accounts.models import User
from accounts.selectors.contact_methods import Way, ways_of
from config.lib.stamps import Kept
from escalations.models import Notice
from escalations.models.notices import Channel, NoticeKind


class Ways:
    """The ways of people, read once each however often they are asked for; none where they are
    `kept`."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._kept = kept or Kept(None)
        self._known: dict[int, tuple[Way, ...]] = {}

    def of(self, people: Iterable[User]) -> dict[int, tuple[Way, ...]]:
        """At most one query."""
        wanted = {person.pk: person for person in people}
        if unknown := [wanted[pk] for pk in wanted if pk not in self._known]:
            found = self._kept.many("ways", [p.pk for p in unknown], lambda _: ways_of(unknown))
            self._known |= {pk: ways or () for pk, ways in found.items()}
        return {pk: self._known[pk] for pk in wanted}

    def address(self, notices: Sequence[Notice]) -> list[Notice]:
        """Those of them that have somewhere to go, with channel and address."""
        known = self.of(notice.recipient for notice in notices)
        gone: list[Notice] = []
        for notice in notices:
            if way := _way_of(notice, known[notice.recipient_id]):
                take_way(notice, way)
                gone.append(notice)
        return gone


def _way_of(notice: Notice, ways: tuple[Way, ...]) -> Way | None:
    if notice.kind == NoticeKind.PAGE:
        return ways[notice.way - 1] if notice.way <= len(ways) else None
    return next((way for way in ways if way.kind == Channel.EMAIL), ways[0] if ways else None)


def take_way(notice: Notice, way: Way) -> None:
    notice.address, notice.method_id = way.shown, way.method
    if notice.drill_id is None:
        notice.channel = way.kind
    else:
        notice.channel = Channel.DRILL
