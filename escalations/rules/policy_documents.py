"""A policy version as a document: text that people edit, review and keep in a repository.

Durations are written as people say them and read back exactly; amounts stay exact. `policy_reader`
names every mistake by its path, such as `severities.S1.clocks.response`.
"""

from __future__ import annotations

import json
from datetime import time
from decimal import Decimal
from typing import Any

import yaml

from escalations.rules.durations import exact_duration
from escalations.rules.limits import Limits
from escalations.rules.policy import (
    Condition,
    Example,
    Group,
    Ladder,
    LadderTarget,
    PolicyDoc,
    RoutingRule,
    Severity,
    TaskForceRule,
)
from escalations.rules.policy_reader import FORMAT, BadDocument, read
from escalations.rules.task_forces import meets_in_words

MOST_CHARACTERS = 1_000_000
# Written in C where libyaml is there: ten times as fast.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


# --- writing ------------------------------------------------------------------------------------
def as_text(doc: PolicyDoc, kind: str) -> str:
    """`kind` is yaml or json. Read back it is the same document."""
    content = write(doc)
    if kind == "json":
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    return yaml.dump(content, Dumper=DUMPER, sort_keys=False, allow_unicode=True, width=100)


def write(doc: PolicyDoc) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "policy": doc.policy,
        "severities": {s.label: _write_severity(doc, s) for s in sorted(doc.severities)},
        "factors": [
            {
                "code": factor.code,
                "label": factor.label,
                "weight": factor.weight,
                "default_anchor": factor.default_anchor,
                "anchors": list(factor.anchors),
            }
            for factor in doc.factors
        ],
        "tests": [
            {
                "code": test.code,
                "label": test.label,
                "fact": test.fact,
                "op": test.op,
                "value": _plain(test.value),
            }
            for test in doc.tests
        ],
        "floors": [{"severity": f.severity.label, "all_of": list(f.all_of)} for f in doc.floors],
        "categories": [
            {"code": c.code, "label": c.label}
            | ({"default_severity": c.default_severity.label} if c.default_severity else {})
            for c in doc.categories.values()
        ],
        **_write_sorting(doc),
        "task_forces": [_write_task_force(rule) for rule in doc.task_forces],
        "rules": [_write_rule(rule) for rule in sorted(doc.rules, key=lambda r: r.position)],
        "examples": [_write_example(example) for example in doc.examples],
        "ladders": {ladder.name: _write_ladder(ladder) for ladder in doc.ladders.values()},
        "warn_percents": list(doc.warn_percents),
        "min_confidence": doc.min_confidence,
        "limits": {name: _limit(name, getattr(doc.limits, name)) for name in Limits.__slots__},
    }


def _write_severity(doc: PolicyDoc, severity: Severity) -> dict[str, Any]:
    rule = doc.severities[severity]
    from_score = doc.bands.get(severity)
    return {
        **({"score_from": from_score / 100} if from_score is not None else {}),
        "clocks": {
            kind.value: exact_duration(target.target_s)
            + (" of service hours" if target.is_business else "")
            for kind, target in rule.targets.items()
        },
        "ladder": rule.ladder,
        "ladder_start": rule.ladder_start.value,
        "reescalate_after_ack": exact_duration(rule.reescalate_after_ack_s),
        "monitor_window": exact_duration(rule.monitor_window_s),
    }


def _write_rule(rule: RoutingRule) -> dict[str, Any]:
    said: dict[str, Any] = {"name": rule.name, "when": _write_condition(rule.when)}
    said["team"] = rule.team
    if rule.ladder:
        said["ladder"] = rule.ladder
    if rule.skill:
        said["skill"] = rule.skill
    if rule.severity_floor:
        said["severity_floor"] = rule.severity_floor.label
    return said


def _write_sorting(doc: PolicyDoc) -> dict[str, Any]:
    rows = []
    for rule in doc.sorting:
        said: dict[str, Any] = {"name": rule.name, "category": rule.category}
        said["confidence"] = rule.confidence
        if rule.keywords:
            said["keywords"] = list(rule.keywords)
        if rule.fields:
            said["fields"] = dict(rule.fields)
        rows.append(said)
    return {
        "sorting": rows,
        "category_from": doc.category_from,
        "agreed_sources": list(doc.agreed_sources),
    }


def _write_task_force(rule: TaskForceRule) -> dict[str, Any]:
    """What stands open is left out."""
    said: dict[str, Any] = {"name": rule.name, "severity_at_least": rule.severity_at_least.label}
    for name in ("tier", "product_area", "category", "team"):
        said[name] = getattr(rule, name)
    said |= {"channel": rule.channel_url, "bridge": rule.bridge_url}
    said["meets"] = meets_in_words(rule.meets)
    return {name: value for name, value in said.items() if value}


def _write_example(example: Example) -> dict[str, Any]:
    said: dict[str, Any] = {
        "name": example.name,
        "given": {name: _plain(value) for name, value in example.given.items()},
    }
    if example.anchors:
        said["anchors"] = dict(example.anchors)
    said["rule"] = example.rule
    if example.severity:
        said["severity"] = example.severity.label
    return said | {k: v for k in ("team", "ladder") if (v := getattr(example, k))}


def _write_condition(part: Condition | Group | None) -> Any:
    if part is None:
        return None
    if isinstance(part, Group):
        return {part.match: [_write_condition(inner) for inner in part.parts]}
    return {"field": part.field, "op": part.op} | (
        {} if part.value is None else {"value": _plain(part.value)}
    )


def _write_ladder(ladder: Ladder) -> dict[str, Any]:
    return {
        "levels": [
            {
                "targets": [_write_target(target) for target in level.targets],
                "ack_timeout": exact_duration(level.ack_timeout_s),
                "notify": level.notify.value,
                "require_acks": level.require_acks,
                "quiet_hours": level.quiet_hours.value,
                "channels_min": level.channels_min,
            }
            for level in ladder.levels
        ],
        "repeat": ladder.repeat,
        "on_breach_level": ladder.on_breach_level,
        "fallback": [_write_target(target) for target in ladder.fallback],
        "fallback_every": exact_duration(ladder.fallback_every_s),
        "max_pages_total": ladder.max_pages_total,
    }


def _write_target(target: LadderTarget) -> dict[str, Any]:
    said: dict[str, Any] = {"kind": target.kind.value}
    if target.ref:
        said["ref"] = target.ref
    if target.depth != 1:
        said["depth"] = target.depth
    return said


def _limit(name: str, value: Any) -> Any:
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return exact_duration(value) if name.endswith("_s") else value


def _plain(value: Any) -> Any:
    """Amounts as text: a float would not be exact."""
    if isinstance(value, Decimal):
        return str(value)
    return [_plain(each) for each in value] if isinstance(value, (list, tuple)) else value


# --- reading ------------------------------------------------------------------------------------
def read_text(text: str, *, policy: str, number: int = 0) -> PolicyDoc:
    """YAML or JSON (which is YAML too). Raises BadDocument."""
    if len(text) > MOST_CHARACTERS:
        raise BadDocument([("", f"A document has at most {MOST_CHARACTERS:,} characters.")])
    try:
        content = yaml.load(text, Loader=LOADER)  # noqa: S506 - both are safe ones
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "This is neither YAML nor JSON."
        raise BadDocument([(where, str(problem))]) from None
    return read(content, policy=policy, number=number)
