"""Policies that live in files: looked at without storing anything, then stored as a draft."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from config.lib.errors import DomainError
from escalations.models import Policy, PolicyVersion
from escalations.rules.policy_diff import Comparison, compare
from escalations.rules.policy_documents import read_text
from escalations.rules.policy_reader import BadDocument, Error
from escalations.rules.routing_lint import Finding
from escalations.selectors.policies import policy_doc
from escalations.selectors.policy_lint import look_over
from escalations.services.policies import check_doc, draft_version
from escalations.services.task_force_rules import with_task_forces


@dataclass(frozen=True, slots=True)
class Looked:
    """What a document would be: mistakes by path, or what it says and changes."""

    errors: tuple[Error, ...] = ()
    findings: tuple[Finding, ...] = ()
    comparison: Comparison | None = None  # with the version in force; None for the first

    @property
    def is_refused(self) -> bool:
        return bool(self.errors) or any(finding.is_error for finding in self.findings)


def look_at(code: str, text: str, at: datetime) -> Looked:
    """Stores nothing. Raises DomainError `not_found` for an unknown policy."""
    policy = _policy(code)
    try:
        doc = with_task_forces(policy, read_text(text, policy=policy.name))
        check_doc(doc)
    except BadDocument as error:
        return Looked(errors=tuple(error.errors))
    except DomainError as error:
        return Looked(errors=(("rules", error.detail),))
    newest = policy.versions.filter(state="in_force").first() or policy.versions.last()
    hours = newest.service_hours_id if newest else None
    comparison = compare(policy_doc(newest.pk), doc) if newest is not None else None
    return Looked(
        findings=look_over(doc, at, code=code, service_hours=hours).findings, comparison=comparison
    )


def draft_from_text(
    code: str, text: str, *, by: User | None, at: datetime, note: str
) -> PolicyVersion:
    """Store a document as the next draft. Raises DomainError `bad_document` with the mistakes by
    path, `not_found`, and what `draft_version` raises."""
    policy = _policy(code)
    try:
        doc = with_task_forces(policy, read_text(text, policy=policy.name))
    except BadDocument as error:
        raise DomainError(
            "bad_document",
            f"The document has {len(error.errors)} mistakes: {error}"[:1000],
            errors=[
                {"field": path, "code": "bad_document", "detail": said}
                for path, said in error.errors
            ],
        ) from None
    hours = policy.versions.filter(state="in_force").first()
    return draft_version(
        policy, doc, by=by, at=at, note=note, service_hours=hours.service_hours if hours else None
    )


def _policy(code: str) -> Policy:
    policy = Policy.objects.filter(code=code).first()
    if policy is None:
        raise DomainError("not_found", f"There is no policy {code!r}.", status=404)
    return policy
