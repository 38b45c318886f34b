"""A company with a great many open incidents: one is told through the services, the database
copies it with its clocks, ledger and ladder, each copy a little later than the one before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import DateTimeField, Model

from accounts.models import Account
from accounts.services.roles import sync_roles
from config.lib import queue
from escalations.demo.company import tell_company
from escalations.models import Clock, ClockEvent, Incident, LadderRun
from escalations.services.incidents import why_sentence
from escalations.services.signals import SignalMessage, receive_signal

GROUP = 10_000  # so many incidents begin at one instant
GROUPS = 6
APART = timedelta(days=20)  # from one group to the next: their clocks never meet
CLOCKS = 4  # of each incident: response, restore, resolution, next update


def tell_one(at: datetime) -> Incident:
    """The demo company, and one S2 that nobody has answered yet."""
    with queue.gathered():
        sync_roles()
        tell_company(at)
        message = SignalMessage(
            source="bench",
            dedup_key="one",
            is_firing=True,
            title="Checkout fails",
            received_at=at,
            account=Account.objects.get(external_id="northwind"),
            facts={"users_pct": 35, "arr_at_risk": 150_000},
            severity_hint="error",
        )
        incident = receive_signal(message, by=None, at=at).incident
    assert incident is not None and incident.clocks.count() == CLOCKS, incident
    return incident


def copy(one: Incident, first: int, last: int, shift_s: str = "") -> None:
    """Copies number `first` to `last` (excluded) of an incident; number 0 is itself. The first
    `GROUPS` groups of `GROUP` begin together, all others a second apart, later; unless `shift_s`
    says in SQL how many seconds after the told one number n begins."""
    shift_s = shift_s or SHIFT_S
    copy_rows(Incident, "number", [one.pk], "number", one.pk, first, last, shift_s)
    clocks = list(Clock.objects.filter(incident=one).order_by("pk").values_list("pk", flat=True))
    copy_rows(Clock, "id", clocks, "incident_id", one.pk, first, last, shift_s)
    starts = ClockEvent.objects.filter(clock__in=clocks).order_by("clock")
    events = list(starts.values_list("pk", flat=True))
    assert len(events) == len(clocks)
    for place, (event, clock) in enumerate(zip(events, clocks, strict=True)):
        copy_rows(
            ClockEvent, "id", [event], "clock_id", clock, first, last, shift_s, len(clocks), place
        )
    runs = list(LadderRun.objects.filter(incident=one).values_list("pk", flat=True))
    copy_rows(LadderRun, "id", runs, "incident_id", one.pk, first, last, shift_s)
    if shift_s == SHIFT_S:
        _say_why(one, first, last)
    _run("ANALYZE")


def _say_why(one: Incident, first: int, last: int) -> None:
    """Each group's next deadline in words, as its services would have said it."""
    for group in range(GROUPS):
        begin, end = max(first, group * GROUP), min(last, (group + 1) * GROUP)
        if begin >= end:
            return
        due = one.next_due_at and one.next_due_at + (group + 1) * APART
        like = Incident(explanation=one.explanation, next_due_at=due)
        said = {**one.explanation, "why": why_sentence(like)}
        copies = Incident.objects.filter(pk__gte=one.pk + begin, pk__lt=one.pk + end)
        copies.update(explanation=said)


SHIFT_S = (
    f"(CASE WHEN n < {GROUP * GROUPS} THEN (n / {GROUP} + 1) * {int(APART.total_seconds())} "
    f"ELSE {int(APART.total_seconds()) * (GROUPS + 2)} + n END)"
)


def copy_rows(
    model: type[Model],
    key: str,
    originals: list[int],
    owner: str,
    owner_pk: int,
    first: int,
    last: int,
    shift_s: str,
    stride: int = 0,
    offset: int = 0,
    more: dict[str, str] | None = None,
) -> None:
    """Row j of n gets the key `original + n * stride`; its owner's key moves in the same way.
    `more` says other columns in SQL."""
    step = stride or len(originals)
    for original in originals:
        base = originals[0] if not stride else original - offset
        place = original - base
        keys = {key: f"{base} + n * {step} + {place}"}
        if owner != key:
            own = step if owner == "clock_id" else 1
            keys[owner] = f"{owner_pk} + n * {own}"
        keys |= more or {}
        _insert(model, key, original, keys, first, last, shift_s)


def _insert(
    model: type[Model],
    key: str,
    original: int,
    keys: dict[str, str],
    first: int,
    last: int,
    shift_s: str,
) -> None:
    columns, values = [], []
    for field in model._meta.concrete_fields:
        column = str(field.column)
        columns.append(column)
        if column in keys:
            values.append(_of_series(keys[column]))
        elif isinstance(field, DateTimeField):
            values.append(_shifted(column, _of_series(shift_s)))
        else:
            values.append(f'src."{column}"')
    table = model._meta.db_table
    names = ", ".join(f'"{column}"' for column in columns)
    series = (
        f"generate_series({first}, {last - 1}) AS g(n)"
        if connection.vendor == "postgresql"
        else f"(WITH RECURSIVE c(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM c "
        f"WHERE n < {last - 1}) SELECT n FROM c) AS g"
    )
    _run(
        f'INSERT INTO "{table}" ({names}) SELECT {", ".join(values)} '  # noqa: S608
        f'FROM "{table}" src, {series} WHERE src."{key}" = {original}'
    )
    if connection.vendor == "postgresql":
        _run(f"SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key})) FROM {table}")  # noqa: S608


def _of_series(sql: str) -> str:
    # A table may have a column of that name as well.
    return re.sub(r"\bn\b", "g.n", sql)


def _shifted(column: str, shift_s: str) -> str:
    if connection.vendor == "postgresql":
        return f"src.\"{column}\" + ({shift_s}) * interval '1 second'"
    moved = f"strftime('%Y-%m-%d %H:%M:%f', src.\"{column}\", ({shift_s}) || ' seconds')"
    return f"CASE WHEN src.\"{column}\" IS NULL THEN NULL ELSE {moved} || '000' END"


def _run(sql: str, values: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def began(group: int, at: datetime) -> datetime:
    """When the incidents of this group begin, if the told one began at `at`."""
    return at + (group + 1) * APART


@contextmanager
def asleep(one: Incident) -> Iterator[None]:
    """The told one has nothing due, whatever the time is meanwhile."""
    rows = [*one.clocks.all(), *one.ladder_runs.all()]
    one.clocks.update(next_wake_at=None)
    one.ladder_runs.update(next_step_at=None, look_at=None)
    yield
    for row in rows:
        row.save()


def without_checks() -> None:
    """This connection copies rows without asking for each whether what it names exists."""
    if connection.vendor == "postgresql":
        _run("SET session_replication_role = replica")
    else:
        _run("PRAGMA foreign_keys = OFF")


def with_checks() -> None:
    if connection.vendor == "postgresql":
        _run("SET session_replication_role = DEFAULT")
    else:
        _run("PRAGMA foreign_keys = ON")
