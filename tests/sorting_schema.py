"""A row for each constraint of sorting into categories, breaking it and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from escalations import models as m
from tests.change_schema import twice
from tests.playbook_schema import copy_of


def rule(**changes: Any) -> m.SortingRule:
    values = {"version": m.PolicyVersion.objects.get(state="in_force"), "position": 1}
    values |= {"name": "Outages", "category": "outage", "confidence": 80, "keywords": ["down"]}
    return m.SortingRule(**{**values, **changes})


def answer(w: dict[str, Any], **changes: Any) -> m.CategoryAnswer:
    values = {
        "incident": w["incident"],
        "policy_version": w["incident"].policy_version,
        "rule": "Outages",
        "suggested": "outage",
        "confidence": 80,
        "chosen": "outage",
        "answered_by": w["company"]["agent"],
        "answered_at": w["at"],
    }
    return m.CategoryAnswer(**{**values, **changes})


SORTING_BREAKERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "policy_version_category_from": lambda w: copy_of(
        m.PolicyVersion.objects.get(state="in_force"),
        number=97,
        state="draft",
        effective_from=None,
        published_by=None,
        category_from=101,
    ),
    "sorting_rule_name": lambda w: twice(rule()),
    "sorting_rule_confidence": lambda w: rule(confidence=101),
    "category_answer_suggested": lambda w: answer(w, rule=""),
    "category_answer_chosen": lambda w: answer(w, chosen=""),
}
