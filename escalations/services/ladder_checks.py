"""What every ladder must hold before its version decides about anybody's night."""

from __future__ import annotations

from datetime import datetime

from config.lib.errors import DomainError
from escalations.rules.policy import Ladder, LadderTarget, PolicyDoc, TargetKind
from escalations.selectors.ladders import DEEPEST, inner, resolver

FEWEST = 2


def check_ladders(doc: PolicyDoc, at: datetime) -> None:
    """Raises DomainError `ladder_target` for managers of managers that never end or name nothing,
    `ladder_empty` for a ladder without levels, `fallback_too_few` where the fallback reaches
    fewer than two people at `at`."""
    for ladder in doc.ladders.values():
        if not ladder.levels:
            raise DomainError("ladder_empty", f"Ladder {ladder.name} has no level.")
        for target in (*ladder.fallback, *(t for level in ladder.levels for t in level.targets)):
            _check_target(ladder, target)
        reached = {p for target in ladder.fallback for p in resolver(None)(target, at)}
        if len(reached) < FEWEST:
            raise DomainError(
                "fallback_too_few",
                f"The fallback of ladder {ladder.name} reaches {len(reached)} people. Name "
                "rosters, teams or people so that it reaches two or more.",
            )


def _check_target(ladder: Ladder, target: LadderTarget) -> None:
    depth = 0
    while target.kind is TargetKind.MANAGER_OF:
        depth += target.depth
        if depth > DEEPEST or not target.ref:
            raise DomainError(
                "ladder_target",
                f"Ladder {ladder.name}: managers at most {DEEPEST} steps above somebody named.",
            )
        try:
            target = inner(target)
        except ValueError as error:
            raise DomainError(
                "ladder_target", f"Ladder {ladder.name}: {target.ref!r} names no target."
            ) from error
