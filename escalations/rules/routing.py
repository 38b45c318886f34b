"""Which team takes an incident, and who in it (SEMANTICS 4.3).

Ordered rules, first match wins. Conditions are three-valued: a comparison with something that is
not known, or not of the operator's type, is unknown, and unknown never matches. Amounts are in
one currency: the caller converts. A condition on time of day is a boolean of the subject, made by
the caller from the calendar (`is`).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any

from escalations.rules.policy import Condition, Group, PolicyDoc, RoutingRule, Severity

SEVERAL = (list, tuple, set, frozenset)
OPEN_WEIGHTS = {Severity.S1: 8, Severity.S2: 4, Severity.S3: 2, Severity.S4: 1}


class Outcome(StrEnum):
    MATCH = "match"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Tried:
    """One rule of the trace. `words` is empty when it matched."""

    position: int
    name: str
    outcome: Outcome
    words: str = ""


@dataclass(frozen=True, slots=True)
class Route:
    rule: RoutingRule
    trace: tuple[Tried, ...]

    @property
    def is_fallback(self) -> bool:
        return self.rule.when is None

    def as_json(self) -> dict[str, object]:
        return {
            "rule": self.rule.name,
            "position": self.rule.position,
            "team": self.rule.team,
            "is_fallback": self.is_fallback,
            "trace": [
                {
                    "position": tried.position,
                    "name": tried.name,
                    "outcome": tried.outcome.value,
                    "words": tried.words,
                }
                for tried in self.trace
            ],
        }


def route(doc: PolicyDoc, subject: Mapping[str, object]) -> Route:
    """The first rule that matches the subject, with what stopped each earlier one.

    Fields absent from the subject are null. A version without a fallback raises ValueError, as
    does an operator the rules do not know.
    """
    trace: list[Tried] = []
    for rule in sorted(doc.rules, key=lambda rule: rule.position):
        result, words = (True, "") if rule.when is None else _judge(rule.when, subject)
        outcome = {True: Outcome.MATCH, False: Outcome.NO, None: Outcome.UNKNOWN}[result]
        trace.append(Tried(rule.position, rule.name, outcome, "" if result else words))
        if result:
            return Route(rule, tuple(trace))
    raise ValueError(f"{doc.label} has no fallback rule")


def holds(part: Condition | Group, subject: Mapping[str, object]) -> bool | None:
    """True, false, or None for unknown."""
    return _judge(part, subject)[0]


def _judge(part: Condition | Group, subject: Mapping[str, object]) -> tuple[bool | None, str]:
    """The value of a part and, unless it is true, the words for what made it so."""
    if isinstance(part, Condition):
        return _compare(part, subject.get(part.field))
    if part.match not in ("all", "any"):
        raise ValueError(f"a group matches all or any, not {part.match!r}")
    judged = [_judge(inner, subject) for inner in part.parts]
    if part.match == "all":
        # A false part decides even beside an unknown one, so it is the one to name.
        for decisive in (False, None):
            for result, words in judged:
                if result is decisive:
                    return decisive, words
        return True, ""
    results = [result for result, _ in judged]
    if True in results:
        return True, ""
    words = "none of: " + "; ".join(words for _, words in judged)
    return (None if None in results else False), words


def _compare(condition: Condition, given: object) -> tuple[bool | None, str]:
    is_null = given is None or given == "" or (isinstance(given, Collection) and not given)
    if condition.op == "is_empty":
        result: bool | None = is_null is (condition.value is not False)
        word = "is empty" if condition.value is not False else "is not empty"
        return result, f"{condition.field} {word}: it is {_shown(given, is_null)}"
    compare = OPERATORS.get(condition.op)
    if compare is None:
        raise ValueError(f"unknown operator {condition.op!r} on {condition.field}")
    wanted = f"{condition.field} {condition.op.replace('_', ' ')} {_shown(condition.value)}"
    if is_null:
        return None, f"{wanted}: {condition.field} is not known"
    result = compare(given, condition.value)
    if result is None:
        return None, f"{wanted}: {_shown(given)} cannot be compared so"
    return result, f"{wanted}: it is {_shown(given)}"


def _shown(value: object, is_null: bool = False) -> str:
    if is_null:
        return "empty"
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if isinstance(value, list | tuple):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _folded(value: object) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", str(value)).casefold())


def _amount(value: object) -> Decimal | timedelta | datetime | None:
    """A value that has an order. Floats go by their text, so that 0.1 is a tenth."""
    if isinstance(value, bool):
        return None
    if isinstance(value, timedelta | datetime):
        return value
    if isinstance(value, int | float | Decimal):
        number = Decimal(str(value))
        return number if number.is_finite() else None
    return None


def _ordered(test: Callable[[Any, Any], bool]) -> Callable[[object, object], bool | None]:
    """`test` sees two amounts of one type."""

    def compare(given: object, value: object) -> bool | None:
        left, right = _amount(given), _amount(value)
        if left is None or right is None or type(left) is not type(right):
            return None
        try:
            return test(left, right)
        except TypeError:  # one time with a zone, one without
            return None

    return compare


def _equal(given: object, value: object) -> bool | None:
    if isinstance(given, str) and isinstance(value, str):
        return given == value
    return _ordered(lambda a, b: a == b)(given, value)


def _not(compare: Callable[[object, object], bool | None]):
    def opposite(given: object, value: object) -> bool | None:
        result = compare(given, value)
        return None if result is None else not result

    return opposite


def _between(given: object, value: object) -> bool | None:
    """From the first, up to but without the second."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    at_least, below = OPERATORS[">="](given, value[0]), OPERATORS["<"](given, value[1])
    return None if at_least is None or below is None else at_least and below


