"""What a change asks of a version of any kind: checked, frozen, put in force, brought back.

Policies are the one kind now. Another kind is a foreign key more on `Change` and a branch here.
"""

from __future__ import annotations

from datetime import datetime

from accounts.models import User
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from escalations.models import Change, PolicyVersion
from escalations.rules.policy_diff import compare
from escalations.rules.routing_lint import Finding
from escalations.selectors.policies import build_doc, policy_doc
from escalations.selectors.policy_lint import version_findings
from escalations.services.ladder_checks import check_ladders
from escalations.services.policies import check_version, copy_version, digest, take_effect


def lock_version(pk: int) -> PolicyVersion:
    """The row itself, and its policy read with it."""
    rows = PolicyVersion.objects.select_for_update(of=("self",)).select_related("policy")
    return rows.get(pk=pk)


def move(
    version: PolicyVersion, state: str, *, by: User | None, at: datetime, reason: str
) -> PolicyVersion:
    """To another state of its life, with a line in its history. The caller holds its lock."""
    version.state = state
    told(version, by=by, reason=reason, at=at).save()
    return version


def look_over(version: PolicyVersion, at: datetime) -> list[Finding]:
    """The warnings. Raises DomainError `lint_errors` with what keeps it from review, and what
    `check_version` and `check_ladders` raise."""
    doc, findings = build_doc(version), version_findings(version, at)
    if errors := [finding for finding in findings if finding.is_error]:
        raise DomainError(
            "lint_errors",
            f"Mend {len(errors)} first: {errors[0].sentence}",
            status=409,
            errors=[
                {"field": each.where, "code": each.code, "detail": each.sentence} for each in errors
            ],
        )
    check_version(version)
    check_ladders(doc, at)
    return findings


def seal(version: PolicyVersion, *, by: User, at: datetime) -> None:
    """Approved: from here on it is what it says now, by its hash."""
    version.sha256 = digest(build_doc(version))
    move(version, "approved", by=by, at=at, reason="Approved.")


def enforce(change: Change, *, by: User | None, at: datetime, reason: str) -> None:
    """Raises Conflict `altered` if it does not say any more what was approved, and what
    `check_ladders` raises."""
    assert change.policy_version_id is not None
    version = lock_version(change.policy_version_id)
    doc = build_doc(version)
    if digest(doc) != version.sha256:
        raise Conflict("altered", "It does not say any more what was approved.")
    check_ladders(doc, at)
    change.replaced = in_force(version)
    take_effect(version, by=by, at=at, reason=reason)
    told(change, by=by, reason=reason, at=at).save()


def reopen(change: Change, *, by: User | None, at: datetime, reason: str) -> None:
    """A draft again, to be mended."""
    assert change.policy_version_id is not None
    version = lock_version(change.policy_version_id)
    version.sha256 = ""
    move(version, "draft", by=by, at=at, reason=reason)


def bring_back(change: Change, *, by: User | None, at: datetime, reason: str) -> bool:
    """What was in force before decides again, as a version of its own. False where this one was
    replaced meanwhile: then there is nothing to take back."""
    assert change.policy_version_id is not None
    version = lock_version(change.policy_version_id)
    before = _confirmed_before(change)
    if version.state != "in_force" or before is None:
        return False
    note = f"As v{before.number} was: {reason}"
    again = copy_version(before, by=by, at=at, note=note[:500])
    take_effect(lock_version(again.pk), by=by, at=at, reason=reason)
    return True


def _confirmed_before(change: Change) -> PolicyVersion | None:
    """The last version before this one that was no emergency still on trial."""
    before = change.replaced
    while before is not None:
        trial = Change.objects.filter(
            policy_version=before, request__is_emergency=True, request__confirmed_at=None
        ).first()
        if trial is None:
            return before
        before = trial.replaced
    return None


def in_force(version: PolicyVersion) -> PolicyVersion | None:
    """The version of the same thing that decides now."""
    return PolicyVersion.objects.filter(policy=version.policy_id, state="in_force").first()


def name_of(change: Change) -> str:
    assert change.policy_version is not None
    return f"{change.policy_version.policy.name} v{change.policy_version.number}"


def sentences(change: Change) -> tuple[str, ...]:
    """What changes, against what was replaced or would be."""
    assert change.policy_version is not None
    before = change.replaced or in_force(change.policy_version)
    if before is None or before.pk == change.policy_version.pk:
        return ()
    return compare(policy_doc(before.pk), policy_doc(change.policy_version.pk)).sentences
