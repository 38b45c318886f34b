"""Known events of a KPI: written by its owner or steward, withdrawn, never edited."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from escalations.models import Kpi, KpiAnnotation
from escalations.models.annotations import AnnotationKind
from escalations.selectors.annotations import may_annotate

LONGEST = timedelta(days=60)


def annotate(
    kpi: Kpi,
    *,
    kind: str,
    label: str,
    starts_at: datetime,
    ends_at: datetime,
    by: User,
    at: datetime,
) -> KpiAnnotation:
    """What is learned from now on leaves the event out; days that are learned stand.

    Raises DomainError 403 `missing_right`, 400 `unknown_kind`, `no_label`, `bad_period`,
    `too_long`.
    """
    _refuse_others(kpi, by)
    label = label.strip()
    if kind not in AnnotationKind.values:
        raise field_error("kind", "unknown_kind", "Choose promotion, release or another event.")
    if not label:
        raise field_error("label", "no_label", "Say what happens, in a few words.")
    if ends_at <= starts_at:
        raise field_error("ends_at", "bad_period", "An event ends after it starts.")
    if ends_at - starts_at > LONGEST:
        raise field_error(
            "ends_at", "too_long", f"An event lasts {LONGEST.days} days at most: change the limits."
        )
    with transaction.atomic():
        return KpiAnnotation.objects.create(
            kpi=kpi,
            kind=kind,
            label=label[:120],
            starts_at=starts_at,
            ends_at=ends_at,
            made_at=at,
            made_by=by,
        )


def withdraw_annotation(kpi: Kpi, pk: int, *, by: User, at: datetime) -> KpiAnnotation:
    """Raises DomainError 403 `missing_right`, 404 `not_found`, 409 `already_withdrawn`."""
    _refuse_others(kpi, by)
    with transaction.atomic():
        found = KpiAnnotation.objects.select_for_update().filter(kpi=kpi, pk=pk).first()
        if found is None:
            raise DomainError("not_found", "This KPI has no such event.", status=404)
        if found.withdrawn_at is not None:
            raise Conflict("already_withdrawn", "It was withdrawn before.")
        found.withdrawn_at, found.withdrawn_by = at, by
        found.save(update_fields=["withdrawn_at", "withdrawn_by"])
    return found


def _refuse_others(kpi: Kpi, by: User) -> None:
    if not may_annotate(kpi, by):
        raise NotAllowed(
            "missing_right", "The owner or the data steward of this KPI marks its events."
        )
