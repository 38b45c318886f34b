"""How fast one sender may send: a bucket of tokens for each, in this process's memory.

Nothing is shared between processes: with two web processes a sender gets up to twice the rate.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Hashable

MOST_KEYS = 10_000


class Buckets:
    """`rate` a second in the long run, `burst` at once. A rate of 0 is no limit."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._lock = threading.Lock()
        self._left: dict[Hashable, tuple[float, float]] = {}  # key -> tokens, when

    def take(self, key: Hashable, count: float = 1, *, at: float | None = None) -> float:
        """Take `count` tokens: 0.0, or the seconds to wait if there are too few; then none is
        taken. More than the burst at once may go when the bucket is full, and is paid for after.
        """
        if self.rate <= 0:
            return 0.0
        at = time.monotonic() if at is None else at
        with self._lock:
            left, since = self._left.get(key, (self.burst, at))
            left = min(self.burst, left + (at - since) * self.rate)
            asked = min(count, self.burst)
            if left < asked:
                return (asked - left) / self.rate
            if len(self._left) >= MOST_KEYS:
                self._left.clear()
            self._left[key] = (left - count, at)
        return 0.0
