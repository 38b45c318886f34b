"""What a rehearsal puts in for a field that is still empty, so that the effect shows at once.

Only where the effect does not hang on the value: a reason, a plan, a note. Who takes it, which
severity, into which incident: nothing stands in for these.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from escalations.rules.lifecycle import Verb
from escalations.rules.situation import Unmet
from escalations.rules.verbs import FIELDS

TEXT = "…"
WORDS = frozenset({"text", "textarea"})
# These are words too, and name somebody or something.
NAMES = frozenset({"to_person", "to_team", "person", "approver", "category", "team"})
VALUES = {"resolution_code": "fixed", "cause_category": "unknown"}
ASSUMED: dict[Verb, dict[str, Any]] = {
    Verb.PAUSE: {"reason": "customer_wait"},
    Verb.VERIFY: {"outcome": "confirmed"},
    Verb.LINK: {"kind": "related"},
    Verb.CLAIM: {"take_over": True},
}


def stand_ins(
    verb: Verb, given: Mapping[str, Any], failed: Iterable[Unmet], *, by: str, at: datetime
) -> dict[str, Any]:
    """Values for what is missing, by field. `by` is the username of who asks."""
    found = {name: v for name, v in ASSUMED.get(verb, {}).items() if not given.get(name)}
    kinds = {spec.name: spec.kind for spec in FIELDS[verb]}
    for each in failed:
        name = each.field
        if name not in kinds or given.get(name):
            continue
        if name in VALUES:
            found[name] = VALUES[name]
        elif name == "next_step_owner":
            found[name] = by
        elif name == "next_step_due_at":
            found[name] = at + timedelta(hours=1)
        elif name == "customer_told":
            found[name] = True
        elif kinds[name] in WORDS and name not in NAMES:
            found[name] = TEXT
    return found


def still_missing(verb: Verb, given: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels of fields without which the act means nothing."""
    return tuple(s.label for s in FIELDS[verb] if s.required and not given.get(s.name))
