"""All that is wrong or odd in a policy version: in its document, in the weeks ahead, and against
what was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.lib.errors import DomainError
from escalations.models import PolicyVersion
from escalations.rules.history_lint import History, lint_history, lint_hours
from escalations.rules.policy import PolicyDoc
from escalations.rules.policy_lint import lint
from escalations.rules.routing_lint import Finding
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_cover import cover_of
from escalations.selectors.policy_history import history_of, hours_of
from escalations.selectors.task_force_rules import task_force_findings


@dataclass(frozen=True, slots=True)
class LookedOver:
    """Errors first; within each the document's own before what surrounds it."""

    findings: tuple[Finding, ...]
    history: History


def look_over(doc: PolicyDoc, at: datetime, *, code: str, service_hours: int | None) -> LookedOver:
    """`code` is the policy's, `service_hours` what its business clocks count by in the end."""
    cover = cover_of(doc, at)
    history = history_of(code, at, cover.on_shift)
    found = [
        *lint(doc),
        *cover.findings,
        *task_force_findings(doc, at),
        *lint_hours(doc, hours_of(service_hours, at), at),
        *lint_history(doc, history),
    ]
    return LookedOver(tuple(sorted(found, key=lambda each: not each.is_error)), history)


def version_findings(version: PolicyVersion, at: datetime) -> list[Finding]:
    return list(look_over_version(version, at).findings)


def look_over_version(version: PolicyVersion, at: datetime) -> LookedOver:
    doc, code = policy_doc(version.pk), version.policy.code
    return look_over(doc, at, code=code, service_hours=version.service_hours_id)


def findings_of(code: str, number: int, at: datetime) -> list[Finding]:
    """Raises DomainError `not_found`."""
    versions = PolicyVersion.objects.select_related("policy")
    version = versions.filter(policy__code=code, number=number).first()
    if version is None:
        raise DomainError("not_found", f"{code} has no version {number}.", status=404)
    return version_findings(version, at)
