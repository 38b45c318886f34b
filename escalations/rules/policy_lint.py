"""What is wrong or odd in a policy version, from its document alone.

Errors keep it from review; warnings are answered by whoever asks for its approval. What needs
rosters, people or history beside the document is `escalations.selectors.policy_lint`.
"""

from __future__ import annotations

from collections.abc import Iterator

from escalations.rules.durations import exact_duration
from escalations.rules.example_lint import lint_examples
from escalations.rules.facts import FACTS, FLAG, Amount
from escalations.rules.policy import ClockKind, Ladder, PolicyDoc, Severity
from escalations.rules.policy_tables import CLOCKS
from escalations.rules.routing_lint import Finding, lint_routing
from escalations.rules.sorting import lint_sorting
from escalations.rules.task_force_lint import lint_task_forces
from escalations.rules.team_targets import team_warnings


def lint(doc: PolicyDoc) -> list[Finding]:
    """Errors first; within each the order of the document."""
    found = [
        *_rubric(doc),
        *_tests(doc),
        *_floors(doc),
        *_clocks(doc),
        *lint_sorting(doc),
        *lint_routing(doc.rules),
        *lint_task_forces(doc),
        *lint_examples(doc),
        *_ladder_names(doc),
        *(each for ladder in doc.ladders.values() for each in _ladder(ladder)),
        *_limits(doc),
    ]
    return sorted(found, key=lambda finding: not finding.is_error)


def _error(code: str, where: str, sentence: str) -> Finding:
    return Finding(True, code, where, sentence)


def _warning(code: str, where: str, sentence: str) -> Finding:
    return Finding(False, code, where, sentence)


def _rubric(doc: PolicyDoc) -> Iterator[Finding]:
    total = sum(factor.weight for factor in doc.factors)
    if total != 100:
        yield _error("weights", "rubric", f"Weights sum to {total} per cent, not to 100.")
    for factor in doc.factors:
        if len(factor.anchors) != 5 or not all(text.strip() for text in factor.anchors):
            yield _error("anchors", factor.code, f"{factor.label} needs a sentence for 0 to 4.")
        if factor.weight == 0:
            yield _warning("no_weight", factor.code, f"{factor.label} weighs nothing.")
    if not doc.bands[Severity.S1] > doc.bands[Severity.S2] > doc.bands[Severity.S3]:
        yield _error("bands", "severities", "Scores must fall from S1 to S3.")
    if doc.bands[Severity.S1] > 10_000:
        yield _warning("band_out_of_reach", "S1", "No score reaches S1: the best is 100.")


def _tests(doc: PolicyDoc) -> Iterator[Finding]:
    used = {code for floor in doc.floors for code in floor.all_of}
    for test in doc.tests:
        kind = FACTS.get(test.fact)
        if kind is None:
            yield _error("unknown_fact", test.code, f"{test.code} asks for {test.fact!r}: no fact.")
        elif (kind == FLAG) != isinstance(test.value, bool) or (kind == FLAG) != (test.op == "is"):
            word = "yes or no" if kind == FLAG else "a number"
            yield _error("wrong_type", test.code, f"{test.code}: {test.fact} is {word}.")
        elif isinstance(kind, Amount) and kind.most is not None and test.value >= kind.most:
            yield _warning(
                "never_true",
                test.code,
                f"{test.code} never holds: {test.fact} is at most {kind.most}.",
            )
        if test.code not in used:
            yield _warning("unused_test", test.code, f"No floor uses {test.code}, {test.label!r}.")


def _floors(doc: PolicyDoc) -> Iterator[Finding]:
    known = {test.code for test in doc.tests}
    for floor in doc.floors:
        name = " and ".join(floor.all_of)
        if not floor.all_of:
            yield _error("empty_floor", "floors", "A floor without tests would always hold.")
        for code in sorted(set(floor.all_of) - known):
            yield _error("unknown_test", name, f"Floor {name}: there is no test {code}.")
        for other in doc.floors:
            needs_less = set(other.all_of) < set(floor.all_of)
            if needs_less and other.severity <= floor.severity:
                yield _warning(
                    "floor_never_decides",
                    name,
                    f"Floor {name} never decides: {' and '.join(other.all_of)} alone already "
                    f"gives {other.severity.label}.",
                )
                break


