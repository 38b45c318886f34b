"""What a change asks of a version of any kind: checked, frozen, put in force, brought back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from accounts.models import User
from config.lib.errors import Conflict
from config.lib.history import told
from escalations.models import Change
from escalations.selectors.governed_kinds import kind_of, version_of
from escalations.services.governed_kinds import GovernedVerbs, verbs_of


def lock(change: Change) -> Any:
    """The version of a change: the row itself, and whose it is read with it."""
    verbs = verbs_of(change)
    return verbs.lock(getattr(change, f"{verbs.reads.field}_id"))


def move(version: Any, state: str, *, by: User | None, at: datetime, reason: str) -> Any:
    """To another state of its life, with a line in its history. The caller holds its lock."""
    version.state = state
    told(version, by=by, reason=reason, at=at).save()
    return version


def seal(change: Change, *, by: User, at: datetime) -> None:
    """Approved: from here on it is what it says now, by its hash."""
    version = lock(change)
    version.sha256 = verbs_of(change).digest(version)
    move(version, "approved", by=by, at=at, reason="Approved.")


def schedule(change: Change, *, since: datetime, by: User, at: datetime, reason: str) -> None:
    version = lock(change)
    verbs_of(change).foresee(version, since=since, by=by, at=at, reason=reason)
    move(version, "scheduled", by=by, at=at, reason=reason)


def enforce(change: Change, *, by: User | None, at: datetime, reason: str) -> None:
    """Raises Conflict `altered` if it does not say any more what was approved, and what its kind
    raises that cannot decide any more."""
    verbs, version = verbs_of(change), lock(change)
    if verbs.digest(version) != version.sha256:
        raise Conflict("altered", "It does not say any more what was approved.")
    verbs.check_again(version, at)
    before = verbs.reads.in_force(version)
    change.replaced_number = before.number if before else None
    verbs.take_effect(version, by=by, at=at, reason=reason)
    told(change, by=by, reason=reason, at=at).save()


def reopen(change: Change, *, by: User | None, at: datetime, reason: str) -> None:
    """A draft again, to be mended."""
    version = lock(change)
    version.sha256 = ""
    verbs_of(change).forget(version, by=by, at=at, reason=reason)
    move(version, "draft", by=by, at=at, reason=reason)


def bring_back(change: Change, *, by: User | None, at: datetime, reason: str) -> bool:
    """What was in force before decides again, as a version of its own. False where this one was
    replaced meanwhile: then there is nothing to take back."""
    verbs, version = verbs_of(change), lock(change)
    before = _confirmed_before(verbs, version, change)
    if version.state != "in_force" or before is None:
        return False
    note = f"As v{before.number} was: {reason}"
    again = verbs.copy(before, by=by, at=at, note=note[:500])
    verbs.take_effect(verbs.lock(again.pk), by=by, at=at, reason=reason)
    return True


def _confirmed_before(verbs: GovernedVerbs[Any], version: Any, change: Change) -> Any | None:
    """The last version before this one that was no emergency still on trial."""
    before = verbs.reads.numbered(version, change.replaced_number)
    while before is not None:
        trial = Change.objects.filter(
            **{verbs.reads.field: before}, request__is_emergency=True, request__confirmed_at=None
        ).first()
        if trial is None:
            return before
        before = verbs.reads.numbered(version, trial.replaced_number)
    return None


def name_of(change: Change) -> str:
    return kind_of(change).name_of(version_of(change))


def sentences(change: Change) -> tuple[str, ...]:
    """What changes, against what was replaced or would be; without revenue, for anybody."""
    kind, version = kind_of(change), version_of(change)
    before = kind.numbered(version, change.replaced_number) or kind.in_force(version)
    if before is None or before.pk == version.pk:
        return ()
    return kind.compare(before, version).sentences
