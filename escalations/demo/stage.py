"""Plays a story through the services in the order of time: between two steps every timer that
falls due is settled at its very instant, as the clock process would have done."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db.models import F

from escalations.models import CustomerLetter
from escalations.tasks.schedule import next_due, sweep

Step = Callable[[datetime], None]


class Stage:
    """`progress(done, planned)` is called after each step."""

    def __init__(self, progress: Callable[[int, int], Any] | None = None) -> None:
        self._steps: list[tuple[datetime, int, Step]] = []
        self._order = count()
        self._progress = progress
        self._done = 0

    def plan(self, at: datetime, step: Step) -> None:
        """A step may plan later ones while it plays."""
        heapq.heappush(self._steps, (at, next(self._order), step))

    def play(self, until: datetime) -> None:
        while self._steps and self._steps[0][0] <= until:
            at, _, step = heapq.heappop(self._steps)
            self._settle(at)
            step(at)
            _hand_over_letters()
            self._done += 1
            if self._progress:
                self._progress(self._done, self._done + len(self._steps))
        self._settle(until)

    def _settle(self, until: datetime) -> None:
        while (due := next_due()) is not None and due <= until:
            sweep(due)


def _hand_over_letters() -> None:
    """No mail server stands behind the stage: what a customer was written left at once."""
    waiting = CustomerLetter.objects.filter(try_at__isnull=False)
    waiting.update(sent_at=F("created_at"), try_at=None, attempts=1)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)
