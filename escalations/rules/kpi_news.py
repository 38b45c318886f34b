"""A change of a KPI's state, in the form the incident side reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalations.rules.baselines import Baseline
from escalations.rules.policy import Severity
from escalations.rules.thresholds import Bands, KpiStateName


@dataclass(frozen=True, slots=True)
class KpiFlipNews:
    """One flip. `flip_at` is when the data changed; `value` is None for a flip by the clock.

    `declared_severity` is what the threshold asks for in `to_state`; None when that is no
    excursion of the value. `facts` are those declared for `to_state`, as plain values.
    """

    kpi_id: int
    kpi_code: str
    kpi_name: str
    unit: str
    segment: str
    channel: str
    flip_at: datetime
    period_end: datetime | None
    from_state: KpiStateName
    to_state: KpiStateName
    value: float | None
    threshold_id: int
    declared_severity: Severity | None
    facts: Mapping[str, Any]
    is_late: bool
    limit_text: str


def limit_text(bands: Bands, to_state: KpiStateName | str, value: float | None) -> str:
    """The limit that `value` crossed, in words: "breach below 2.5"."""
    to_state = KpiStateName(to_state)
    if to_state in (KpiStateName.NO_DATA, KpiStateName.SUSPECT) or value is None:
        return "no readings" if value is None else ""
    if to_state is KpiStateName.OK:
        limits = [
            f"{'from' if side == 'lo' else 'up to'} {getattr(bands, f'clear_warn_{side}'):g}"
            for side in bands.sides
        ]
        return "ok " + " ".join(limits)
    level = to_state.value
    crossed = [
        side
        for side in bands.sides
        if (value < getattr(bands, f"{level}_{side}")) == (side == "lo")
        and value != getattr(bands, f"{level}_{side}")
    ]
    # Coming up from breach the value is good again but the state still says warn.
    side = (crossed or list(bands.sides))[0]
    word = "below" if side == "lo" else "above"
    return f"{level} {word} {getattr(bands, f'{level}_{side}'):g}"


def usual_text(usual: Baseline | None) -> str:
    """What the readings of earlier weeks say of this hour, in words: "; usually 998.5"."""
    return "" if usual is None else f"; usually {usual.centre:g}"


def doubt_text(at: datetime, values: Sequence[float]) -> str:
    """What is in doubt, in words: "two values for 10:00 UTC: 3.1 and 2.4"."""
    counts = {2: "two", 3: "three", 4: "four"}
    said = [f"{value:g}" for value in values]
    listed = f"{', '.join(said[:-1])} and {said[-1]}"
    return f"{counts.get(len(said), len(said))} values for {at:%H:%M} UTC: {listed}"
