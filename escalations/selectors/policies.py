"""The policy in force, and the one function that turns a version's rows into a `PolicyDoc`."""

from __future__ import annotations

from collections.abc import Iterable
from copy import copy
from dataclasses import asdict, fields
from datetime import datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from accounts.models import Team
from config.lib.errors import DomainError
from config.lib.stamps import Kept
from escalations.models import PolicyVersion
from escalations.rules import policy as rules
from escalations.rules.limits import Limits
from escalations.rules.policy import ClockKind, LadderStart, PolicyDoc, Severity, TargetKind
from escalations.selectors.task_force_rules import task_forces_of

LIMITS = tuple(field.name for field in fields(Limits))


def version_in_force(product_area: str = "") -> PolicyVersion:
    """The version for this product area, else the default policy's. One query.

    Raises DomainError `no_policy` when nothing is in force: no incident can be decided then.
    """
    return version_for(product_area, versions_in_force())


def versions_in_force(known: Kept | None = None) -> list[PolicyVersion]:
    """One query; none where they are `known`."""
    found = (known or Kept(None)).one("versions in force", _versions_in_force)
    return [copy(version) for version in found]


def _versions_in_force() -> list[PolicyVersion]:
    return list(PolicyVersion.objects.filter(state="in_force").select_related("policy"))


def version_for(product_area: str, versions: Iterable[PolicyVersion]) -> PolicyVersion:
    """Of the versions in force the one for this product area. Raises DomainError `no_policy`."""
    fallback = None
    for version in versions:
        if product_area and product_area in version.policy.product_areas:
            return version
        if version.policy.is_default:
            fallback = version
    if fallback is None:
        raise DomainError(
            "no_policy",
            "No policy is in force. Publish one, or run `manage.py load_demo`.",
            status=503,
        )
    return fallback


FROZEN = frozenset({"in_force", "retired"})  # for good; whatever is before that may be sent back


class _MayChange(Exception):
    def __init__(self, doc: PolicyDoc) -> None:
        super().__init__()
        self.doc = doc


def policy_doc(version_id: int) -> PolicyDoc:
    """What a version says, cached by id as soon as it cannot change any more."""
    try:
        return _frozen_doc(version_id)
    except _MayChange as found:
        return found.doc


@lru_cache(maxsize=64)
def _frozen_doc(version_id: int) -> PolicyDoc:
    version = PolicyVersion.objects.select_related("policy").get(pk=version_id)
    doc = build_doc(version)
    if version.state not in FROZEN:
        raise _MayChange(doc)  # an exception is not kept
    return doc


