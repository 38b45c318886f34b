"""Many timers settled by a few statements: claimed together, decided in memory, written together.

A batch is one transaction, all or nothing. Rows that another process has locked are left out and
found by the next look; what is rare is left to the verb that settles one row, which stays the
truth: both give the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple

from django.db.models import prefetch_related_objects

from config.lib.bulk import update_changed, update_rows
from config.lib.rows import read
from escalations.models import Clock, Drill, Incident, LadderRun
from escalations.selectors.promises import promises_of
from escalations.services.incidents import why_sentence
from escalations.services.recorder import Recorder

QUEUE_FIELDS = (
    "version",
    "updated_at",
    "has_missed",
    "is_paused",
    "next_due_at",
    "next_late_at",
    "next_warn_at",
)


# What timers read of an incident; half of its columns, and its text may be long.
NEEDED = (
    *QUEUE_FIELDS,
    "title",
    "state",
    "severity",
    "policy_version",
    "account",
    "kpi",
    "team",
    "commander",
    "accepted_at",
    "opened_at",
    "acknowledged_at",
    "containment_proposed_at",
    "contained_at",
    "drill",
)


_queued = attrgetter(*QUEUE_FIELDS)
# Of its explanation, which is long: what they say, and what `why_sentence` says.
SAID = ("why", "why_severity", "why_owner", "policy", "ladder")


@dataclass(slots=True)
class Batch:
    """`done` rows are settled; `rest` are keys of rows for the verb that settles one."""

    done: int = 0
    rest: list[int] = field(default_factory=list)


class Claimed(NamedTuple):
    pk: int
    incident: int


def claim(
    model: type[Clock] | type[LadderRun],
    field: str,
    at: datetime,
    drill: Drill | None,
    limit: int,
) -> list[Claimed]:
    """Lock due rows with their incidents, oldest first, without waiting for anybody."""
    rows = model.objects.of_drill(drill).filter(**{f"{field}__lte": at})
    # Without `of`, and with a column of it read, the incident is locked as well.
    rows = rows.select_for_update(skip_locked=True, no_key=True)
    # In the order of the index alone: of a thousand due at one instant not all need be sorted.
    found = rows.order_by(field).values_list(field, "pk", "incident_id", "incident__version")
    return [Claimed(pk, incident) for _, pk, incident, _ in sorted(found[:limit])]


def rounds(claimed: Sequence[Claimed]) -> Iterator[list[Claimed]]:
    """In each round an incident comes once, so that its changes follow one another."""
    turns: dict[int, int] = defaultdict(int)
    found: dict[int, list[Claimed]] = defaultdict(list)
    for row in claimed:
        found[turns[row.incident]].append(row)
        turns[row.incident] += 1
    yield from found.values()


def incidents_of(numbers: Iterable[int]) -> dict[int, Incident]:
    """As they are under their locks, with their owners."""
    found = read(Incident, NEEDED, set(numbers), parts=("explanation", SAID))
    prefetch_related_objects(found, "commander")
    return {incident.number: incident for incident in found}


def finish_all(incidents: Sequence[Incident], recorder: Recorder) -> None:
    """The end of a change of many incidents by the machine, once their clocks are written; their
    states are as before. No row of history: nothing that it holds has changed."""
    promises = promises_of([incident.pk for incident in incidents])
    before = [_queued(incident) for incident in incidents]
    said: dict[int, str] = {}
    for incident in incidents:
        incident.version += 1
        incident.updated_at = recorder.at
        for name, value in promises[incident.pk].items():
            setattr(incident, name, value)
        if (why := why_sentence(incident)) != incident.explanation.get("why"):
            said[incident.number] = why
    update_changed(incidents, QUEUE_FIELDS, before)
    if said:
        _say_why(said)
    recorder.write()


def _say_why(said: Mapping[int, str]) -> None:
    whole = read(Incident, ("explanation",), said)
    for incident in whole:
        incident.explanation["why"] = said[incident.number]
    update_rows(whole, ("explanation",))
