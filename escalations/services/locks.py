"""Taking an incident for a change. Order of locks everywhere: KpiState, Incident, Clock, LadderRun,
Storm. Numbers never change, so rows that point to an incident need not wait for its lock.

The lock comes first and the row with its relations is read afterwards: PostgreSQL, when it had to
wait, looks again at the locked row only, and would hand out the joined rows of before.
"""

from __future__ import annotations

from django.db import connection

from config.lib.rows import stored
from config.lib.statements import ask
from escalations.models import Clock, Incident

RELATED = ("kpi__owner", "kpi__steward", "account__sponsor", "team", "policy_version", "commander")

HELD = "SELECT number FROM escalations_incident WHERE number = %s"


def lock_incident(number: int) -> Incident:
    hold_incident(number)
    return read_incident(number)


def hold_incident(number: int) -> Incident:
    """Locked and not read yet: its fields are read one by one when somebody asks for them."""
    lock = " FOR NO KEY UPDATE" if connection.vendor == "postgresql" else ""
    if not ask(f"{HELD}{lock}", (number,)):
        raise Incident.DoesNotExist(f"There is no incident {number}.")
    return stored(Incident, number)


def read_incident(number: int) -> Incident:
    """With its relations; the caller holds its lock."""
    return Incident.objects.select_related(*RELATED).get(pk=number)


def lock_incidents(*numbers: int) -> None:
    """Several at once, in the one order that cannot deadlock."""
    rows = Incident.objects.select_for_update(no_key=True).only("number").filter(pk__in=numbers)
    list(rows.order_by("pk"))


def lock_clock(pk: int) -> Clock:
    """The incident first, then its clock."""
    number = Clock.objects.values_list("incident_id", flat=True).get(pk=pk)
    incident = lock_incident(number)
    clock = Clock.objects.select_for_update().get(pk=pk)
    clock.incident = incident
    return clock
