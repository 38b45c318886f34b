"""Measures over many incidents (SEMANTICS 3.1, 4.2, 8). Plain numbers in, floats out.

What cannot be measured is None, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

Z95 = 1.96  # the textbook quantile of a two-sided 95 % interval, as in the worked example


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well the automatic severity agrees with the human one; shares of all rated, 0-1.

    A kappa is None when it is not defined: nothing rated, or agreement by chance is complete.
    """

    n: int
    agreement: float | None
    kappa: float | None
    linear: float | None
    quadratic: float | None
    under: float | None
    over: float | None


def agreement(matrix: Sequence[Sequence[int]]) -> Agreement:
    """Read a square confusion matrix: rows human, columns automatic, the worst severity first.

    `under` is the share where the automatic severity was milder than the human one.
    """
    size = len(matrix)
    if any(len(row) != size for row in matrix):
        raise ValueError("a confusion matrix is square")
    n = sum(map(sum, matrix))
    if n == 0:
        return Agreement(0, None, None, None, None, None, None)
    cells = [(i, j, matrix[i][j]) for i in range(size) for j in range(size)]
    rows = [sum(row) for row in matrix]
    columns = [sum(row[j] for row in matrix) for j in range(size)]

    def weighted(power: int) -> float | None:
        """1 - observed / expected disagreement; power 0 counts every disagreement as one."""
        weights = {(i, j): abs(i - j) ** power if i != j else 0 for i, j, _ in cells}
        observed = sum(weights[i, j] * count for i, j, count in cells)
        expected = sum(weights[i, j] * rows[i] * columns[j] for i, j, _ in cells)
        return 1 - observed * n / expected if expected else None

    return Agreement(
        n=n,
        agreement=sum(matrix[i][i] for i in range(size)) / n,
        kappa=weighted(0),
        linear=weighted(1),
        quadratic=weighted(2),
        under=sum(count for i, j, count in cells if j > i) / n,
        over=sum(count for i, j, count in cells if j < i) / n,
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """Type 7, linear interpolation (percentile_cont, Excel .INC); `share` 0-1, 0.9 is P90."""
    if not 0 <= share <= 1:
        raise ValueError("share is between 0 and 1")
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def median(values: Sequence[float]) -> float | None:
    return percentile(values, 0.5)


def mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None


def geomean(values: Sequence[float]) -> float | None:
    """Geometric mean; None when there is no value or one is not positive."""
    if not values or min(values) <= 0:
        return None
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def wilson95(k: int, n: int) -> tuple[float, float] | None:
    """The 95 % Wilson interval of the rate k / n."""
    if not 0 <= k <= n:
        raise ValueError("k is between 0 and n")
    if n == 0:
        return None
    rate, z2 = k / n, Z95 * Z95
    centre = (rate + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(rate * (1 - rate) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At the ends the interval touches 0 or 1 exactly; rounding must not push it past.
    return (0.0 if k == 0 else centre - half, 1.0 if k == n else centre + half)


def balance(hours: Mapping[Hashable, float]) -> float | None:
    """Mean over pairs of people of smaller / larger load; 1 is even. None below two people."""
    pairs = list(combinations(hours.values(), 2))
    if not pairs:
        return None
    return mean([min(pair) / max(pair) if max(pair) else 1.0 for pair in pairs])


def gini(hours: Mapping[Hashable, float]) -> float | None:
    """0 when all carry the same; None when nobody carries anything."""
    loads = list(hours.values())
    total = math.fsum(loads)
    if total <= 0:
        return None
    apart = math.fsum(abs(a - b) for a in loads for b in loads)
    return apart / (2 * len(loads) * total)


@dataclass(frozen=True, slots=True)
class Handoffs:
    """`returns` are hand-offs to an owner that had it before; `index` = returns / handoffs."""

    handoffs: int
    returns: int

    @property
    def index(self) -> float | None:
        return self.returns / self.handoffs if self.handoffs else None

    @property
    def is_ping_pong(self) -> bool:
        """Time for the duty manager to name somebody who keeps it (SEMANTICS 2.5)."""
        return self.returns >= 2 or self.handoffs >= 4


def handoffs(owners: Sequence[Hashable]) -> Handoffs:
    """Count the accepted changes in a sequence of owners, oldest first."""
    seen: set[Hashable] = set()
    count = returns = 0
    for i, owner in enumerate(owners):
        if i and owner != owners[i - 1]:
            count += 1
            returns += owner in seen
        seen.add(owner)
    return Handoffs(count, returns)
