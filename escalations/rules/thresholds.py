"""The state machine of one KPI series: N of M to enter, C in a row to leave (SEMANTICS 5.1).

Bands are limits in the KPI's own unit. A value equal to `warn` or `breach` is still good, a value
equal to a clear level counts as cleared. Values are finite numbers or None for a missing point;
what is not a number is taken as missing, because readings are checked before they come here.

`suspect` is never reached here: a suspect reading is simply not given to the machine, which
freezes the state. `no_data` after a time without any reading is the timer's business; here it
comes only from the missing policy of that name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from typing import NamedTuple

FLAP_ENTRIES = 3
FLAP_WINDOW = timedelta(hours=24)


class KpiStateName(StrEnum):
    OK = "ok"
    WARN = "warn"
    BREACH = "breach"
    NO_DATA = "no_data"
    SUSPECT = "suspect"


class Direction(StrEnum):
    HIGHER = "higher"
    LOWER = "lower"
    RANGE = "range"


class MissingPolicy(StrEnum):
    """What a missing point means. `hold` changes nothing, not even a run of good points."""

    HOLD = "hold"
    BREACHING = "breaching"
    OK = "ok"
    NO_DATA = "no_data"  # M missing points in a row: no_data, until the next value


class Mode(StrEnum):
    """Which limits judge: those given, those learned (rules.baselines), or the worse of both."""

    STATIC = "static"
    BASELINE = "baseline"
    BOTH = "both"


LEVELS = ("breach", "clear_breach", "warn", "clear_warn", "target")  # from worst to best
OK, WARN, BREACH, NO_DATA = (
    KpiStateName.OK,
    KpiStateName.WARN,
    KpiStateName.BREACH,
    KpiStateName.NO_DATA,
)


@dataclass(frozen=True, slots=True)
class Bands:
    """`higher` uses the `_lo` side, `lower` the `_hi` side, `range` both.

    Both ends of the target may be given for every direction; the end that is not the limit is
    only shown.
    """

    direction: Direction | str
    target_lo: float | None = None
    target_hi: float | None = None
    warn_lo: float | None = None
    warn_hi: float | None = None
    breach_lo: float | None = None
    breach_hi: float | None = None
    clear_warn_lo: float | None = None
    clear_warn_hi: float | None = None
    clear_breach_lo: float | None = None
    clear_breach_hi: float | None = None

    @classmethod
    def one_sided(
        cls,
        direction: Direction | str,
        *,
        warn: float,
        breach: float,
        clear_warn: float,
        clear_breach: float,
        target_lo: float | None = None,
        target_hi: float | None = None,
    ) -> Bands:
        """Bands of a `higher` or `lower` KPI from its four plain limits."""
        side = "lo" if direction == Direction.HIGHER else "hi"
        limits = {
            f"warn_{side}": warn,
            f"breach_{side}": breach,
            f"clear_warn_{side}": clear_warn,
            f"clear_breach_{side}": clear_breach,
        }
        return cls(direction, target_lo=target_lo, target_hi=target_hi, **limits)

    @property
    def sides(self) -> tuple[str, ...]:
        both = {Direction.HIGHER: ("lo",), Direction.LOWER: ("hi",), Direction.RANGE: ("lo", "hi")}
        return both[Direction(self.direction)]

    @property
    def empty_sides(self) -> tuple[str, ...]:
        """Sides without a single limit."""
        levels = [level for level in LEVELS if level != "target"]
        return tuple(
            side
            for side in self.sides
            if all(getattr(self, f"{level}_{side}") is None for level in levels)
        )


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """N of the last M points enter a state, C good points in a row leave it."""

    bands: Bands
    n: int
    m: int
    c: int
    missing: MissingPolicy | str = MissingPolicy.HOLD
    mode: Mode | str = Mode.STATIC
    warn_k: float = 3.5  # spreads from the learned centre
    breach_k: float = 5.0
    resolution: float = 0.0


class Flip(NamedTuple):
    at: datetime
    from_state: KpiStateName
    to_state: KpiStateName
    value: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """All that the past of a series can still decide.

    `warn_bits` and `breach_bits` are the last M zones, newest in bit 0: warn-or-worse, and breach.
    A good point and a point not seen count alike, so an empty history is 0. What can no longer
    decide is kept at 0 (runs while ok, the breach run while in warn, zones while in breach, which
    only a run leaves), so that equal machines behave equally and nothing more need be stored.
    `missing_run` counts skipped missing points up to M; `held` is the state under `no_data`.
    """

    state: KpiStateName = KpiStateName.OK
    warn_bits: int = 0
    breach_bits: int = 0
    clear_breach_run: int = 0
    clear_warn_run: int = 0
    missing_run: int = 0
    held: KpiStateName = KpiStateName.OK

    @classmethod
    def resume(
        cls,
        state: KpiStateName | str,
        recent: Iterable[float | None],
        rule: ThresholdRule,
        bands: Iterable[Bands] | None = None,
    ) -> Machine:
        """The machine after the values `recent`, when it stood in `state` after them.

        Equal to the machine of a full replay if `recent` holds, oldest first, either every point
        after the last restart (`restarted_at`; the restarting point itself is not among them; all
        points when there was none), or the last max(M, C) or more of those. Points that the rule
        skips as missing do not count towards max(M, C).

        For a late point: take the state just before it and the readings between the last restart
        before it and itself, resume, then replay from the late point on.

        `bands`, one for each value, stand for those of the rule where limits change by the hour.

        `state` is ok, warn or breach, else ValueError: what lies under `no_data` is not in the
        values; resume where it began and replay the missing points.
        """
        state = KpiStateName(state)
        if state not in (OK, WARN, BREACH):
            raise ValueError(f"a machine cannot be resumed in {state}")
        stand_in = _stand_in(rule)
        mask = (1 << rule.m) - 1
        warn_bits = breach_bits = breach_run = warn_run = missing = 0
        given = repeat(rule.bands) if bands is None else bands
        for value, limits in zip(recent, given, strict=False):
            b_lo, b_hi, w_lo, w_hi, cb_lo, cb_hi, cw_lo, cw_hi = _limits(limits)
            if value is None or value != value:
                if stand_in is None:
                    missing = min(missing + 1, rule.m)
                    continue
                value = stand_in
            else:
                missing = 0
            warn_bits = (warn_bits << 1 | (not w_lo <= value <= w_hi)) & mask
            breach_bits = (breach_bits << 1 | (not b_lo <= value <= b_hi)) & mask
            breach_run = breach_run + 1 if cb_lo <= value <= cb_hi else 0
            warn_run = warn_run + 1 if cw_lo <= value <= cw_hi else 0
        if state is BREACH:
            return cls(state, 0, 0, breach_run, warn_run, missing, state)
        if state is OK:
            warn_run = 0
        return cls(state, warn_bits, breach_bits, 0, warn_run, missing, state)

    def zones(self, m: int) -> str:
        """The last M zones, oldest first: `.` good or not seen, `w` warn, `b` breach."""
        return "".join(
            "b" if self.breach_bits >> i & 1 else "w" if self.warn_bits >> i & 1 else "."
            for i in reversed(range(m))
        )

    def as_json(self) -> list[str | int]:
        """Seven plain values to store; `from_json` reads them back."""
        return [
            self.state.value,
            self.warn_bits,
            self.breach_bits,
            self.clear_breach_run,
            self.clear_warn_run,
            self.missing_run,
            self.held.value,
        ]

    @classmethod
    def from_json(cls, stored: Sequence[str | int]) -> Machine:
        state, warn_bits, breach_bits, breach_run, warn_run, missing, held = stored
        return cls(
            KpiStateName(str(state)),
            int(warn_bits),
            int(breach_bits),
            int(breach_run),
            int(warn_run),
            int(missing),
            KpiStateName(str(held)),
        )


_SOME_TIME = datetime.min  # of a point whose flip nobody asks for


def step(machine: Machine, rule: ThresholdRule, value: float | None) -> Machine:
    """The machine after one more point in event-time order; None is a missing point."""
    return replay(machine, rule, ((_SOME_TIME, value),))[0]


def replay(
    machine: Machine, rule: ThresholdRule, points: Iterable[tuple[datetime, float | None]]
) -> tuple[Machine, list[Flip]]:
    """The machine after `points` (at, value), in event-time order, and every change of state.

    Written as one flat loop: a series has 100,000 points and nearly all of them change nothing.
    """
    n, m, c = rule.n, rule.m, rule.c
    b_lo, b_hi, w_lo, w_hi, cb_lo, cb_hi, cw_lo, cw_hi = _limits(rule.bands)
    stand_in = _stand_in(rule)
    can_lose_data = rule.missing == MissingPolicy.NO_DATA
    mask = (1 << m) - 1
    is_dark = machine.state is NO_DATA
    state = machine.held if is_dark else machine.state
    warn_bits, breach_bits = machine.warn_bits, machine.breach_bits
    breach_run, warn_run = machine.clear_breach_run, machine.clear_warn_run
    missing = machine.missing_run
    flips: list[Flip] = []
    for at, value in points:
        if value is None or value != value:
            if stand_in is None:
                missing = min(missing + 1, m)
                if can_lose_data and missing == m and not is_dark:
                    is_dark = True
                    flips.append(Flip(at, state, NO_DATA, None))
                continue
            measured, value = None, stand_in
        else:
            measured, missing = value, 0
            if state is OK and w_lo <= value <= w_hi and not is_dark:  # the quiet point
                if warn_bits:
                    warn_bits = warn_bits << 1 & mask
                    breach_bits = breach_bits << 1 & mask
                continue
        before = NO_DATA if is_dark else state
        is_dark = False
        if state is BREACH:
            if cb_lo <= value <= cb_hi:
                breach_run += 1
                warn_run = warn_run + 1 if cw_lo <= value <= cw_hi else 0
                if breach_run >= c:
                    state = OK if warn_run >= c else WARN
                    breach_run = warn_run = 0
            else:
                breach_run = warn_run = 0
        else:
            is_warn = not w_lo <= value <= w_hi
            warn_bits = (warn_bits << 1 | is_warn) & mask
            breach_bits = (breach_bits << 1 | (not b_lo <= value <= b_hi)) & mask
            if is_warn and breach_bits.bit_count() >= n:
                state = BREACH
                warn_bits = breach_bits = warn_run = 0
            elif state is OK:
                if is_warn and warn_bits.bit_count() >= n:
                    state = WARN
            elif cw_lo <= value <= cw_hi:
                warn_run += 1
                if warn_run >= c:
                    state = OK
                    warn_bits = breach_bits = warn_run = 0
            else:
                warn_run = 0
        if state is not before:
            flips.append(Flip(at, before, state, measured))
    shown = NO_DATA if is_dark else state
    return (
        Machine(shown, warn_bits, breach_bits, breach_run, warn_run, missing, state),
        flips,
    )


def stays_at_rest(
    direction: Direction | str,
    warn_lo: float | None,
    warn_hi: float | None,
    lowest: float,
    highest: float,
) -> bool:
    """Is a machine at rest (`Machine()`) still so after points that all lie between these two?"""
    return (direction == Direction.LOWER or warn_lo is None or warn_lo <= lowest) and (
        direction == Direction.HIGHER or warn_hi is None or highest <= warn_hi
    )


_DEPTH = {OK: 0, WARN: 1, BREACH: 2}


def restarted_at(flips: Iterable[Flip], before: datetime | None = None) -> datetime | None:
    """When history last began anew: the last downward flip, reading through `no_data`.

    `flips` are all flips of the series in order; only those earlier than `before` count. None
    when history never restarted.
    """
    last, found = OK, None
    for flip in flips:
        if before is not None and flip.at >= before:
            break
        if flip.from_state in _DEPTH:
            last = flip.from_state
        if flip.to_state in _DEPTH:
            if _DEPTH[flip.to_state] < _DEPTH[last]:
                found = flip.at
            last = flip.to_state
    return found


def is_flapping(entry_times: Iterable[datetime], at: datetime) -> bool:
    """More than three entries into warn or breach in the 24 hours up to and including `at`."""
    return sum(at - FLAP_WINDOW < entered <= at for entered in entry_times) > FLAP_ENTRIES


@lru_cache(maxsize=4096)
def _limits(bands: Bands) -> tuple[float, ...]:
    """Low and high limit of breach, warn, clear_breach, clear_warn; an absent side is infinite."""
    limits = []
    for level in ("breach", "warn", "clear_breach", "clear_warn"):
        for side, absent in (("lo", -math.inf), ("hi", math.inf)):
            value = getattr(bands, f"{level}_{side}") if side in bands.sides else None
            limits.append(absent if value is None else value)
    return tuple(limits)


def _stand_in(rule: ThresholdRule) -> float | None:
    """The value a missing point is read as, or None when it is skipped."""
    missing = MissingPolicy(rule.missing)
    side = rule.bands.sides[0]
    if missing is MissingPolicy.BREACHING:
        return -math.inf if side == "lo" else math.inf
    if missing is MissingPolicy.OK:
        return getattr(rule.bands, f"clear_warn_{side}")
    return None