def _clocks(doc: PolicyDoc) -> Iterator[Finding]:
    missing = [severity.label for severity in Severity if severity not in doc.severities]
    for label in missing:
        yield _error("no_severity", label, f"{label} has no row.")
    rows = {severity: rule.targets for severity, rule in sorted(doc.severities.items())}
    for worse, milder in zip(rows, list(rows)[1:], strict=False):
        for kind in ClockKind:
            first, second = rows[worse].get(kind), rows[milder].get(kind)
            if first and second and first.is_business == second.is_business:
                if first.target_s > second.target_s:
                    yield _warning(
                        "slower_when_worse",
                        worse.label,
                        f"{CLOCKS[kind]} of {worse.label} is {exact_duration(first.target_s)}, "
                        f"longer than {exact_duration(second.target_s)} of {milder.label}.",
                    )
    for severity, targets in rows.items():
        response, end = targets.get(ClockKind.RESPONSE), targets.get(ClockKind.RESOLUTION)
        if response and end and response.is_business == end.is_business:
            if response.target_s >= end.target_s:
                yield _warning(
                    "response_after_end",
                    severity.label,
                    f"{severity.label} is to be solved before anybody has to answer.",
                )
    seconds = {(s.value, k.value): t.target_s for s, row in rows.items() for k, t in row.items()}
    yield from (_warning("team_target", "OLA", said) for said in team_warnings(seconds))


def _ladder_names(doc: PolicyDoc) -> Iterator[Finding]:
    named = {rule.ladder: rule.severity.label for rule in doc.severities.values() if rule.ladder}
    named |= {rule.ladder: rule.name for rule in doc.rules if rule.ladder}
    for name, where in named.items():
        if name not in doc.ladders:
            yield _error("unknown_ladder", where, f"{where} names ladder {name!r}: there is none.")
    for name in doc.ladders:
        if name not in named:
            yield _warning("unused_ladder", name, f"Nothing starts ladder {name}.")


def _ladder(ladder: Ladder) -> Iterator[Finding]:
    where = f"ladder {ladder.name}"
    if not ladder.levels:
        yield _error("ladder_empty", where, f"Ladder {ladder.name} has no level.")
    if not ladder.fallback:
        yield _error("no_ladder_fallback", where, f"Ladder {ladder.name} has no fallback.")
    if [level.number for level in ladder.levels] != list(range(1, len(ladder.levels) + 1)):
        yield _error("level_numbers", where, f"Levels of {ladder.name} count from 1 without holes.")
    if ladder.levels and ladder.on_breach_level > len(ladder.levels):
        yield _warning(
            "breach_level",
            where,
            f"A late clock goes to level {ladder.on_breach_level} of {ladder.name}, which ends at "
            f"{len(ladder.levels)}: the last level is taken.",
        )
    seen: dict[object, int] = {}
    for level in ladder.levels:
        if not level.targets:
            yield _error(
                "level_empty", where, f"Level {level.number} of {ladder.name} names nobody."
            )
        for target in level.targets:
            if target in seen:
                yield _warning(
                    "twice_on_ladder",
                    where,
                    f"Levels {seen[target]} and {level.number} of {ladder.name} name the same "
                    "people: the second time nobody new is told.",
                )
            seen.setdefault(target, level.number)


def _limits(doc: PolicyDoc) -> Iterator[Finding]:
    percents = list(doc.warn_percents)
    if percents != sorted(set(percents)) or any(not 0 < each < 100 for each in percents):
        yield _error("warnings", "limits", "Warnings rise, each from 1 to 99 per cent.")
    if not doc.limits.pages_per_minute <= doc.limits.pages_per_quarter <= doc.limits.pages_per_hour:
        yield _warning(
            "page_limits", "limits", "An hour allows fewer pages than a shorter time: it decides."
        )
