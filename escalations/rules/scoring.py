"""Score, floors and severity of an incident, with the whole explanation (SEMANTICS 4.1).

Everything is counted in integers: points and scores in basis points of the 0-100 scale. Money and
percentages of facts are `Decimal`. A missing anchor takes the factor's declared default and is
marked as assumed; a missing fact is unknown, which is not the same as false.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation

from escalations.rules.policy import Floor, FloorTest, PolicyDoc, Severity

POINTS_PER_ANCHOR = 25  # an anchor of 4 is 100 points
TOP_ANCHOR = 4
ASSUMED = "assumed"

# Once all of these are known the issue itself speaks, and the category's default floor is dropped.
DROPS_DEFAULT_FLOOR = frozenset({"users_pct", "arr_at_risk", "core_down_no_workaround"})

QUESTIONS = {
    "arr_at_risk": "ARR at risk?",
    "users_pct": "users affected?",
    "data_or_legal_confirmed": "data or legal risk confirmed?",
    "data_or_legal_suspected": "data or legal risk suspected?",
    "core_down_no_workaround": "core function down without a workaround?",
    "uptime_breached": "uptime or error-rate threshold breached?",
}


@dataclass(frozen=True, slots=True)
class Input:
    """A value with where and when it comes from. None is unknown."""

    value: object
    source: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScoredInput:
    factor: str
    anchor: int
    weight: int  # per cent
    points_bp: int
    source: str
    is_assumed: bool
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TestedFact:
    """One floor test. `result` is None while the fact is unknown."""

    code: str
    fact: str
    result: bool | None
    value: Decimal | bool | None
    source: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unknown:
    """A floor test nobody can answer yet. `could_raise_to` is None when the answer changes nothing
    even together with the other unknown ones."""

    code: str
    fact: str
    ask: str
    could_raise_to: Severity | None


@dataclass(frozen=True, slots=True)
class Change:
    """The smallest change that alters severity: one anchor, or one floor test turned."""

    kind: str  # "anchor" | "test"
    code: str
    before: int | bool | None
    after: int | bool
    severity: Severity


@dataclass(frozen=True, slots=True)
class Decision:
    """`floor` is the most severe floor in force, `floor_codes` what put it there: test codes,
    `default:CATEGORY`, `route`. `severity` = the more severe of band, floor and declared.

    `above_bp`: basis points above the least score of its own band (None in S4, which has none).
    `to_next_bp`: basis points missing to the next more severe band (None in S1).
    """

    severity: Severity
    score_bp: int
    band: Severity
    floor: Severity | None
    floor_codes: tuple[str, ...]
    declared: Severity | None
    inputs: tuple[ScoredInput, ...]
    tests: tuple[TestedFact, ...]
    unknown: tuple[Unknown, ...]
    confidence: int  # per cent of weight that is known
    check_severity: bool
    above_bp: int | None
    to_next_bp: int | None
    smallest_change: Change | None
    policy: str
    version_id: int

    @property
    def band_distance(self) -> str:
        """For people: "2.5 points above S2, 17.5 below S1"."""
        parts = []
        if self.above_bp is not None:
            parts.append(f"{points(self.above_bp)} points above {self.band.label}")
        if self.to_next_bp is not None:
            word = "" if parts else " points"
            parts.append(f"{points(self.to_next_bp)}{word} below S{self.band - 1}")
        return ", ".join(parts)

    def as_json(self) -> dict[str, object]:
        """Plain values, ready to store with the incident."""
        change = self.smallest_change
        return {
            "policy": self.policy,
            "version_id": self.version_id,
            "severity": self.severity.label,
            "score_bp": self.score_bp,
            "band": self.band.label,
            "floor": _label(self.floor),
            "floor_codes": list(self.floor_codes),
            "declared": _label(self.declared),
            "confidence": self.confidence,
            "check_severity": self.check_severity,
            "above_bp": self.above_bp,
            "to_next_bp": self.to_next_bp,
            "band_distance": self.band_distance,
            "inputs": [
                {
                    "factor": row.factor,
                    "anchor": row.anchor,
                    "weight": row.weight,
                    "points_bp": row.points_bp,
                    "source": row.source,
                    "at": _iso(row.at),
                    "is_assumed": row.is_assumed,
                }
                for row in self.inputs
            ],
            "tests": [
                {
                    "code": row.code,
                    "fact": row.fact,
                    "result": row.result,
                    "value": str(row.value) if isinstance(row.value, Decimal) else row.value,
                    "source": row.source,
                    "at": _iso(row.at),
                }
                for row in self.tests
            ],
            "unknown": [
                {
                    "code": row.code,
                    "fact": row.fact,
                    "ask": row.ask,
                    "could_raise_to": _label(row.could_raise_to),
                }
                for row in self.unknown
            ],
            "smallest_change": change
            and {
                "kind": change.kind,
                "code": change.code,
                "before": change.before,
                "after": change.after,
                "severity": change.severity.label,
            },
        }


def score(
    doc: PolicyDoc,
    anchors: Mapping[str, Input | int | None],
    facts: Mapping[str, Input | object],
    *,
    category: str | None = None,
    declared: Severity | None = None,
    route_floor: Severity | None = None,
) -> Decision:
    """Decide the severity of one incident.

    `anchors` go by factor code, `facts` by fact name; plain values stand for an Input without a
    source. `declared` is what the KPI says for its state, `route_floor` the floor of the routing
    rule that matched. An anchor outside 0-4 raises ValueError; a fact of the wrong type is
    unknown, so that a bad fact never drops an incident.
    """
    inputs = tuple(_scored(doc, code, anchors.get(code)) for code in _factor_codes(doc))
    tests = tuple(_tested(test, facts.get(test.fact)) for test in doc.tests)
    results = {test.code: test.result for test in tests}
    # A version may test only some of the three facts; the others are read all the same.
    known = {name for name in DROPS_DEFAULT_FLOOR if _is_known(doc, name, facts.get(name))}
    known_category = doc.categories.get(category) if category is not None else None
    default = known_category.default_severity if known_category else None
    score_bp = sum(row.points_bp for row in inputs)
    weight = sum(row.weight for row in inputs)
    confidence = sum(row.weight for row in inputs if not row.is_assumed) * 100 // (weight or 1)
    band = band_of(doc, score_bp)

    def floor_with(turned: Mapping[str, bool | None], facts_known: set[str]) -> Severity | None:
        is_dropped = facts_known >= DROPS_DEFAULT_FLOOR
        return _worst(_floor(doc, turned), None if is_dropped else default, route_floor)

    floor = floor_with(results, known)
    severity = _worst(band, floor, declared) or band
    codes = []
    if floor is not None:
        codes = _floor_codes(doc, results, floor)
        if default == floor and not known >= DROPS_DEFAULT_FLOOR:
            codes.append(f"default:{category}")
        if route_floor == floor:
            codes.append("route")

    def smallest_change() -> Change | None:
        candidates: list[tuple[tuple[int, ...], Change]] = []
        for order, row in enumerate(inputs):
            for anchor in range(TOP_ANCHOR + 1):
                delta = (anchor - row.anchor) * row.weight * POINTS_PER_ANCHOR
                then = _worst(band_of(doc, score_bp + delta), floor, declared)
                if then is not None and then != severity:
                    key = (abs(delta), then > severity, order)
                    change = Change("anchor", row.factor, row.anchor, anchor, then)
                    candidates.append((key, change))
        if candidates:
            return min(candidates, key=lambda pair: pair[0])[1]
        for test in tests:
            after = not test.result
            turned = floor_with(results | {test.code: after}, known | {test.fact})
            then = _worst(band, turned, declared)
            if then is not None and then != severity:
                rank = (then > severity, test.result is not None)
                candidates.append((rank, Change("test", test.code, test.result, after, then)))
        return min(candidates, key=lambda pair: pair[0])[1] if candidates else None

    return Decision(
        severity=severity,
        score_bp=score_bp,
        band=band,
        floor=floor,
        floor_codes=tuple(codes),
        declared=declared,
        inputs=inputs,
        tests=tests,
        unknown=_unknown(doc, results, severity),
        confidence=confidence,
        check_severity=confidence < doc.min_confidence,
        above_bp=None if band is Severity.S4 else score_bp - doc.bands[band],
        to_next_bp=None if band is Severity.S1 else doc.bands[Severity(band - 1)] - score_bp,
        smallest_change=smallest_change(),
        policy=doc.label,
        version_id=doc.version_id,
    )


def floors_held(doc: PolicyDoc, facts: Mapping[str, Input | object]) -> tuple[bool, ...]:
    """For each floor of the version in its order: do these facts put it in force?"""
    results = {test.code: _tested(test, facts.get(test.fact)).result for test in doc.tests}
    return tuple(
        all(code in results for code in floor.all_of) and _holds(floor, results) is True
        for floor in doc.floors
    )


def band_of(doc: PolicyDoc, score_bp: int) -> Severity:
    """The band of a score in basis points; a band includes its least score."""
    for severity in (Severity.S1, Severity.S2, Severity.S3):
        if score_bp >= doc.bands[severity]:
            return severity
    return Severity.S4


def revenue_anchor(arr: Decimal | None) -> int | None:
    """ARR at risk -> 0 none, 1 < 10k, 2 10k-50k, 3 > 50k-250k, 4 > 250k. None stays unknown."""
    if arr is None:
        return None
    if arr <= 0:
        return 0
    if arr < 10_000:
        return 1
    if arr <= 50_000:
        return 2
    return 3 if arr <= 250_000 else 4


SEGMENT_ANCHORS = {
    "free": 0,
    "smb": 1,
    "mid": 2,
    "enterprise": 3,
    "high_potential": 3,
    "strategic": 4,
}


def segment_anchor(segment: str | None) -> int | None:
    """Customer segment -> anchor; a segment the rubric does not name stays unknown."""
    if segment is None:
        return None
    return SEGMENT_ANCHORS.get(segment.strip().casefold().replace(" ", "_"))


def points(bp: int) -> str:
    """Basis points as points for people: 250 -> "2.5", 6000 -> "60"."""
    whole, rest = divmod(abs(bp), 100)
    text = f"{whole}.{rest:02d}".rstrip("0").rstrip(".")
    return f"-{text}" if bp < 0 else text


def _factor_codes(doc: PolicyDoc) -> list[str]:
    return [factor.code for factor in doc.factors]


def _input(given: object) -> Input:
    return given if isinstance(given, Input) else Input(given)


def _scored(doc: PolicyDoc, code: str, given: Input | int | None) -> ScoredInput:
    factor = next(factor for factor in doc.factors if factor.code == code)
    entered = _input(given)
    is_assumed = entered.value is None
    anchor = factor.default_anchor if is_assumed else entered.value
    if isinstance(anchor, bool) or not isinstance(anchor, int) or not 0 <= anchor <= TOP_ANCHOR:
        raise ValueError(f"anchor {code} must be a whole number from 0 to 4, not {anchor!r}")
    return ScoredInput(
        factor=code,
        anchor=anchor,
        weight=factor.weight,
        points_bp=factor.weight * anchor * POINTS_PER_ANCHOR,
        source=ASSUMED if is_assumed else entered.source,
        is_assumed=is_assumed,
        at=None if is_assumed else entered.at,
    )


def _tested(test: FloorTest, given: object) -> TestedFact:
    entered = _input(given)
    value: Decimal | bool | None
    result: bool | None
    if test.op == "is":
        value = entered.value if isinstance(entered.value, bool) else None
        result = None if value is None else value is test.value
    elif test.op == ">":
        value = _decimal(entered.value)
        result = None if value is None else value > test.value
    else:
        raise ValueError(f"floor test {test.code} has an unknown operator {test.op!r}")
    source = "" if value is None else entered.source
    return TestedFact(test.code, test.fact, result, value, source, entered.at)


def _is_known(doc: PolicyDoc, name: str, given: object) -> bool:
    for test in doc.tests:
        if test.fact == name:
            return _tested(test, given).result is not None
    return _input(given).value is not None


def _decimal(value: object) -> Decimal | None:
    """A finite number from what JSON or the database gives, else None. Floats go by their text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _holds(floor: Floor, results: Mapping[str, bool | None]) -> bool | None:
    """Three-valued AND: one false decides, else one unknown leaves it unknown."""
    found = [results[code] for code in floor.all_of]
    if False in found:
        return False
    return None if None in found else True