def build_doc(version: PolicyVersion) -> PolicyDoc:
    targets: dict[Severity, dict[ClockKind, rules.ClockTarget]] = {s: {} for s in Severity}
    for row in _ordered(version.clock_targets):
        kind = ClockKind(row.kind)
        targets[Severity(row.severity)][kind] = rules.ClockTarget(
            kind, row.target_s, row.is_business
        )
    return PolicyDoc(
        version_id=version.pk,
        policy=version.policy.name,
        number=version.number,
        severities={
            Severity(row.severity): rules.SeverityRule(
                severity=Severity(row.severity),
                targets=targets[Severity(row.severity)],
                ladder=row.ladder or None,
                ladder_start=LadderStart(row.ladder_start),
                reescalate_after_ack_s=row.reescalate_after_ack_s,
                monitor_window_s=row.monitor_window_s,
            )
            for row in _ordered(version.severity_rules)
        },
        factors=tuple(
            rules.Factor(row.code, row.label, row.weight, row.default_anchor, tuple(row.anchors))
            for row in _ordered(version.factors)
        ),
        bands={
            Severity.S1: version.s1_from_bp,
            Severity.S2: version.s2_from_bp,
            Severity.S3: version.s3_from_bp,
        },
        tests=tuple(
            rules.FloorTest(
                row.code,
                row.label,
                row.fact,
                row.op,
                row.value if isinstance(row.value, bool) else Decimal(str(row.value)),
            )
            for row in _ordered(version.floor_tests)
        ),
        floors=tuple(
            rules.Floor(Severity(row.severity), tuple(row.all_of))
            for row in _ordered(version.floors)
        ),
        rules=tuple(
            rules.RoutingRule(
                position=row.position,
                name=row.name,
                when=condition(row.when) if row.when else None,
                team=row.team.code,
                ladder=row.ladder or None,
                skill=row.skill,
                severity_floor=Severity(row.severity_floor) if row.severity_floor else None,
            )
            for row in _ordered(version.routing_rules).select_related("team")
        ),
        ladders={
            row.name: _ladder(row)
            for row in _ordered(version.ladders).prefetch_related("levels__targets")
        },
        categories={
            row.code: rules.Category(
                row.code,
                row.label,
                Severity(row.default_severity) if row.default_severity else None,
            )
            for row in _ordered(version.categories)
        },
        warn_percents=tuple(version.warn_percents),
        min_confidence=version.min_confidence,
        limits=Limits(**{name: getattr(version, name) for name in LIMITS}),
        examples=tuple(
            rules.Example(
                name=row.name,
                given=row.given if isinstance(row.given, dict) else {},
                rule=row.rule,
                severity=Severity(row.severity) if row.severity else None,
                team=row.team,
                ladder=row.ladder,
                anchors=row.anchors if isinstance(row.anchors, dict) else {},
            )
            for row in _ordered(version.examples)
        ),
        sorting=tuple(
            rules.SortingRule(
                row.name,
                row.category,
                row.confidence,
                tuple(row.keywords),
                dict(row.fields),
            )
            for row in _ordered(version.sorting_rules)
        ),
        task_forces=task_forces_of(version),
        has_task_forces_of_house=not version.carries_task_forces,
        category_from=version.category_from,
        agreed_sources=tuple(version.agreed_sources),
    )


def _ordered(rows: Any) -> Any:
    """The rows of one version in their order, without the joins for the order of versions."""
    return rows.order_by(*rows.model._meta.ordering[1:])


def as_json(doc: PolicyDoc) -> dict[str, Any]:
    """Everything a version says, in plain values: severities by label, amounts as text."""
    content = asdict(doc)
    content.pop("version_id")
    plain = _plain(content)
    assert isinstance(plain, dict)
    return plain


def _plain(value: Any) -> Any:
    match value:
        case Severity():
            return value.label
        case dict():
            return {str(_plain(key)): _plain(each) for key, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_plain(each) for each in value]
        case Enum():
            return value.value
        case Decimal():
            return str(value)
        case time():
            return f"{value:%H:%M}"
    return value


def condition(spec: dict[str, Any]) -> Any:
    """{"match", "parts"} or {"field", "op", "value"} as the rule's own values."""
    if "match" in spec:
        return rules.Group(spec["match"], tuple(condition(part) for part in spec["parts"]))
    value = spec.get("value")
    return rules.Condition(
        spec["field"], spec["op"], tuple(value) if isinstance(value, list) else value
    )


def _ladder(row: Any) -> rules.Ladder:
    levels: list[rules.Level] = []
    fallback: tuple[rules.LadderTarget, ...] = ()
    for level in row.levels.all():
        targets = tuple(
            rules.LadderTarget(TargetKind(t.kind), t.ref, t.depth) for t in level.targets.all()
        )
        if level.number == 0:
            fallback = targets
        else:
            levels.append(
                rules.Level(
                    level.number,
                    level.ack_timeout_s,
                    targets,
                    rules.Notify(level.notify),
                    level.require_acks,
                    rules.QuietHours(level.quiet_hours),
                    level.channels_min,
                )
            )
    return rules.Ladder(
        name=row.name,
        levels=tuple(levels),
        repeat=row.repeat,
        on_breach_level=row.on_breach_level,
        fallback=fallback,
        fallback_every_s=row.fallback_every_s,
        max_pages_total=row.max_pages_total,
    )


@lru_cache(maxsize=256)
def team_id(code: str) -> int | None:
    """Teams keep their code for ever; a team not there yet is asked for again."""
    found = Team.objects.filter(code=code).values_list("pk", flat=True).first()
    if found is None:
        team_id.cache_clear()
    return found


def clear_caches(at: datetime | None = None) -> None:
    """For tests, where ids of one test are taken by other rows in the next."""
    _frozen_doc.cache_clear()
    team_id.cache_clear()
