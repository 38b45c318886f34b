"""What a new version would have made of incidents that were, beside the one in force.

A pure replay of stored inputs: what is not stored (who was on call, what people did next) is not
told. The same rows and versions give the same result, and its hash says which those were.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from escalations.rules.judging import Judged, judge
from escalations.rules.policy import PolicyDoc, Severity

ENOUGH = 30  # incidents: fewer indicate, and show nothing
TOLD = 50  # that became less severe, by number
MAJOR = (Severity.S1, Severity.S2)


@dataclass(frozen=True, slots=True)
class Stored:
    """An incident's input as it was decided on. `is_confirmed`: somebody answered for it and its
    last severity stands."""

    number: int
    final: Severity
    is_confirmed: bool
    subject: Mapping[str, object]
    anchors: Mapping[str, int]
    facts: Mapping[str, object]
    declared: Severity | None = None

    @property
    def is_real(self) -> bool:
        return self.is_confirmed and self.final in MAJOR


@dataclass(frozen=True, slots=True)
class Softened:
    """A real S1 or S2 that the new version would score less severe."""

    number: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Result:
    """`matrix`: from severity to severity, only what changes. `real` counts confirmed S1 and S2."""

    count: int
    real: int
    severity: int
    team: int
    ladder: int
    matrix: Mapping[str, int]
    softened: tuple[Softened, ...]
    softened_count: int
    inputs_sha256: str

    @property
    def is_indicative(self) -> bool:
        return self.count < ENOUGH

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def replay(old: PolicyDoc, new: PolicyDoc, rows: Sequence[Stored]) -> Result:
    severity = team = ladder = 0
    matrix: dict[str, int] = {}
    softened: list[Softened] = []
    for row in rows:
        before, after = _judged(old, row), _judged(new, row)
        if before.severity != after.severity:
            severity += 1
            step = f"{before.severity.label} to {after.severity.label}"
            matrix[step] = matrix.get(step, 0) + 1
            if row.is_real and after.severity > before.severity:
                softened.append(Softened(row.number, before.severity.label, after.severity.label))
        team += before.route.rule.team != after.route.rule.team
        ladder += before.ladder(old) != after.ladder(new)
    return Result(
        count=len(rows),
        real=sum(row.is_real for row in rows),
        severity=severity,
        team=team,
        ladder=ladder,
        matrix=dict(sorted(matrix.items())),
        softened=tuple(softened[:TOLD]),
        softened_count=len(softened),
        inputs_sha256=digest(rows),
    )


def _judged(doc: PolicyDoc, row: Stored) -> Judged:
    factors = {factor.code for factor in doc.factors}
    anchors = {code: anchor for code, anchor in row.anchors.items() if code in factors}
    return judge(doc, subject=row.subject, anchors=anchors, facts=row.facts, declared=row.declared)


def digest(rows: Sequence[Stored]) -> str:
    """SHA-256 of the inputs, in their order."""
    content = [asdict(row) for row in rows]
    text = json.dumps(content, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