def _floor(doc: PolicyDoc, results: Mapping[str, bool | None]) -> Severity | None:
    return _worst(*(floor.severity for floor in doc.floors if _holds(floor, results)))


def _floor_codes(
    doc: PolicyDoc, results: Mapping[str, bool | None], severity: Severity
) -> list[str]:
    used = {
        code
        for floor in doc.floors
        if floor.severity == severity and _holds(floor, results)
        for code in floor.all_of
    }
    return [test.code for test in doc.tests if test.code in used]


def _unknown(
    doc: PolicyDoc, results: Mapping[str, bool | None], severity: Severity
) -> tuple[Unknown, ...]:
    found = []
    for test in doc.tests:
        if results[test.code] is not None:
            continue
        reachable = [
            floor.severity
            for floor in doc.floors
            if test.code in floor.all_of and _holds(floor, results) is None
        ]
        worst = _worst(*reachable)
        raises = worst if worst is not None and worst < severity else None
        ask = QUESTIONS.get(test.fact, f"{test.label}?")
        found.append(Unknown(test.code, test.fact, ask, raises))
    return tuple(found)


def _worst(*severities: Severity | None) -> Severity | None:
    return min((s for s in severities if s is not None), default=None)


def _label(severity: Severity | None) -> str | None:
    return severity.label if severity is not None else None


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
