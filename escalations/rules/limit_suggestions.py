"""What limits would have done with readings that are known, and which would give n breaches. Pure.

A suggestion is read by a person: nothing here changes a limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from escalations.rules.baselines import Baseline
from escalations.rules.thresholds import (
    Bands,
    Direction,
    Flip,
    KpiStateName,
    Machine,
    Mode,
    ThresholdRule,
    replay,
)

CLEAR_SHARE = 0.1  # of the gap from breach to warn, as for limits given without clear levels
CANDIDATES = 48
WANTED = (0, 1, 3, 6, 12)
MOST_OFF = 0.5  # of the time: limits that call the usual bad are not worth a thought
Points = Sequence[tuple[datetime, float]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How often a breach and a warning began, and the share of time not ok."""

    breaches: int
    warnings: int
    share_off: float


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Limits with at most `wanted` breaches, and what they would have done."""

    wanted: int
    warn: float
    breach: float
    outcome: Outcome


def outcome(rule: ThresholdRule, points: Points) -> Outcome:
    """What this rule makes of the points, from a fresh start."""
    if not points:
        return Outcome(0, 0, 0.0)
    machine, flips = replay(Machine(), rule, points)
    span = (points[-1][0] - points[0][0]).total_seconds()
    off = _seconds_off(flips, points[-1][0], machine.state)
    return Outcome(
        breaches=sum(flip.to_state is KpiStateName.BREACH for flip in flips),
        warnings=sum(
            flip.to_state is KpiStateName.WARN and flip.from_state is KpiStateName.OK
            for flip in flips
        ),
        share_off=off / span if span > 0 else 0.0,
    )


def _seconds_off(flips: Iterable[Flip], end: datetime, state: KpiStateName) -> float:
    total, since = 0.0, None
    for flip in flips:
        if flip.from_state is KpiStateName.OK:
            since = flip.at
        elif flip.to_state is KpiStateName.OK and since is not None:
            total, since = total + (flip.at - since).total_seconds(), None
    return total + ((end - since).total_seconds() if since is not None else 0.0)


def moved(rule: ThresholdRule, side: str, breach: float) -> ThresholdRule:
    """The rule with its breach limit there, and warn as far from it as now."""
    bands = rule.bands
    gap = getattr(bands, f"warn_{side}") - getattr(bands, f"breach_{side}")
    clear = CLEAR_SHARE * gap
    return replace(
        rule,
        mode=Mode.STATIC,
        bands=replace(
            bands,
            **{
                f"breach_{side}": breach,
                f"warn_{side}": breach + gap,
                f"clear_breach_{side}": breach + clear,
                f"clear_warn_{side}": breach + gap + clear,
            },
        ),
    )


def suggestions(
    rule: ThresholdRule, side: str, points: Points, wanted: Sequence[int] = WANTED
) -> list[Suggestion]:
    """For each number of breaches the tightest limit on that side that has no more of them.

    Tried are the values themselves, from the bad end to the middle; limits that say the same as
    the one before are left out.
    """
    limits = _candidates([value for _, value in points], side)
    tried = [(limit, moved(rule, side, limit)) for limit in limits]  # the widest first
    results = [(limit, made, outcome(made, points)) for limit, made in tried]
    found: list[Suggestion] = []
    for most in wanted:
        fitting = None
        for limit, made, result in results:
            if result.breaches > most or result.share_off > MOST_OFF:
                break
            fitting = Suggestion(most, getattr(made.bands, f"warn_{side}"), limit, result)
        if fitting is not None and (not found or fitting.breach != found[-1].breach):
            found.append(fitting)
    return found


def _candidates(values: Sequence[float], side: str) -> list[float]:
    """Limits to try, the widest first: dense at the bad end, where breaches are."""
    ordered = sorted(values, reverse=side == "hi")
    if not ordered:
        return []
    places = {int((len(ordered) // 2) * (step / CANDIDATES) ** 3) for step in range(CANDIDATES + 1)}
    return list(dict.fromkeys(ordered[place] for place in sorted(places)))


def in_spreads(
    points: Iterable[tuple[datetime, float, Baseline | None]], direction: Direction | str
) -> list[tuple[datetime, float]]:
    """How far each value lies on the bad side of usual, in spreads; without a band it is left out.

    What is learned changes by the hour: seen in spreads it has one limit, and higher is worse.
    """
    found = []
    for at, value, band in points:
        if band is None or band.spread <= 0:
            continue
        away = (value - band.centre) / band.spread
        if direction == Direction.HIGHER:
            away = -away
        found.append((at, abs(away) if direction == Direction.RANGE else away))
    return found


def spreads_rule(rule: ThresholdRule) -> ThresholdRule:
    """The learned limits of a rule as limits in spreads: inside the warn band is cleared."""
    limits = Bands(
        Direction.LOWER,
        warn_hi=rule.warn_k,
        breach_hi=rule.breach_k,
        clear_warn_hi=rule.warn_k,
        clear_breach_hi=rule.warn_k,
    )
    return replace(rule, mode=Mode.STATIC, bands=limits)
