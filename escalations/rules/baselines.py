"""The seasonal band of a KPI from the values of one bucket (SEMANTICS 5.2).

The centre is the median and the spread comes from the MAD, so that one wild value neither moves
the band nor hides the next drop. Which values share a bucket is the caller's to say.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from escalations.rules.metrics import median, percentile

WARN_K = 3.5
BREACH_K = 5.0
EVENT_K = 8.0  # while a known event (promotion, release) is on
MAD_TO_SPREAD = 1.4826  # makes the MAD of a normal distribution its standard deviation
IQR_TO_SPREAD = 1.349
LEAST_SHARE = 0.01  # of the median: no band is narrower than this


@dataclass(frozen=True, slots=True)
class Baseline:
    """Centre and spread in the KPI's own unit, and how many values they rest on."""

    centre: float
    spread: float
    count: int

    def band(self, k: float) -> tuple[float, float]:
        """(low, high): centre -+ k spreads. A value on the edge is inside."""
        return self.centre - k * self.spread, self.centre + k * self.spread

    @property
    def warn(self) -> tuple[float, float]:
        return self.band(WARN_K)

    @property
    def breach(self) -> tuple[float, float]:
        return self.band(BREACH_K)


def baseline(values: Sequence[float], *, resolution: float = 0.0) -> Baseline | None:
    """The baseline of the values of one bucket, or None when there are none.

    `resolution` is the smallest step the KPI can take. The spread never falls below it, nor below
    1 % of the median, nor below what the quartiles of the residuals say.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return None
    centre = median(finite)
    residuals = [value - centre for value in finite]
    mad = median([abs(residual) for residual in residuals])
    iqr = percentile(residuals, 0.75) - percentile(residuals, 0.25)
    spread = max(MAD_TO_SPREAD * mad, LEAST_SHARE * abs(centre), iqr / IQR_TO_SPREAD, resolution)
    return Baseline(centre, spread, len(finite))
