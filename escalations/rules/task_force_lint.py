"""What is odd in the rules of a version that ask for task forces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from escalations.rules.policy import PolicyDoc, TaskForceRule
from escalations.rules.routing_lint import Finding
from escalations.rules.task_forces import Trouble, holds


def lint_task_forces(doc: PolicyDoc) -> Iterator[Finding]:
    ordered = sorted(doc.task_forces, key=lambda rule: rule.position)
    for place, rule in enumerate(ordered):
        where = f"task force {rule.name}"
        if (wider := _covering(rule, ordered[:place])) is not None:
            yield Finding(
                True,
                "task_force_unreachable",
                where,
                f"Task force {rule.position}, {rule.name!r}, is never formed: "
                f"{wider.position}, {wider.name!r}, takes all it would.",
            )
        if rule.category and rule.category not in doc.categories:
            yield Finding(
                False,
                "task_force_category",
                where,
                f"Task force {rule.name!r} asks for the category {rule.category!r}: there is no "
                "such category.",
            )


def _covering(rule: TaskForceRule, before: Iterable[TaskForceRule]) -> TaskForceRule | None:
    """The earlier rule that takes all of this one. It is one alone or none: an incident of which
    no more is known than this rule asks, as mild as it allows, is taken by that one."""
    mildest = Trouble(rule.severity_at_least, rule.tier, rule.product_area, rule.category)
    return next((other for other in before if holds(other, mildest)), None)


def lint_task_force_teams(doc: PolicyDoc, serving: Mapping[str, int]) -> Iterator[Finding]:
    """`serving`: people who are active members now, by the code of each team there is."""
    for rule in doc.task_forces:
        if not rule.team or serving.get(rule.team):
            continue
        is_known = rule.team in serving
        yield Finding(
            False,
            "task_force_nobody" if is_known else "task_force_team",
            f"task force {rule.name}",
            f"Task force {rule.name!r} seats the team {rule.team!r}, "
            + ("in which nobody active is now." if is_known else "which does not exist."),
        )
