"""What a policy version says, as tables of words that a committee reads and compares.

Every field of `PolicyDoc` but its identity stands in a cell, so that two documents with the same
tables are the same policy (`policy_diff` leans on it), but for an order that means nothing. A row's
key names the same thing in every version; its cells may change, its key may not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import time
from decimal import Decimal
from typing import TypeVar

from escalations.rules.durations import exact_duration
from escalations.rules.limits import Limits
from escalations.rules.policy import (
    ClockKind,
    ClockTarget,
    Condition,
    Example,
    Group,
    Ladder,
    LadderStart,
    LadderTarget,
    Level,
    PolicyDoc,
    RoutingRule,
    Severity,
    SortingRule,
    TargetKind,
    TaskForceRule,
)
from escalations.rules.task_forces import meets_in_words, when_in_words

T = TypeVar("T")
NONE = "none"
ANY = "any"
HOUSE = "those of the house, from before versions carried them"
CLOCKS = {
    ClockKind.RESPONSE: "Response",
    ClockKind.RESTORE: "Restore",
    ClockKind.RESOLUTION: "Resolution",
    ClockKind.CADENCE: "Customer update",
    ClockKind.OLA: "Team clock",
}
STARTS = {LadderStart.AT_ONCE: "at once", LadderStart.ON_RESPONSE_BREACH: "when response is late"}
LIMITS = {
    "pages_per_minute": "Pages to one person in a minute",
    "pages_per_quarter": "Pages to one person in 15 minutes",
    "pages_per_hour": "Pages to one person in an hour",
    "bundle_every_s": "Then a bundle every",
    "group_within_s": "Grouped if the last came within",
    "group_at_most_s": "A group lasts at most",
    "storm_of_one": "Storm: more than, of one cause",
    "storm_overall": "Storm: more than, overall",
    "storm_within_s": "Storm: counted within",
    "storm_calm_s": "Storm: over after calm for",
    "snooze_at_most_s": "Longest snooze",
    "snooze_margin_percent": "Time left after a snooze, per cent",
    "quiet_from": "Quiet hours from, local",
    "quiet_to": "Quiet hours to, local",
}
TESTS = {">": "is more than", "is": "is"}
OPERATORS = {
    "=": "is",
    "!=": "is not",
    "equals": "equals",
    "not_in": "is none of",
    "in": "is one of",
    "has_any": "has any of",
    "has_all": "has all of",
    "has_none": "has none of",
    "starts": "starts with",
}


@dataclass(frozen=True, slots=True)
class Row:
    key: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`columns` name the cells; `thing` is what a row is, in a sentence."""

    code: str
    title: str
    thing: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(doc: PolicyDoc) -> tuple[Table, ...]:
    """In the order in which a committee talks about them. Ladders have a table each, by name."""
    return (
        _severities(doc),
        _rubric(doc),
        _tests(doc),
        _floors(doc),
        _categories(doc),
        _sorting(doc),
        _routing(doc),
        _task_forces(doc),
        _examples(doc),
        *(_ladder(ladder) for ladder in doc.ladders.values()),
        _general(doc),
    )


def _severities(doc: PolicyDoc) -> Table:
    def row(severity: Severity) -> Row:
        rule = doc.severities[severity]
        least = doc.bands.get(severity)
        return Row(
            severity.label,
            (
                f"{least / 100:g}" if least is not None else "0",
                *(_target(rule.targets.get(kind)) for kind in CLOCKS),
                rule.ladder or NONE,
                STARTS[rule.ladder_start],
                _span(rule.reescalate_after_ack_s, zero="never"),
                _span(rule.monitor_window_s, zero="no time"),
            ),
        )

    return Table(
        "severities",
        "Severities and clocks",
        "Severity",
        (
            "Score from",
            *CLOCKS.values(),
            "Ladder",
            "It starts",
            "Climbs again after an answer",
            "Watched after the fix",
        ),
        tuple(row(severity) for severity in sorted(doc.severities)),
    )


def _rubric(doc: PolicyDoc) -> Table:
    return Table(
        "rubric",
        "Scoring rubric",
        "Factor",
        ("Name", "Weight", "If not known", *(f"Anchor {place}" for place in range(5))),
        tuple(
            Row(
                factor.code,
                (
                    factor.label,
                    f"{factor.weight} %",
                    f"anchor {factor.default_anchor}",
                    *factor.anchors,
                ),
            )
            for factor in doc.factors
        ),
    )


