"""Run a document of worked cases through the rules and tell where they differ.

The document has the shape of `tests/cases/rules.json`; parts it lacks are not run. A case is one
entry of a list or one object; a check is one expected number, word or row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from accounts.rules.valuation import valuation
from escalations.rules import ladder as climbing
from escalations.rules import metrics
from escalations.rules.baselines import baseline
from escalations.rules.default_policy import default_policy
from escalations.rules.policy import Ladder, LadderTarget, Level, TargetKind
from escalations.rules.scoring import score
from escalations.rules.thresholds import Bands, Machine, ThresholdRule, step

Check = tuple[str, object, object]  # what, expected, found
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def differences(document: Mapping[str, object]) -> tuple[int, int, list[str]]:
    """(cases run, checks made, one sentence for each check that differs).

    Numbers agree within a millionth of their size, or when they round to the digits given
    (three or more after the point; fewer are taken as exact).
    """
    cases = checks = 0
    found: list[str] = []
    for part, run in PARTS.items():
        given = document.get(part)
        if given is None:
            continue
        for number, case in enumerate(given if isinstance(given, list) else [given], 1):
            cases += 1
            for what, expected, got in run(case):
                checks += 1
                if not _agree(expected, got):
                    found.append(f"{part} {number}, {what}: expected {expected!r}, found {got!r}")
    return cases, checks, found


def _agree(expected: object, found: object) -> bool:
    if isinstance(expected, bool) or not isinstance(expected, int | float):
        return expected == found
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    if math.isclose(expected, found, rel_tol=1e-6, abs_tol=1e-12):
        return True
    exponent = Decimal(str(expected)).as_tuple().exponent
    if not isinstance(exponent, int):  # infinity
        return False
    return exponent <= -3 and round(found, -exponent) == expected


def _kpi(case: Mapping) -> Iterator[Check]:
    names = ("target", "warn", "breach", "clear_warn", "clear_breach")
    side = "hi" if case["direction"] == "lower" else "lo"
    limits = {}
    for name in names:
        if name in case:
            value = case[name]
            if isinstance(value, list):
                limits[f"{name}_lo"], limits[f"{name}_hi"] = value
            else:
                limits[f"{name}_{side}"] = value
        for end in ("lo", "hi"):
            if f"{name}_{end}" in case:
                limits[f"{name}_{end}"] = case[f"{name}_{end}"]
    rule = ThresholdRule(
        Bands(case["direction"], **limits),
        case["N"],
        case["M"],
        case.get("C", case["N"]),
        case.get("missing", "hold"),
    )
    machine = Machine()
    pairs = zip(case["values"], case["states"], strict=True)
    for number, (value, expected) in enumerate(pairs, 1):
        machine = step(machine, rule, value)
        yield f"point {number} ({value})", expected, machine.state.value


def _baseline(case: Mapping) -> Iterator[Check]:
    found = baseline(case["values"], resolution=case.get("resolution", 0.0))
    low, high = found.band(case["warn_k"]) if found else (None, None)
    yield "median", case["median"], found.centre if found else None
    yield "spread", case["spread"], found.spread if found else None
    yield "low", case["low"], low
    yield "high", case["high"], high


def _severity(case: Mapping) -> Iterator[Check]:
    doc = default_policy()
    codes = [factor.code for factor in doc.factors]
    decision = score(doc, dict(zip(codes, case["anchors"], strict=True)), case["facts"])
    yield "score", case["score"], decision.score_bp / 100
    yield "band", case["band"], decision.band.label
    yield "floor", case["floor"], decision.floor.label if decision.floor else None
    yield "severity", case["severity"], decision.severity.label


def _account(case: Mapping) -> Iterator[Check]:
    names = ("lifetime_value", "importance", "influence", "renewal", "momentum")
    found = valuation(**dict(zip(names, case["value"] + case["risk"], strict=True)))
    yield "priority", case["priority"], found.priority_bp / 100
    yield "tier", case["tier"].replace(" ", "_"), found.tier.value


def _kappa(case: Mapping) -> Iterator[Check]:
    found = metrics.agreement(case["matrix"])
    for name in ("agreement", "kappa", "linear", "quadratic", "under", "over"):
        yield name, case[name], getattr(found, name)


def _percentiles(case: Mapping) -> Iterator[Check]:
    values = case["values"]
    for name, expected in case.items():
        if name.startswith("p"):
            yield name, expected, metrics.percentile(values, int(name[1:]) / 100)
    for name in ("mean", "geomean"):
        if name in case:
            yield name, case[name], getattr(metrics, name)(values)


def _wilson(case: Mapping) -> Iterator[Check]:
    low, high = metrics.wilson95(case["k"], case["n"]) or (None, None)
    yield "low", case["low"], low
    yield "high", case["high"], high


def _fairness(case: Mapping) -> Iterator[Check]:
    yield "balance", case["balance"], metrics.balance(case["hours"])
    yield "gini", case["gini"], metrics.gini(case["hours"])


def _handoffs(case: Mapping) -> Iterator[Check]:
    found = metrics.handoffs(case["owners"])
    for name in ("handoffs", "returns", "index"):
        yield name, case[name], getattr(found, name)


def _ladder(case: Mapping) -> Iterator[Check]:
    """Nobody acknowledges; each level has one person of its own."""
    minutes = case["levels_ack_min"]
    people = [LadderTarget(TargetKind.PERSON, f"level {i}") for i in range(len(minutes) + 1)]
    ladder = Ladder(
        name="case",
        levels=tuple(Level(i, ack * 60, (people[i],)) for i, ack in enumerate(minutes, 1)),
        repeat=case["repeat"],
        on_breach_level=1,
        fallback=(people[0],),
        fallback_every_s=case["fallback_every_min"] * 60,
        max_pages_total=10_000,  # the cases know no limit
    )
    run = climbing.start(ladder, BEGIN)
    rows: list[dict[str, object]] = []
    while len(rows) < len(case["steps"]):
        assert run.next_step_at is not None, "nobody acknowledges: the ladder climbs on"
        run, steps = climbing.climb(run, ladder, lambda target, at: (target.ref,), run.next_step_at)
        for taken in steps:
            row: dict[str, object] = {"at_min": (taken.at_due - BEGIN) / timedelta(minutes=1)}
            if taken.kind is climbing.StepKind.FALLBACK:
                row["what"] = "fallback"
            else:
                row |= {"what": f"L{taken.level}", "cycle": taken.cycle}
            rows.append(row)
    for number, (expected, row) in enumerate(zip(case["steps"], rows, strict=False), 1):
        yield f"step {number}", expected, row


PARTS = {
    "kpi": _kpi,
    "baseline": _baseline,
    "severity": _severity,
    "account": _account,
    "kappa": _kappa,
    "percentile_type7": _percentiles,
    "wilson95": _wilson,
    "fairness": _fairness,
    "handoffs": _handoffs,
    "ladder": _ladder,
}
