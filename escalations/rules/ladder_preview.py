"""Who would be paged when, if an incident opened at an instant and nobody ever answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from escalations.rules.ladder import Step, StepKind, climb, hand_over, start
from escalations.rules.ladder_reach import Quiet, Resolve
from escalations.rules.policy import Ladder, Level

# The instants after the first and before the second at which a level's people change.
Changes = Callable[[Level, datetime, datetime], Iterable[datetime]]


def preview(
    ladder: Ladder, resolve: Resolve, at: datetime, quiet: Quiet, changes: Changes
) -> tuple[Step, ...]:
    """The steps of the first cycle, hand-overs during a wait among them, and the first fallback.
    Each is taken at its own instant by the same rules that climb."""
    run, found = start(ladder, at), []
    while run.next_step_at is not None:
        run, steps = climb(run, ladder, resolve, run.next_step_at, quiet)
        found += [step for step in steps if step.cycle == 1]
        if any(step.kind is StepKind.FALLBACK for step in steps):
            return tuple(found)
        if run.cycle > 1 or run.next_step_at is None:
            continue
        level = ladder.levels[run.level - 1]
        began = max(step.at_due for step in steps)
        for edge in changes(level, began, run.next_step_at):
            run, more = hand_over(run, ladder, resolve, edge, quiet)
            found += more
    return tuple(found)
