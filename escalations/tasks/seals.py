"""Sealing, once a minute; and looking at the whole record, when somebody asks for it."""

from __future__ import annotations

from accounts.models import User
from config.lib.clock import now
from escalations.services.seals import seal_all, verify_record

BUDGET_S = 45  # a job ends after a minute; longer looks are for the command


def seal() -> str:
    done = seal_all(now())
    return f"{done.rows} rows in {done.chains} chains"


def verify(person: int | None = None) -> str:
    by = None if person is None else User.objects.filter(pk=person).first()
    found = verify_record(now(), by=by, budget_s=BUDGET_S)
    return f"{found.fault_count} faults in {found.rows} rows"
