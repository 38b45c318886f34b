"""Which of the pages that are due may leave now: some wait, some travel together (SEMANTICS 2.4).

Only pages are held back, never other notices, and each way of a person for itself: a page that goes
by two ways is one on each. The caller is inside `atomic()`.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db.models import F

from accounts.models import User
from escalations.models import Notice
from escalations.models.notices import PENDING, Channel, NoticeKind
from escalations.rules.limits import Limits
from escalations.rules.page_limits import HOUR, next_turn
from escalations.rules.policy import Severity
from escalations.selectors.policies import policy_doc

LEASE = timedelta(seconds=60)
Box = tuple[int, int]  # a person, and which of their ways
IN_QUIET_HOURS = "in their quiet hours"


def may_leave(rows: list[Notice], at: datetime) -> list[list[Notice]]:
    """Letters out of due rows: each a list of notices that travel together, mostly one. What must
    wait is put off and says why."""
    pages = [row for row in rows if row.kind == NoticeKind.PAGE and row.channel != Channel.DRILL]
    letters = [[row] for row in rows if row not in pages]
    if not pages:
        return letters
    people = {row.recipient_id for row in pages}
    # Two senders must not both think that a person had no page lately.
    list(
        User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk").only("pk")
    )
    sent = _sent_lately(people, {row.pk for row in pages}, at)
    told = _told_before(pages)
    bundles: dict[Box, list[Notice]] = {}
    for row in sorted(pages, key=lambda page: (page.not_before, page.pk)):
        box = (row.recipient_id, row.way)
        is_first = (box, row.incident_id) not in told
        told.add((box, row.incident_id))
        if row.incident and row.incident.severity == Severity.S1 and is_first:
            letters.append([row])
            sent[box].append(at)
            continue
        if box in bundles:
            bundles[box].append(row)
            continue
        turn = next_turn(sent[box], at, _limits(row))
        if turn.at > at:
            Notice.objects.filter(PENDING, pk=row.pk).update(
                not_before=turn.at, delay_reason=turn.why[:200], leased_until=None
            )
            continue
        letters.append([row])
        sent[box].append(at)
        if turn.is_bundle:
            bundles[box] = letters[-1]
            letters[-1] += _waiting(box, {page.pk for page in pages}, at)
    return letters


def _limits(row: Notice) -> Limits:
    return policy_doc(row.incident.policy_version_id).limits if row.incident else Limits()


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


def _told_before(pages: list[Notice]) -> set[tuple[Box, int | None]]:
    """(box, incident) of those who had a page of this incident."""
    return {
        ((person, way), incident)
        for person, way, incident in Notice.objects.filter(
            kind=NoticeKind.PAGE,
            sent_at__isnull=False,
            recipient__in={row.recipient_id for row in pages},
            incident__in={row.incident_id for row in pages},
        ).values_list("recipient_id", "way", "incident_id")
    }


def _waiting(box: Box, without: set[int], at: datetime) -> list[Notice]:
    """Pages of this person by this way that were put off for the limits, in nobody else's hand."""
    person, way = box
    rows = Notice.objects.filter(
        PENDING, kind=NoticeKind.PAGE, recipient=person, way=way, not_before__gt=at
    ).filter(leased_until=None)
    rows = rows.exclude(delay_reason="")
    rows = rows.exclude(pk__in=without).exclude(delay_reason=IN_QUIET_HOURS)
    found = list(rows.select_related("recipient", "incident").order_by("pk"))
    Notice.objects.filter(pk__in=[row.pk for row in found]).update(
        leased_until=at + LEASE, attempts=F("attempts") + 1
    )
    return found
