"""How long ago did the background processes last prove that they work?"""

from __future__ import annotations

import math
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max
from django_q.models import OrmQ

from escalations.models import Heartbeat

# A cluster whose clock is silent gets no jobs to prove itself with.
CLOCK_SILENT_S = 15.0


def newest_beats() -> dict[str, datetime]:
    """When each kind of process last proved that it works."""
    rows = Heartbeat.objects.order_by().values_list("kind")
    return dict(rows.annotate(newest=Max("beat_at")))


def heartbeat_age_s(kind: str, at: datetime) -> float:
    """Seconds since the newest heartbeat of this kind; infinity if there is none."""
    newest = Heartbeat.objects.filter(kind=kind).aggregate(newest=Max("beat_at"))["newest"]
    return math.inf if newest is None else (at - newest).total_seconds()


def cluster_age_s(at: datetime) -> float | None:
    """Seconds since the job cluster last did something; None if that cannot be told.

    The beat is a job behind other jobs, so a long queue or two slow jobs delay it. A cluster
    that took a job from the queue within the longest time a job may last is at work.
    """
    if heartbeat_age_s("clock", at) > CLOCK_SILENT_S:
        return None
    beat = heartbeat_age_s("cluster", at)
    retry_s, timeout_s = settings.Q_CLUSTER["retry"], settings.Q_CLUSTER["timeout"]
    # django-q2 leases a job by setting its lock `retry` seconds into the future.
    leased_until = OrmQ.objects.filter(lock__gt=at).aggregate(newest=Max("lock"))["newest"]
    if leased_until is not None:
        taken_at = leased_until - timedelta(seconds=retry_s)
        if (at - taken_at).total_seconds() < timeout_s + 15:
            return 0.0
    return beat
