"""Writing policy versions: from a document into rows, and into force."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts.models import ServiceHours, Team, User
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from escalations.models import (
    Category,
    ClockTarget,
    Example,
    Floor,
    FloorTest,
    Ladder,
    LadderLevel,
    LadderTarget,
    Policy,
    PolicyVersion,
    RoutingRule,
    ScoringFactor,
    SeverityRule,
    SortingRule,
)
from escalations.rules import policy as rules
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.team_targets import team_warnings
from escalations.selectors.policies import build_doc
from escalations.services.ladder_checks import check_ladders
from escalations.services.task_force_rules import store_task_forces

# As for examples: what says nothing of these has the hash it had before one could.
SINCE_ADDED: dict[str, Any] = {"sorting": (), "category_from": 70, "agreed_sources": ()}


def digest(doc: PolicyDoc) -> str:
    """SHA-256 of what the document says, independent of ids."""
    content = asdict(doc)
    content.pop("version_id")
    if not content["examples"]:
        del content["examples"]  # what was approved before there were any keeps its hash
    if content.pop("has_task_forces_of_house"):
        del content["task_forces"]  # it never said them
    for name, usual in SINCE_ADDED.items():
        if content[name] == usual:
            del content[name]
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, default=str, separators=(",", ":")).encode()
    ).hexdigest()


def _spec(part: Any) -> dict[str, Any] | None:
    if part is None:
        return None
    if isinstance(part, rules.Group):
        return {"match": part.match, "parts": [_spec(each) for each in part.parts]}
    value = list(part.value) if isinstance(part.value, tuple | frozenset | set) else part.value
    return {"field": part.field, "op": part.op, "value": value}


def check_rules(
    *,
    weights: Iterable[int],
    rules: Sequence[tuple[str, Any, str]],
    task_forces: Sequence[tuple[str, str]] = (),
) -> dict[str, Team]:
    """What every version must hold, before it is stored. `rules`: name, condition and team code of
    each, in order; `task_forces`: name and team code of each that seats a team. Returns the teams
    by code; raises DomainError as `draft_version` tells.
    """
    if sum(weights) != 100:
        raise DomainError("weights", "The weights of the rubric must sum to 100 per cent.")
    if not rules or rules[-1][1]:
        raise DomainError("no_fallback", "The last routing rule must match everything.")
    codes = {team for _, _, team in rules} | {team for _, team in task_forces}
    teams = {team.code: team for team in Team.objects.filter(code__in=codes)}
    for name, _, team in rules:
        if team not in teams:
            raise DomainError("unknown_team", f"Rule {name!r} names no team: {team!r}.")
    for name, team in task_forces:
        if team not in teams:
            raise DomainError("unknown_team", f"Task force {name!r} names no team: {team!r}.")
    return teams


def check_doc(doc: PolicyDoc) -> dict[str, Team]:
    return check_rules(
        weights=[factor.weight for factor in doc.factors],
        rules=[(rule.name, rule.when, rule.team) for rule in doc.rules],
        task_forces=[(rule.name, rule.team) for rule in doc.task_forces if rule.team],
    )


def check_version(version: PolicyVersion) -> list[str]:
    """The same for a version whose rows were written one by one. Returns what is worth a second
    look: it does not stand in the way."""
    rules = version.routing_rules.order_by("position")
    check_rules(
        weights=version.factors.values_list("weight", flat=True),
        rules=list(rules.values_list("name", "when", "team__code")),
    )
    targets = version.clock_targets.values_list("severity", "kind", "target_s")
    return team_warnings({(severity, kind): seconds for severity, kind, seconds in targets})


@transaction.atomic
def draft_version(
    policy: Policy,
    doc: PolicyDoc,
    *,
    by: User | None,
    at: datetime,
    service_hours: ServiceHours | None = None,
    note: str = "",
) -> PolicyVersion:
    """Store a document as the next version of a policy, in state draft.

    Raises DomainError `weights` unless the weights sum to 100, `no_fallback` without a last rule
    that matches everything, `unknown_team` for a team that does not exist.
    """
    teams = check_doc(doc)
    Policy.objects.select_for_update().get(pk=policy.pk)  # numbers are given one at a time
    last = policy.versions.order_by("-number").first()
    version = PolicyVersion(
        policy=policy,
        number=last.number + 1 if last else 1,
        s1_from_bp=doc.bands[Severity.S1],
        s2_from_bp=doc.bands[Severity.S2],
        s3_from_bp=doc.bands[Severity.S3],
        warn_percents=list(doc.warn_percents),
        min_confidence=doc.min_confidence,
        category_from=doc.category_from,
        agreed_sources=list(doc.agreed_sources),
        service_hours=service_hours,
        note=note,
        **asdict(doc.limits),
    )
    told(version, by=by, reason=note, at=at).save()
    for row in doc.severities.values():
        SeverityRule.objects.create(
            version=version,
            severity=row.severity,
            ladder=row.ladder or "",
            ladder_start=row.ladder_start,
            reescalate_after_ack_s=row.reescalate_after_ack_s,
            monitor_window_s=row.monitor_window_s,
        )
        for target in row.targets.values():
            ClockTarget.objects.create(
                version=version,
                severity=row.severity,
                kind=target.kind,
                target_s=target.target_s,
                is_business=target.is_business,
            )
    ScoringFactor.objects.bulk_create(
        ScoringFactor(
            version=version,
            position=position,
            code=factor.code,
            label=factor.label,
            weight=factor.weight,
            default_anchor=factor.default_anchor,
            anchors=list(factor.anchors),
        )
        for position, factor in enumerate(doc.factors, 1)
    )
    FloorTest.objects.bulk_create(
        FloorTest(
            version=version,
            code=test.code,
            label=test.label,
            fact=test.fact,
            op=test.op,
            value=str(test.value) if isinstance(test.value, Decimal) else test.value,
        )
        for test in doc.tests
    )
    Floor.objects.bulk_create(
        Floor(version=version, position=i, severity=floor.severity, all_of=list(floor.all_of))
        for i, floor in enumerate(doc.floors, 1)
    )
    Category.objects.bulk_create(
        Category(
            version=version,
            code=category.code,
            label=category.label,
            default_severity=category.default_severity,
        )
        for category in doc.categories.values()
    )
    RoutingRule.objects.bulk_create(
        RoutingRule(
            version=version,
            position=position,
            name=rule.name,
            when=_spec(rule.when),
            team=teams[rule.team],
            ladder=rule.ladder or "",
            skill=rule.skill,
            severity_floor=rule.severity_floor,
        )
        for position, rule in enumerate(doc.rules, 1)
    )
    Example.objects.bulk_create(
        Example(
            version=version,
            position=position,
            name=each.name,
            given=dict(each.given),
            anchors=dict(each.anchors),
            rule=each.rule,
            severity=each.severity,
            team=each.team,
            ladder=each.ladder,
        )
        for position, each in enumerate(doc.examples, 1)
    )
    SortingRule.objects.bulk_create(
        SortingRule(
            version=version,
            position=position,
            name=each.name,
            category=each.category,
            confidence=each.confidence,
            keywords=list(each.keywords),
            fields=dict(each.fields),
        )
        for position, each in enumerate(doc.sorting, 1)
    )
    store_task_forces(version, doc.task_forces, teams)
    for ladder in doc.ladders.values():
        _store_ladder(version, ladder)
    return version


def _store_ladder(version: PolicyVersion, ladder: rules.Ladder) -> None:
    row = Ladder.objects.create(
        version=version,
        name=ladder.name,
        repeat=ladder.repeat,
        on_breach_level=ladder.on_breach_level,
        fallback_every_s=ladder.fallback_every_s,
        max_pages_total=ladder.max_pages_total,
    )
    fallback = rules.Level(0, ladder.fallback_every_s, ladder.fallback)
    for said in [*ladder.levels, fallback]:
        targets = said.targets
        level = LadderLevel.objects.create(
            ladder=row,
            number=said.number,
            ack_timeout_s=said.ack_timeout_s,
            notify=said.notify.value,
            require_acks=said.require_acks,
            quiet_hours=said.quiet_hours.value,
            channels_min=said.channels_min,
        )
        LadderTarget.objects.bulk_create(
            LadderTarget(
                level=level, position=i, kind=target.kind, ref=target.ref, depth=target.depth
            )
            for i, target in enumerate(targets, 1)
        )


@transaction.atomic
def put_in_force(version: PolicyVersion, *, by: User | None, at: datetime) -> PolicyVersion:
    """Freeze a version and let it decide from `at` on, without anybody's approval: for
    installations and tests. Pages go by requests (escalations.services.changes)."""
    version = PolicyVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    if by is not None:  # a new installation has a policy before it has people
        check_ladders(build_doc(version), at)
    return take_effect(version, by=by, at=at)


def take_effect(
    version: PolicyVersion, *, by: User | None, at: datetime, reason: str = "Put in force."
) -> PolicyVersion:
    """The version in force retires, this one decides from `at` on. The caller holds its lock.
    Raises Conflict `already_published`."""
    if version.state in ("in_force", "retired"):
        raise Conflict("already_published", "This version was in force already.")
    Policy.objects.select_for_update().get(pk=version.policy_id)  # one at a time
    for before in PolicyVersion.objects.filter(policy=version.policy_id, state="in_force"):
        before.state, before.retired_at = "retired", at
        told(before, by=by, reason=f"Version {version.number} is in force.", at=at).save()
    version.state = "in_force"
    version.effective_from = at
    version.published_by = by
    version.sha256 = digest(build_doc(version))
    told(version, by=by, reason=reason, at=at).save()
    return version


def copy_version(
    version: PolicyVersion, *, by: User | None, at: datetime, note: str
) -> PolicyVersion:
    """The next draft of a policy, which says what this version says."""
    return draft_version(
        version.policy,
        build_doc(version),
        by=by,
        at=at,
        service_hours=version.service_hours,
        note=note,
    )
