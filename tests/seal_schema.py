"""A row for each constraint of seals and looks at the record, breaking it and nothing else."""

from __future__ import annotations

from typing import Any

from escalations import models as m
from escalations.services.seals import seal_all
from tests.playbook_schema import copy_of


def seal(w: dict[str, Any], **changes: Any) -> m.Seal:
    seal_all(w["at"])
    return copy_of(m.Seal.objects.first(), **{"seq": 99, **changes})


SEAL_BREAKERS = {
    "seal_place": lambda w: seal(w, seq=1),
    "seal_hashes": lambda w: seal(w, digest="odd"),
    "seal_rows": lambda w: seal(w, first_id=None),
    "verification_head": lambda w: m.Verification(
        at=w["at"], took_ms=1, rows=1, chains=1, unsealed=0, fault_count=0, head="odd"
    ),
}
