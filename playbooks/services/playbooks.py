"""Writing the library: playbooks, drafts of their versions, and what puts one in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from simple_history.utils import bulk_create_with_history

from accounts.models import User
from config.lib.errors import Conflict, DomainError
from config.lib.history import told
from config.lib.versions import VersionState, digest
from playbooks.models import Playbook, PlaybookStep, PlaybookVersion
from playbooks.models.playbooks import PlaybookKind
from playbooks.services.rights import EDIT, require

TEXTS = ("when_to_use", "hypothesis", "success_criterion", "rollback")
STEP_FIELDS = (
    "title",
    "instructions",
    "expected_outcome",
    "owner_role",
    "timebox_s",
    "needs_approval",
)


@transaction.atomic
def save_playbook(playbook: Playbook, *, by: User, at: datetime, reason: str = "") -> Playbook:
    """Make a playbook or change what names it. Its content lives in versions."""
    require(by, EDIT)
    playbook.full_clean()
    told(playbook, by=by, reason=reason, at=at).save()
    return playbook


@transaction.atomic
def draft_version(
    playbook: Playbook,
    content: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]],
    *,
    by: User,
    at: datetime,
) -> PlaybookVersion:
    """The next version, as a draft. `content` holds fields of the version, `steps` its steps in
    order, with fields of `STEP_FIELDS`."""
    require(by, EDIT)
    Playbook.objects.select_for_update().get(pk=playbook.pk)
    last = playbook.versions.order_by("-number").first()
    version = PlaybookVersion(playbook=playbook, number=last.number + 1 if last else 1)
    _write(version, content, steps, by, at)
    return version


@transaction.atomic
def change_draft(
    version: PlaybookVersion,
    content: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]] | None,
    *,
    by: User,
    at: datetime,
) -> PlaybookVersion:
    """Replace what is given of a draft; `steps` None keeps its steps. Raises 409 `sealed`."""
    require(by, EDIT)
    version = _locked(version)
    if version.state != VersionState.DRAFT:
        raise Conflict("sealed", f"{version} is no draft any more: draft the next version.")
    _write(version, content, steps, by, at)
    return version


def _write(
    version: PlaybookVersion,
    content: Mapping[str, Any],
    steps: Sequence[Mapping[str, Any]] | None,
    by: User,
    at: datetime,
) -> None:
    for name, value in content.items():
        setattr(version, name, value)
    version.full_clean()
    told(version, by=by, at=at).save()
    if steps is None:
        return
    for old in version.steps.all():
        told(old, by=by, at=at).delete()
    rows = [PlaybookStep(version=version, position=i, **given) for i, given in enumerate(steps, 1)]
    for row in rows:  # what fields cannot say, the constraints do, without a query each
        row.full_clean(validate_unique=False, validate_constraints=False, exclude=["version"])
    if rows:
        bulk_create_with_history(rows, PlaybookStep, default_user=by, default_date=at)


def _locked(version: PlaybookVersion) -> PlaybookVersion:
    PlaybookVersion.objects.select_for_update().only("pk").get(pk=version.pk)
    return PlaybookVersion.objects.select_related("playbook").get(pk=version.pk)


@transaction.atomic
def put_in_force(version: PlaybookVersion, *, by: User, at: datetime) -> PlaybookVersion:
    """Without anybody's approval: for installations and tests. Pages and the API go by requests
    (escalations.services.changes).

    Raises 409 `already_published`, and 400 `not_ready` with everything that is missing.
    """
    require(by, EDIT)
    version = _locked(version)
    if version.state not in (VersionState.IN_FORCE, VersionState.RETIRED):
        check_ready(version)
    return take_effect(version, by=by, at=at, reason="Put in force.")


def check_ready(version: PlaybookVersion) -> None:
    """Raises DomainError 400 `not_ready` with everything that is missing."""
    if lacks := _lacks(version, list(version.steps.all())):
        raise DomainError(
            "not_ready",
            " ".join(each["detail"] for each in lacks),
            errors=lacks,
        )


def take_effect(
    version: PlaybookVersion, *, by: User | None, at: datetime, reason: str
) -> PlaybookVersion:
    """Runs start from it from now on; its predecessor retires. The caller holds its lock. Raises
    Conflict `already_published`."""
    if version.state in (VersionState.IN_FORCE, VersionState.RETIRED):
        raise Conflict("already_published", "This version was in force already.")
    Playbook.objects.select_for_update().only("pk").get(pk=version.playbook_id)
    for old in PlaybookVersion.objects.filter(playbook=version.playbook, state="in_force"):
        old.state, old.retired_at = VersionState.RETIRED, at
        told(old, by=by, reason=f"Version {version.number} is in force.", at=at).save()
    version.state = VersionState.IN_FORCE
    version.effective_from = at
    version.published_by = by
    version.sha256 = sealed(version)
    told(version, by=by, reason=reason, at=at).save()
    return version


def copy_version(
    version: PlaybookVersion, *, by: User | None, at: datetime, note: str
) -> PlaybookVersion:
    """The next draft of a playbook, which says what this version says. The caller is in atomic."""
    Playbook.objects.select_for_update().only("pk").get(pk=version.playbook_id)
    last = version.playbook.versions.order_by("-number").first()
    copy = PlaybookVersion(
        playbook=version.playbook,
        number=last.number + 1 if last else 1,
        needs_approval=version.needs_approval,
        note=note,
        **{name: getattr(version, name) for name in TEXTS},
    )
    told(copy, by=by, reason=note, at=at).save()
    rows = [
        PlaybookStep(version=copy, position=i, **{n: getattr(step, n) for n in STEP_FIELDS})
        for i, step in enumerate(version.steps.all(), 1)
    ]
    if rows:
        bulk_create_with_history(rows, PlaybookStep, default_user=by, default_date=at)
    return copy


def sealed(version: PlaybookVersion) -> str:
    """The hash of what it says."""
    return digest(content_of(version, list(version.steps.all())))


def content_of(version: PlaybookVersion, steps: Sequence[PlaybookStep]) -> dict[str, Any]:
    """What a version says, independent of ids; its hash is taken from this."""
    return {
        "playbook": version.playbook.code,
        "number": version.number,
        "needs_approval": version.needs_approval,
        **{name: getattr(version, name) for name in TEXTS},
        "steps": [{name: getattr(step, name) for name in STEP_FIELDS} for step in steps],
    }


def _lacks(version: PlaybookVersion, steps: Sequence[PlaybookStep]) -> list[dict[str, str]]:
    found = []
    if not steps:
        found.append(("steps", "steps_missing", "A playbook has at least one step."))
    if version.playbook.kind == PlaybookKind.REMEDIATION:
        if not version.success_criterion.strip():
            found.append(("success_criterion", "success_missing", "Say what shows that it worked."))
        if not version.rollback.strip():
            found.append(("rollback", "rollback_missing", "Say how to undo it."))
    return [{"field": field, "code": code, "detail": detail} for field, code, detail in found]