def _in(given: object, value: object) -> bool | None:
    is_one = isinstance(given, str) or not isinstance(given, Collection)
    if not is_one or not isinstance(value, SEVERAL):
        return None
    is_flag = isinstance(given, bool)  # yes is not 1
    return any(item == given and isinstance(item, bool) is is_flag for item in value)


def _is(given: object, value: object) -> bool | None:
    return given is value if isinstance(given, bool) and isinstance(value, bool) else None


def _text(test: Callable[[str, str], bool]) -> Callable[[object, object], bool | None]:
    def compare(given: object, value: object) -> bool | None:
        if not isinstance(given, str) or not isinstance(value, str):
            return None
        return test(_folded(given), _folded(value))

    return compare


def _members(test: Callable[[set, set], bool]) -> Callable[[object, object], bool | None]:
    def compare(given: object, value: object) -> bool | None:
        if not isinstance(given, SEVERAL) or not isinstance(value, SEVERAL):
            return None
        return test({str(item) for item in given}, {str(item) for item in value})

    return compare


OPERATORS: Mapping[str, Callable[[object, object], bool | None]] = {
    "=": _equal,
    "!=": _not(_equal),
    "<": _ordered(lambda a, b: a < b),
    "<=": _ordered(lambda a, b: a <= b),
    ">": _ordered(lambda a, b: a > b),
    ">=": _ordered(lambda a, b: a >= b),
    "between": _between,
    "in": _in,
    "not_in": _not(_in),
    "is": _is,
    "equals": _text(lambda a, b: a == b),
    "contains": _text(lambda a, b: b in a),
    "starts": _text(lambda a, b: a.startswith(b)),
    "has_any": _members(lambda a, b: bool(a & b)),
    "has_all": _members(lambda a, b: a >= b),
    "has_none": _members(lambda a, b: not a & b),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person on shift. `capacity` is the membership's; 0 takes nothing."""

    person: int | str
    open_by_severity: Mapping[Severity, int]
    capacity: int
    skills: frozenset[str] = field(default_factory=frozenset)
    last_assigned_at: datetime | None = None

    @property
    def open_weight(self) -> int:
        """Open incidents weighed S1 8, S2 4, S3 2, S4 1."""
        return sum(OPEN_WEIGHTS[s] * count for s, count in self.open_by_severity.items())

    @property
    def load(self) -> Fraction:
        return Fraction(self.open_weight, self.capacity)


@dataclass(frozen=True, slots=True)
class Choice:
    person: int | str
    why: str


def choose(candidates: Iterable[Candidate], at: datetime, *, skill: str = "") -> Choice | None:
    """The least loaded candidate with the skill; None when nobody can take it.

    Ties go to the one whose last assignment is longest ago (never is longest), then to the lower
    person id. `candidates` are people on shift; persons are all ints or all text.
    """
    able = [c for c in candidates if c.capacity > 0 and (not skill or skill in c.skills)]
    if not able:
        return None
    able.sort(key=_order)
    first = able[0]
    words = [f"load {first.open_weight} of capacity {first.capacity}"]
    rivals = [c for c in able[1:] if c.load == first.load]
    if len(able) == 1:
        words.append("the only one who can take it")
    elif not rivals:
        words.append(f"the lowest of {len(able)}")
    elif all(c.last_assigned_at == first.last_assigned_at for c in rivals):
        words.append(f"equal with {len(rivals)} more, lower number")
    elif first.last_assigned_at is None:
        words.append(f"equal with {len(rivals)} more, never assigned before")
    else:
        minutes = int((at - first.last_assigned_at).total_seconds() // 60)
        words.append(
            f"equal with {len(rivals)} more, waiting longest: last assigned {minutes} min ago"
        )
    if skill:
        words.append(f"has the skill {skill}")
    return Choice(first.person, f"Chosen for {', '.join(words)}.")


def _order(candidate: Candidate) -> tuple:
    last = candidate.last_assigned_at
    return (candidate.load, last is not None, last or datetime.min, candidate.person)