def _tests(doc: PolicyDoc) -> Table:
    return Table(
        "tests",
        "Objective tests",
        "Test",
        ("Question", "Fact", "Holds when it"),
        tuple(
            Row(
                test.code,
                (
                    test.label,
                    test.fact,
                    f"{TESTS.get(test.op, test.op)} {shown(test.value)}",
                ),
            )
            for test in doc.tests
        ),
    )


def _floors(doc: PolicyDoc) -> Table:
    return Table(
        "floors",
        "Objective floors",
        "Floor",
        ("At least",),
        tuple(
            Row(key, (floor.severity.label,))
            for key, floor in _numbered((" and ".join(f.all_of), f) for f in doc.floors)
        ),
    )


def _categories(doc: PolicyDoc) -> Table:
    return Table(
        "categories",
        "Issue taxonomy",
        "Category",
        ("Name", "At least, by default"),
        tuple(
            Row(
                each.code,
                (each.label, each.default_severity.label if each.default_severity else NONE),
            )
            for each in doc.categories.values()
        ),
    )


def _sorting(doc: PolicyDoc) -> Table:
    def cells(place: int, rule: SortingRule) -> tuple[str, ...]:
        asked = [f"{name.replace('_', ' ')} is {value}" for name, value in rule.fields.items()]
        words = f"any of: {', '.join(rule.keywords)}" if rule.keywords else ANY
        told = " and ".join(asked) or ANY
        return str(place), rule.category, words, told, f"{rule.confidence} %"

    return Table(
        "sorting",
        "Sorting into categories, the surest counts",
        "Sorting rule",
        ("Place", "Category", "Words", "Fields", "Sure"),
        tuple(Row(rule.name, cells(n, rule)) for n, rule in enumerate(doc.sorting, 1)),
    )


def _routing(doc: PolicyDoc) -> Table:
    def cells(rule: RoutingRule) -> tuple[str, ...]:
        return (
            str(rule.position),
            in_words(rule.when) if rule.when else "everything else",
            rule.team,
            rule.ladder or "that of the severity",
            rule.skill or NONE,
            _severity(rule.severity_floor),
        )

    return Table(
        "routing",
        "Routing, first match wins",
        "Rule",
        ("Place", "When", "Team", "Ladder", "Skill", "At least"),
        tuple(Row(key, cells(rule)) for key, rule in _numbered((r.name, r) for r in doc.rules)),
    )


def _task_forces(doc: PolicyDoc) -> Table:
    def cells(rule: TaskForceRule) -> tuple[str, ...]:
        return (
            str(rule.position),
            when_in_words(rule),
            rule.team or NONE,
            rule.channel_url or NONE,
            rule.bridge_url or NONE,
            meets_in_words(rule.meets) or NONE,
        )

    return Table(
        "task_forces",
        "Task forces, first match wins",
        "Task force",
        ("Place", "When", "Team", "Channel", "Bridge", "Meets"),
        tuple(
            Row(key, cells(rule)) for key, rule in _numbered((r.name, r) for r in doc.task_forces)
        ),
    )


def _examples(doc: PolicyDoc) -> Table:
    def cells(example: Example) -> tuple[str, ...]:
        anchors = {f"anchor of {name}": value for name, value in example.anchors.items()}
        return (
            given_words({**example.given, **anchors}) or "nothing known",
            example.rule,
            _severity(example.severity) if example.severity else ANY,
            example.team or ANY,
            example.ladder or ANY,
        )

    return Table(
        "examples",
        "Worked examples",
        "Example",
        ("Given", "Reaches rule", "Severity", "Team", "Ladder"),
        tuple(Row(key, cells(each)) for key, each in _numbered((e.name, e) for e in doc.examples)),
    )


