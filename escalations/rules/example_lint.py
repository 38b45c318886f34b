"""Worked examples live in the policy and must pass (SEMANTICS 4.3): each rule has one or more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from escalations.rules.facts import ARR_AT_RISK, FACTS, amount
from escalations.rules.judging import Judged, judge
from escalations.rules.policy import Example, PolicyDoc, Severity
from escalations.rules.routing_lint import FIELDS, NUMBER, TEXT, YES_NO, Finding
from escalations.rules.scoring import TOP_ANCHOR, revenue_anchor, segment_anchor

DECLARED = "declared"  # what the KPI says of its state: S1 to S4
WORDS = {TEXT: "a text", NUMBER: "a number", YES_NO: "yes or no"}


@dataclass(frozen=True, slots=True)
class Tried:
    """What a version makes of an example. `wrong` says what is otherwise than expected; `problem`
    why it could not be tried."""

    example: Example
    judged: Judged | None
    wrong: str = ""
    problem: tuple[str, str] | None = None  # code and sentence

    @property
    def passes(self) -> bool:
        return not self.wrong and self.problem is None


def judge_given(doc: PolicyDoc, given: Mapping[str, object], anchors: Mapping[str, int]) -> Judged:
    """Anchors that follow from the customer or the revenue at risk need not be said."""
    facts = {name: given[name] for name in FACTS if name in given}
    found: dict[str, int | None] = {}
    segment = given.get("customer_segment")
    if isinstance(segment, str):
        found["segment"] = segment_anchor(segment)
    if ARR_AT_RISK in facts:
        found["revenue"] = revenue_anchor(amount(facts[ARR_AT_RISK]))
    declared = given.get(DECLARED)
    subject = {name: value for name, value in given.items() if name not in FACTS}
    return judge(
        doc,
        subject=subject,
        anchors={**found, **anchors},
        facts=facts,
        declared=Severity[declared] if isinstance(declared, str) else None,
    )


def try_examples(doc: PolicyDoc) -> list[Tried]:
    return [_tried(doc, example) for example in doc.examples]


def _tried(doc: PolicyDoc, example: Example) -> Tried:
    problem = _problem(doc, example)
    if problem is not None:
        return Tried(example, None, problem=problem)
    judged = judge_given(doc, example.given, example.anchors)
    pairs = [
        ("rule", judged.route.rule.name, example.rule),
        ("severity", judged.severity.label, example.severity.label if example.severity else ""),
        ("team", judged.route.rule.team, example.team),
        ("ladder", judged.ladder(doc) or "none", example.ladder),
    ]
    wrong = [f"{what} {is_} instead of {due}" for what, is_, due in pairs if due and is_ != due]
    return Tried(example, judged, ", ".join(wrong))


def _problem(doc: PolicyDoc, example: Example) -> tuple[str, str] | None:
    known = set(FIELDS) - {"severity"} | {DECLARED}
    factors = {factor.code for factor in doc.factors}
    for name, value in example.given.items():
        if name not in known:
            return "example_unknown_field", f"{name!r} is nothing that can be given."
        if name == DECLARED:
            if value not in Severity.__members__:
                return "example_wrong_type", "declared is one of S1, S2, S3, S4."
        elif not _is_of(FIELDS[name], value):
            return "example_wrong_type", f"{name} is {WORDS[FIELDS[name]]}."
    for name, anchor in example.anchors.items():
        if name not in factors:
            return "example_unknown_field", f"There is no factor {name!r}."
        if isinstance(anchor, bool) or not isinstance(anchor, int) or not 0 <= anchor <= TOP_ANCHOR:
            return "example_wrong_type", f"The anchor of {name} is 0 to 4."
    if example.rule not in {rule.name for rule in doc.rules}:
        return "example_unknown_rule", f"There is no rule {example.rule!r}."
    return None


def _is_of(kind: str, value: object) -> bool:
    if kind == YES_NO:
        return isinstance(value, bool)
    return amount(value) is not None if kind == NUMBER else isinstance(value, str)


def lint_examples(doc: PolicyDoc) -> Iterator[Finding]:
    try:
        tried = try_examples(doc)
    except (ValueError, KeyError):
        return  # the document itself is told to be wrong
    for each in tried:
        name = each.example.name
        if each.problem is not None:
            code, sentence = each.problem
            yield Finding(True, code, name, f"Example {name!r}: {sentence}")
        elif each.wrong:
            yield Finding(True, "example_fails", name, f"Example {name!r} fails: {each.wrong}.")
    shown = {each.example.rule for each in tried}
    for rule in sorted(doc.rules, key=lambda rule: rule.position):
        if rule.name not in shown:
            yield Finding(
                False,
                "rule_without_example",
                rule.name,
                f"Rule {rule.position}, {rule.name!r}, has no example.",
            )
