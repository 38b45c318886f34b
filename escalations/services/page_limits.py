"""Which of the pages that are due may leave now: some wait, some travel together (SEMANTICS 2.4).

Only pages are held back, never other notices, and each way of a person for itself: a page that goes
by two ways is one on each. The first page of an S1 does not come here: it never waits. The caller
is inside `atomic()`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from escalations.models import Notice
from escalations.models.notices import PENDING, NoticeKind
from escalations.rules.limits import Limits
from escalations.rules.page_limits import HOUR, next_turn
from escalations.selectors.policies import policy_doc

LEASE = timedelta(seconds=60)
Box = tuple[int, int]  # a person, and which of their ways
IN_QUIET_HOURS = "in their quiet hours"


class Due(NamedTuple):
    """A row that is due, as a sender sees it before it takes it."""

    pk: int
    kind: str
    channel: str
    recipient: int
    way: int
    incident: int | None
    username: str
    is_active: bool
    severity: int | None
    policy_version: int | None
    was_told: bool | None  # of the first page of an S1: did they have one of it by this way?


def may_leave(pages: list[Due], at: datetime) -> list[list[int]]:
    """Letters out of pages that are due: each the keys of rows that travel together, mostly one.
    What must wait is put off and says why."""
    letters: list[list[int]] = []
    keys = {page.pk for page in pages}
    sent = _sent_lately({page.recipient for page in pages}, keys, at)
    bundles: dict[Box, list[int]] = {}
    for page in pages:
        box = (page.recipient, page.way)
        if box in bundles:
            bundles[box].append(page.pk)
            continue
        turn = next_turn(sent[box], at, _limits(page))
        if turn.at > at:
            Notice.objects.filter(PENDING, pk=page.pk).update(
                not_before=turn.at, delay_reason=turn.why[:200], leased_until=None
            )
            continue
        letters.append([page.pk])
        sent[box].append(at)
        if turn.is_bundle:
            bundles[box] = letters[-1]
            letters[-1] += _waiting(box, keys, at)
    return letters


def _limits(page: Due) -> Limits:
    return policy_doc(page.policy_version).limits if page.policy_version else Limits()


def _sent_lately(
    people: set[int], without: set[int], at: datetime
) -> defaultdict[Box, list[datetime]]:
    """When each person's pages of the last hour left, also those now in hand."""
    pages = Notice.objects.filter(
        kind=NoticeKind.PAGE, recipient__in=people, bundle=None, drill=None
    ).exclude(pk__in=without)
    found: defaultdict[Box, list[datetime]] = defaultdict(list)
    lately = pages.filter(sent_at__gt=at - HOUR)
    for person, way, sent_at in lately.values_list("recipient", "way", "sent_at"):
        assert sent_at is not None, "filtered above"
        found[person, way].append(sent_at)
    in_hand = pages.filter(PENDING, leased_until__gt=at)
    for person, way, until in in_hand.values_list("recipient", "way", "leased_until"):
        assert until is not None, "filtered above"
        found[person, way].append(until - LEASE)
    for times in found.values():
        times.sort()
    return found


def _waiting(box: Box, without: set[int], at: datetime) -> list[int]:
    """Pages of this person by this way that were put off for the limits, in nobody else's hand."""
    person, way = box
    rows = Notice.objects.filter(
        PENDING, kind=NoticeKind.PAGE, recipient=person, way=way, not_before__gt=at
    ).filter(leased_until=None)
    rows = rows.exclude(delay_reason="")
    rows = rows.exclude(pk__in=without).exclude(delay_reason=IN_QUIET_HOURS)
    return list(rows.order_by("pk").values_list("pk", flat=True))