def given_words(given: Mapping[str, object]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {shown(value)}" for name, value in given.items())


def _ladder(ladder: Ladder) -> Table:
    after, rows = 0, []
    for level in ladder.levels:
        rows.append(Row(f"level {level.number}", (_after(after), *_level(level))))
        after += level.ack_timeout_s
    rows.append(
        Row(
            "then",
            (
                _after(after),
                _people(ladder.fallback),
                f"every {exact_duration(ladder.fallback_every_s)}",
                f"after {ladder.repeat} more climb{'' if ladder.repeat == 1 else 's'}",
                f"at most {ladder.max_pages_total} pages",
                f"a late clock goes to level {ladder.on_breach_level}",
                NONE,
            ),
        )
    )
    return Table(
        f"ladder {ladder.name}",
        f"Ladder {ladder.name}",
        f"Ladder {ladder.name},",
        ("After", "Whom", "Time to answer", "On call means", "Answers", "Quiet hours", "Ways"),
        tuple(rows),
    )


def _level(level: Level) -> tuple[str, ...]:
    return (
        _people(level.targets),
        exact_duration(level.ack_timeout_s),
        "all on call" if level.notify == "all" else "who comes next",
        f"{level.require_acks} needed",
        "respected" if level.quiet_hours == "respect" else "ignored",
        f"{level.channels_min} at once",
    )


def _general(doc: PolicyDoc) -> Table:
    def limit(name: str) -> str:
        value = getattr(doc.limits, name)
        return exact_duration(value) if name.endswith("_s") else shown(value)

    of_house = [Row("Task forces", (HOUSE,))] if doc.has_task_forces_of_house else []
    return Table(
        "limits",
        "Warnings, pages and storms",
        "Limit",
        ("Value",),
        (
            Row("Warnings at, per cent of the time", (shown(doc.warn_percents),)),
            Row('"Check severity" below, per cent known', (str(doc.min_confidence),)),
            Row("A rule sets the category from, per cent", (str(doc.category_from),)),
            Row("Agreed channels", (shown(doc.agreed_sources) if doc.agreed_sources else ANY,)),
            *(Row(LIMITS[each.name], (limit(each.name),)) for each in fields(Limits)),
            *of_house,
        ),
    )


# --- words --------------------------------------------------------------------------------------
def in_words(part: Condition | Group, *, is_inner: bool = False) -> str:
    """A condition as a sentence reads it; inner groups stand in brackets."""
    if isinstance(part, Group):
        word = " and " if part.match == "all" else " or "
        text = word.join(in_words(each, is_inner=True) for each in part.parts)
        return f"({text})" if is_inner and len(part.parts) > 1 else text
    name = part.field.replace("_", " ")
    if part.op == "is_empty":
        return f"{name} is {'not ' if part.value is False else ''}empty"
    if part.op == "between" and isinstance(part.value, (list, tuple)):
        return f"{name} is between {' and '.join(map(shown, part.value))}"
    return f"{name} {OPERATORS.get(part.op, part.op.replace('_', ' '))} {shown(part.value)}"


def shown(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:,f}"
        case int():
            return f"{value:,}"
        case time():
            return f"{value:%H:%M}"
        case list() | tuple():
            return ", ".join(map(shown, value)) or NONE
        case set() | frozenset():
            return ", ".join(sorted(map(shown, value))) or NONE
    return str(value)


def _severity(severity: Severity | None) -> str:
    return severity.label if severity else NONE


def _target(target: ClockTarget | None) -> str:
    if target is None:
        return NONE
    return exact_duration(target.target_s) + (" of service hours" if target.is_business else "")


def _span(seconds: int, *, zero: str) -> str:
    return exact_duration(seconds) if seconds else zero


def _after(seconds: int) -> str:
    return f"+ {exact_duration(seconds)}" if seconds else "at once"


def _people(targets: tuple[LadderTarget, ...]) -> str:
    return ", ".join(map(_whom, targets)) or "nobody"


def _whom(target: LadderTarget) -> str:
    match target.kind:
        case TargetKind.ROSTER:
            return f"on call of {target.ref}"
        case TargetKind.NEXT_ON_CALL:
            return f"next on call of {target.ref}"
        case TargetKind.TEAM:
            return f"everybody of {target.ref}"
        case TargetKind.ROLE:
            return f"the {target.ref}"
        case TargetKind.MANAGER_OF:
            up = "" if target.depth == 1 else f", {target.depth} up"
            return f"manager of {target.ref}{up}"
    return target.ref or target.kind.value


def _numbered(pairs: Iterable[tuple[str, T]]) -> Iterator[tuple[str, T]]:
    """Names that come twice are told apart by their count."""
    seen: dict[str, int] = {}
    for name, thing in pairs:
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name} ({seen[name]})"), thing
