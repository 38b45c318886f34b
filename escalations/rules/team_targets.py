"""A team's own time within what is promised to the customer (SEMANTICS 1.1)."""

from __future__ import annotations

from collections.abc import Mapping

from escalations.rules.durations import exact_duration
from escalations.rules.policy import ClockKind, Severity

# What a team may take of the promise, so that handing over and telling the customer fit in too.
SHARE_PERCENT = 80


def team_warnings(targets: Mapping[tuple[int, str], int]) -> list[str]:
    """`targets`: seconds by severity and kind. A sentence for each severity whose team target is
    over its share of the tightest of restore and resolution."""
    found = []
    for severity in Severity:
        team = targets.get((severity.value, ClockKind.OLA.value))
        kinds = (ClockKind.RESTORE, ClockKind.RESOLUTION)
        promised = [
            targets[key] for kind in kinds if (key := (severity.value, kind.value)) in targets
        ]
        if team is None or not promised:
            continue
        most = min(promised) * SHARE_PERCENT // 100
        if team > most:
            found.append(
                f"{severity.label}: a team may take {exact_duration(team)}, more than "
                f"{SHARE_PERCENT} % of what the customer is promised ({exact_duration(most)})."
            )
    return found
