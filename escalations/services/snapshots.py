"""What Belay saw when an incident opened, kept shortly afterwards by a job of its own: openings
come in bursts and are not made slower by it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef

from escalations.models import Evidence, Incident, Reading, Signal
from escalations.models.evidence import EvidenceKind
from escalations.models.kpis import Quality
from escalations.selectors.incidents import iso

BACK = timedelta(days=1)  # older openings without a snapshot were before snapshots
BATCH = 200
POINTS = 60


def keep_openings(at: datetime, limit: int = BATCH) -> int:
    """Snapshots of at most `limit` incidents that opened within a day and have none; how many.

    May run twice at once: the constraint holds one snapshot of a kind an incident.
    """
    kept = Evidence.objects.filter(incident=OuterRef("pk"), kind=EvidenceKind.SIGNALS)
    rows = Incident.objects.real().filter(opened_at__gt=at - BACK, opened_at__lte=at)
    fresh = list(rows.filter(~Exists(kept)).order_by("opened_at").select_related("kpi")[:limit])
    if not fresh:
        return 0
    signals = _signals(fresh)
    found = [_evidence(each, EvidenceKind.SIGNALS, signals[each.pk], at) for each in fresh]
    for incident in fresh:
        if incident.kpi_id is not None:
            found.append(_evidence(incident, EvidenceKind.SERIES, _series(incident), at))
    with transaction.atomic():
        Evidence.objects.bulk_create(found, ignore_conflicts=True)
    return len(fresh)


def _evidence(incident: Incident, kind: EvidenceKind, snapshot: dict, at: datetime) -> Evidence:
    return Evidence(incident=incident, kind=kind, title=kind.label, snapshot=snapshot, taken_at=at)


def _signals(incidents: list[Incident]) -> dict[int, dict]:
    """No facts and no body: they have rights of their own."""
    opened = {incident.pk: incident.opened_at for incident in incidents}
    found: dict[int, list[dict]] = defaultdict(list)
    for signal in Signal.objects.filter(incident__in=opened).order_by("first_at", "pk"):
        if signal.incident_id is None or signal.first_at > opened[signal.incident_id]:
            continue
        found[signal.incident_id].append(
            {
                "source": signal.source,
                "dedup_key": signal.dedup_key,
                "title": signal.title,
                "first_at": iso(signal.first_at),
            }
        )
    return {pk: {"signals": found[pk][:50]} for pk in opened}


def _series(incident: Incident) -> dict:
    """The last points of the KPI's segment that were known at the opening."""
    assert incident.kpi is not None
    rows = Reading.objects.filter(
        series__kpi=incident.kpi,
        series__segment=incident.segment,
        quality=Quality.VALID,
        at__lte=incident.opened_at,
        received_at__lte=incident.opened_at,
    )
    points = rows.order_by("-at", "-pk").values_list("at", "value")[:POINTS]
    return {
        "kpi": incident.kpi.code,
        "unit": incident.kpi.unit,
        "segment": incident.segment,
        "points": [[iso(at), value] for at, value in reversed(points)],
    }
