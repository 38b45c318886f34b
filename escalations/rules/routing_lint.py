"""Do the routing rules of a version each do something, and what a person should look at twice
(SEMANTICS 4.3).

The domain of every field is split at every value that a rule names; in each cell the first match
is looked for, so that what is said holds for all inputs, not for some. Where there are more than
`MOST_CELLS` cells a fixed sample of them is drawn, and what is found says "sampled" and warns.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from math import prod

from escalations.rules.facts import FACTS, FLAG
from escalations.rules.policy import Condition, Group, RoutingRule
from escalations.rules.policy_tables import in_words, shown
from escalations.rules.routing import OPERATORS, holds

MOST_CELLS, SAMPLE, SEED = 200_000, 50_000, 4
OTHER = "(any other)"
TEXT, NUMBER, YES_NO = "text", "number", "yes or no"
# What a rule may ask about: escalations.selectors.decisions.decide builds it.
FIELDS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("kind", "source", "product_area", "category", "kpi", "segment", "account"),
            *("customer_segment", "tier", "severity"),
        ),
        TEXT,
    ),
    **{name: YES_NO if kind == FLAG else NUMBER for name, kind in FACTS.items()},
}
OF_TEXT = {"=", "!=", "in", "not_in", "equals", "contains", "starts"}
OF_NUMBERS = {"=", "!=", "<", "<=", ">", ">=", "between", "in", "not_in"}
OF = {TEXT: OF_TEXT, NUMBER: OF_NUMBERS, YES_NO: {"is", "=", "!="}}


@dataclass(frozen=True, slots=True)
class Finding:
    """An error keeps a version from review; a warning is answered by whoever asks for it.
    `sample` is an input in words that shows it, where there is one. `same` is what makes it the
    same finding while the figures of its sentence move with time."""

    is_error: bool
    code: str
    where: str
    sentence: str
    sample: str = ""
    same: str = ""


def lint_routing(rules: Sequence[RoutingRule]) -> list[Finding]:
    """Findings in the order of the rules."""
    rules = sorted(rules, key=lambda rule: rule.position)
    found = [*_shape(rules)]
    bad = {finding.where for finding in found if finding.is_error}
    usable = [rule for rule in rules if rule.when is not None and rule.name not in bad]
    return [*found, *_reach(usable)]


def _shape(rules: Sequence[RoutingRule]) -> Iterator[Finding]:
    if not rules or rules[-1].when is not None:
        yield Finding(True, "no_fallback", "", "The last rule must match everything.")
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.when is None:
            if rule is not rules[-1]:
                yield Finding(
                    True,
                    "fallback_not_last",
                    rule.name,
                    f"Rule {rule.name!r} matches everything, so nothing after it is ever reached.",
                )
            continue
        for condition in conditions(rule.when):
            yield from _condition(rule, condition)
        asked = in_words(rule.when)
        if asked in seen:
            yield Finding(
                False,
                "duplicate",
                rule.name,
                f"Rule {rule.name!r} asks the same as {seen[asked]!r}.",
            )
        seen.setdefault(asked, rule.name)


def _condition(rule: RoutingRule, condition: Condition) -> Iterator[Finding]:
    kind = FIELDS.get(condition.field)
    if kind is None:
        known = ", ".join(FIELDS)
        yield Finding(
            True,
            "unknown_field",
            rule.name,
            f"Rule {rule.name!r} asks about {condition.field!r}. Known are: {known}.",
        )
    elif condition.op == "is_empty":
        return
    elif condition.op not in OPERATORS or condition.op not in OF[kind]:
        yield Finding(
            True,
            "wrong_operator",
            rule.name,
            f"Rule {rule.name!r}: {condition.field!r} is a {kind} and knows no "
            f"{condition.op!r}, only {', '.join(sorted(OF[kind]))}.",
        )
    elif not _is_of(kind, condition):
        yield Finding(
            True,
            "wrong_type",
            rule.name,
            f"Rule {rule.name!r}: {condition.field!r} is a {kind}, which "
            f"{shown(condition.value)!r} is not.",
        )


def _is_of(kind: str, condition: Condition) -> bool:
    several = condition.op in ("in", "not_in", "between")
    if several != isinstance(condition.value, (list, tuple, set, frozenset)):
        return False
    values = list(condition.value) if several else [condition.value]  # type: ignore[call-overload]
    if condition.op == "between" and len(values) != 2:
        return False
    if kind == YES_NO:
        return all(isinstance(value, bool) for value in values)
    if kind == NUMBER:
        # A number in quotes is compared with nothing.
        return all(not isinstance(v, str) and _number(v) is not None for v in values)
    return bool(values) and all(isinstance(value, str) for value in values)


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal, str)):
        return None
    try:
        found = Decimal(str(value))
    except ArithmeticError:
        return None
    return found if found.is_finite() else None


# --- cells --------------------------------------------------------------------------------------
def _reach(rules: Sequence[RoutingRule]) -> Iterator[Finding]:
    domains = _domains(rules)
    names = list(domains)
    count = prod(len(domain) for domain in domains.values())
    is_sampled = count > MOST_CELLS
    # Of texts that contain or start with a word there are more kinds than words.
    is_exact = not is_sampled and not any(
        each.op in ("contains", "starts")
        for rule in rules
        if rule.when is not None
        for each in conditions(rule.when)
    )
    first: dict[int, Mapping[str, object]] = {}  # place of a rule -> a cell it takes
    any_match: set[int] = set()
    overlaps: dict[tuple[int, int], Mapping[str, object]] = {}
    gap: Mapping[str, object] | None = None
    for values in _cells(list(domains.values()), is_sampled):
        cell = dict(zip(names, values, strict=True))
        taken: int | None = None
        for place, rule in enumerate(rules):
            assert rule.when is not None
            if holds(rule.when, cell) is not True:
                continue
            any_match.add(place)
            if taken is None:
                taken = place
                first.setdefault(place, cell)
            elif _act(rules[taken]) != _act(rule):
                overlaps.setdefault((taken, place), cell)
        if taken is None and gap is None:
            gap = cell
    for place in range(len(rules)):
        yield from _of_rule(place, rules, first, any_match, overlaps, is_exact=is_exact)
    if gap is not None and rules:
        yield Finding(False, "gap", "", "Some inputs reach the last rule alone.", _said(gap))


def _of_rule(
    place: int,
    rules: Sequence[RoutingRule],
    first: Mapping[int, object],
    any_match: set[int],
    overlaps: Mapping[tuple[int, int], Mapping[str, object]],
    *,
    is_exact: bool,
) -> Iterator[Finding]:
    rule = rules[place]
    assert rule.when is not None
    note = "" if is_exact else " (sampled)"
    if place not in any_match:
        yield Finding(
            is_exact,
            "contradictory",
            rule.name,
            f"Rule {rule.name!r} can never hold: {in_words(rule.when)}{note}.",
        )
        return
    if place not in first:
        yield Finding(
            is_exact,
            "unreachable",
            rule.name,
            f"Rule {rule.name!r} is never reached: earlier rules take all it would{note}.",
        )
        return
    for (earlier, later), cell in overlaps.items():
        if later == place:
            yield Finding(
                False,
                "shadowed",
                rule.name,
                f"Rule {rules[earlier].name!r} takes some of what {rule.name!r} would{note}.",
                _said(cell),
            )


def conditions(part: Condition | Group) -> Iterator[Condition]:
    if isinstance(part, Condition):
        yield part
        return
    for inner in part.parts:
        yield from conditions(inner)


def _domains(rules: Iterable[RoutingRule]) -> dict[str, list[object]]:
    """Field -> a value of each cell: every value named, between any two, beyond, and none."""
    named: dict[str, list[object]] = {}
    for rule in rules:
        assert rule.when is not None
        for condition in conditions(rule.when):
            values = named.setdefault(condition.field, [])
            several = isinstance(condition.value, (list, tuple, set, frozenset))
            values += list(condition.value) if several else [condition.value]  # type: ignore[call-overload]
    return {name: _domain(FIELDS[name], values) for name, values in named.items()}


def _domain(kind: str, named: Sequence[object]) -> list[object]:
    if kind == YES_NO:
        return [True, False, None]
    if kind == NUMBER:
        points = sorted({n for value in named if (n := _number(value)) is not None})
        if not points:
            return [Decimal(0), None]
        between = [(low + high) / 2 for low, high in zip(points, points[1:], strict=False)]
        return [points[0] - 1, *sorted([*points, *between]), points[-1] + 1, None]
    texts = sorted({value for value in named if isinstance(value, str)})
    # "contains" and "starts" of two words may both hold: a text of all of them shows it.
    return [*texts, *([" ".join(texts)] if len(texts) > 1 else []), OTHER, None]


def _cells(domains: Sequence[Sequence[object]], is_sampled: bool) -> Iterator[tuple[object, ...]]:
    if not is_sampled:
        yield from product(*domains)
        return
    draw = random.Random(SEED)  # noqa: S311 (the same sample for everybody)
    for _ in range(SAMPLE):
        yield tuple(draw.choice(domain) for domain in domains)


def _act(rule: RoutingRule) -> tuple[object, ...]:
    return (rule.team, rule.ladder, rule.skill, rule.severity_floor)


def _said(cell: Mapping[str, object]) -> str:
    def value(given: object) -> str:
        return "not known" if given is None else shown(given)

    return ", ".join(f"{name.replace('_', ' ')}: {value(given)}" for name, given in cell.items())
