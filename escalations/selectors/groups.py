"""What opened lately: the firsts of groups, and how many there were of each kind.

All of it is asked with every signal that opens, so the statements are written out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from config.lib.statements import ask, marks, moment, words
from escalations.models import Incident
from escalations.rules.lifecycle import OPEN_STATES
from escalations.rules.storms import OVERALL, dimensions_of

JOINED = (
    " FROM escalations_incident i"
    " LEFT JOIN accounts_account a ON a.id = i.account_id"
    " LEFT JOIN escalations_kpi k ON k.id = i.kpi_id"
)
# What is asked of the first of a group, in the order of the columns.
ASKED = frozenset(
    "number title state severity opened_at account_id product_area kpi_id drill_id".split()
)
OF_FIRST = [field.attname for field in Incident._meta.concrete_fields if field.attname in ASKED]
OPENED_AT = OF_FIRST.index("opened_at")
ROOTS = (
    f"SELECT a.external_id, k.code, {', '.join(f'i.{name}' for name in OF_FIRST)}{JOINED}"
    # Words and sums of nothing keep other indexes out of it, which hold every open incident, or all
    # that a customer ever had: what opened lately is far less.
    f" WHERE i.parent_id IS NULL AND i.state || '' IN {words(OPEN_STATES)}"
)
LAST_PARTS = "SELECT i.parent_id, MAX(i.opened_at) FROM escalations_incident i"
SHARED = "COALESCE(a.external_id, ''), i.product_area, COALESCE(k.code, '')"


def _of(drill: int | None) -> tuple[str, list[Any]]:
    """Incidents, real or of one drill."""
    return ("i.drill_id IS NULL", []) if drill is None else ("i.drill_id = %s", [drill])


# The end of the span that opened lately leaves room for clocks that differ: it is there because
# PostgreSQL takes a span for few rows, which it is, and half of one for a third of the table.
ROOM = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Root:
    """The first of a group, read in part, and what others may share with it."""

    incident: Incident
    shared: frozenset[str]


def dimensions(incident: Incident) -> frozenset[str]:
    return dimensions_of(
        account=incident.account.external_id if incident.account else "",
        area=incident.product_area,
        kpi=incident.kpi.code if incident.kpi else "",
    )


def roots_of(
    drill: int | None, incidents: Sequence[Incident], since: datetime, at: datetime
) -> list[Root]:
    """Open ones since then that are no part of another, and share something with these."""
    alike: list[str] = []
    values: list[Any] = []
    for column, wanted in (
        ("i.kpi_id IS NULL AND +i.account_id", {i.account_id for i in incidents if not i.kpi_id}),
        ("i.kpi_id IS NULL AND i.product_area", {i.product_area for i in incidents}),
        ("+i.kpi_id", {i.kpi_id for i in incidents}),
    ):
        if known := [each for each in wanted if each]:
            alike.append(f"{column} IN {marks(known)}")
            values += known
    if not alike:
        return []
    where, more = _of(drill)
    text = f"{ROOTS} AND i.opened_at BETWEEN %s AND %s AND {where} AND ({' OR '.join(alike)})"
    found = []
    for account, kpi, *row in ask(text, [since, at + ROOM, *more, *values]):
        row[OPENED_AT] = moment(row[OPENED_AT])
        incident = Incident.from_db("default", OF_FIRST, row)
        shared = dimensions_of(account=account or "", area=incident.product_area, kpi=kpi or "")
        found.append(Root(incident, shared))
    return found


def last_parts(drill: int | None, roots: Iterable[int]) -> dict[int, datetime]:
    """Of each of these the instant its newest part opened."""
    numbers = list(roots)
    where, values = _of(drill)
    chosen = f"WHERE {where} AND i.parent_id IN {marks(numbers)}"
    rows = ask(f"{LAST_PARTS} {chosen} GROUP BY i.parent_id", [*values, *numbers])
    return {parent: last for parent, text in rows if (last := moment(text)) is not None}


def counts_of(drill: int | None, since: datetime, at: datetime, most: int) -> Counter[str]:
    """How many opened after `since`, by what they share. One query; a second one where there are
    more than `most`, which calm times do not have."""
    where, more = _of(drill)
    lately = f"{JOINED} WHERE i.opened_at > %s AND i.opened_at <= %s AND {where}"
    values = [since, at + ROOM, *more]
    newest = ask(f"SELECT {SHARED}{lately} ORDER BY i.opened_at DESC LIMIT %s", [*values, most + 1])
    rows = [(*shared, count) for shared, count in Counter(newest).items()]
    if len(newest) > most:
        rows = ask(f"SELECT {SHARED}, COUNT(*){lately} GROUP BY 1, 2, 3", values)
    counts: Counter[str] = Counter()
    for account, area, kpi, count in rows:
        shared = dimensions_of(account=account, area=area, kpi=kpi)
        counts.update(dict.fromkeys({*shared, OVERALL}, count))
    return counts
