"""Takes rows of the outbox for one sender: no other has them until the lease ends.

One look, which locks nothing, and one statement that takes what it found. Only pages that may have
to wait for earlier ones are decided in a transaction. Written out, because it runs fifty times a
second.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import NamedTuple

from django.db import connection, transaction

from accounts.models import User
from config.lib.statements import among, ask, bare, keys, moment
from escalations.models import Notice
from escalations.models.notices import Channel, NoticeKind
from escalations.rules.policy import Severity
from escalations.services.page_limits import LEASE, Due, may_leave

AT_MOST = 200
_FREE = """{n}sent_at IS NULL AND {n}cancelled_at IS NULL AND {n}failed_at IS NULL
  AND ({n}leased_until IS NULL OR {n}leased_until <= %s)"""
# The index of a person's pages would be read whole: `+` keeps away from it.
_LOOK = """
SELECT n.id, n.kind, n.channel, n.recipient_id, n.way, n.incident_id, u.username, u.is_active,
       i.severity, i.policy_version_id,
       n.kind = 'page' AND i.severity = 1 AND EXISTS (
           SELECT 1 FROM escalations_notice t
           WHERE t.incident_id = n.incident_id AND +t.recipient_id = n.recipient_id
             AND +t.way = n.way AND t.kind = 'page' AND t.sent_at IS NOT NULL)
FROM escalations_notice n
JOIN accounts_user u ON u.id = n.recipient_id
LEFT JOIN escalations_incident i ON i.number = n.incident_id
WHERE {free} AND n.not_before <= %s{among}
ORDER BY n.not_before, n.id LIMIT %s{locked}
"""
_TAKE = """
UPDATE escalations_notice SET leased_until = %s, attempts = attempts + 1 WHERE {which}
RETURNING id, key, incident_id, kind, channel, recipient_id, address, method_id, subject, text,
          attempts, attempts_before, step_id, {times}
"""


@dataclass(slots=True)
class Outgoing:
    """A notice in the hand of a sender, as it was when it was taken."""

    pk: int
    key: str
    incident_id: int | None
    kind: str
    channel: str
    recipient_id: int
    address: str
    method_id: int | None
    subject: str
    text: str
    attempts: int
    attempts_before: int
    step_id: int | None
    created_at: datetime
    began_at: datetime | None
    uncertain_at: datetime | None
    username: str
    is_active: bool

    @classmethod
    def of(cls, notice: Notice) -> Outgoing:
        """One that was taken otherwise."""
        person = notice.recipient
        told = {name: getattr(notice, name) for name in _STORED}
        return cls(**told, username=person.username, is_active=person.is_active)


_STORED = tuple(each.name for each in fields(Outgoing))[:-2]


class Leased(NamedTuple):
    letters: list[list[Outgoing]]  # notices that go out as one, mostly one each
    seen: int  # rows that were due


def lease(at: datetime, limit: int = AT_MOST) -> Leased:
    """Take up to `limit` due notices for this sender; another sender takes others. Pages that
    nothing holds back come first."""
    rows = _look(at, limit)
    first: dict[tuple[int, int, int | None], list[int]] = {}
    others, held = [], []
    for row in rows:
        page = (row.recipient, row.way, row.incident)
        if row.kind != NoticeKind.PAGE or row.channel == Channel.DRILL:
            others.append([row.pk])
        elif row.severity == Severity.S1 and not row.was_told and page not in first:
            first[page] = [row.pk]  # the first page of an S1 never waits
        else:
            held.append(row)
    people = {row.recipient: row for row in rows}
    letters = [*first.values(), *others]
    taken = _take(letters, at, people, is_due=True) if letters else {}
    if held:
        with transaction.atomic():
            in_turn = may_leave(_locked(held, at), at)
            taken |= _take(in_turn, at, people) if in_turn else {}
        letters += in_turn
    found = [[taken[pk] for pk in letter if pk in taken] for letter in letters]
    return Leased([letter for letter in found if letter], len(rows))


def _look(at: datetime, limit: int) -> list[Due]:
    return [Due(*row) for row in ask(_look_words(connection.vendor), [at, at, limit])]


def _locked(rows: list[Due], at: datetime) -> list[Due]:
    """Those of them that are still due and in nobody's hand, held until this transaction ends."""
    if connection.features.has_select_for_update:
        # Two senders must not both think that a person had no page lately.
        people = User.objects.select_for_update(no_key=True).order_by("pk").only("pk")
        list(people.filter(pk__in={row.recipient for row in rows}))
    words = _look_words(connection.vendor, is_locked=True)
    return [Due(*row) for row in ask(words, [at, at, keys(row.pk for row in rows), len(rows)])]


def _take(
    letters: list[list[int]], at: datetime, people: dict[int, Due], *, is_due: bool = False
) -> dict[int, Outgoing]:
    """What nobody else took or ended meanwhile; `is_due`: nor put off. One statement."""
    wanted = keys(pk for letter in letters for pk in letter)
    values = [at + LEASE, wanted, at, *([at] if is_due else [])]
    taken = {}
    for *told, created_at, began_at, uncertain_at in ask(
        _take_words(connection.vendor, is_due), values
    ):
        person = people[told[5]]
        times = [moment(created_at), moment(began_at), moment(uncertain_at)]
        row = Outgoing(*[*told, *times, person.username, bool(person.is_active)])
        taken[row.pk] = row
    return taken


@cache
def _look_words(vendor: str, *, is_locked: bool = False) -> str:
    can_skip = is_locked and connection.features.has_select_for_update_skip_locked
    return _LOOK.format(
        free=_FREE.format(n="n."),
        among=f" AND {among('n.id')}" if is_locked else "",
        locked=" FOR UPDATE OF n SKIP LOCKED" if can_skip else "",
    )


@cache
def _take_words(vendor: str, is_due: bool) -> str:
    which = f"{among('id')} AND {_FREE.format(n='')}"
    which += " AND not_before <= %s" if is_due else ""
    if connection.features.has_select_for_update_skip_locked:
        which = f"""id = ANY(ARRAY(SELECT id FROM escalations_notice WHERE {which}
            ORDER BY id FOR UPDATE SKIP LOCKED))"""  # noqa: S608 (no user's text)
    times = ", ".join(map(bare, ("created_at", "began_at", "uncertain_at")))
    return _TAKE.format(which=which, times=times)
