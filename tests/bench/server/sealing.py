"""Writes rows with their history, seals them and looks back; prints CPU microseconds a row."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from time import process_time

import django

ROWS = 20_000


def cost_us(act: Callable[[], object]) -> float:
    began = process_time()
    act()
    return (process_time() - began) / ROWS * 1e6


def main() -> None:
    django.setup()
    from django.utils import timezone
    from simple_history.utils import bulk_create_with_history

    from accounts.models import Account
    from escalations.selectors.seals import verified
    from escalations.services.seals import seal_all

    logging.disable(logging.INFO)
    at = timezone.now()
    seal_all(at)
    accounts = [Account(external_id=f"bench-{n}", name=f"Bench {n}") for n in range(ROWS)]
    written = cost_us(lambda: bulk_create_with_history(accounts, Account, batch_size=2000))
    sealed = cost_us(lambda: seal_all(at))
    looked = cost_us(lambda: verified("accounts_historicalaccount"))
    quiet = cost_us(lambda: seal_all(at)) * ROWS / 1000
    found = verified()
    assert found.rows >= ROWS and not found.faults and not found.unsealed, found
    print(json.dumps({"written": written, "sealed": sealed, "looked": looked, "quiet_ms": quiet}))


if __name__ == "__main__":
    main()
