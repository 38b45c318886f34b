"""/metrics: Belay's own health in Prometheus' text format."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from config.lib import clock
from config.lib.problems import problem
from config.lib.queue import queued_jobs
from escalations.models import Audit
from escalations.models.audits import Check
from escalations.selectors.audit import oldest_unsent_s, open_findings
from escalations.selectors.heartbeats import newest_beats

RIGHT = "escalations.view_audit"


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Six queries, whatever the house holds."""
    if not _may_read(request):
        return problem(403, "forbidden", "Show the metrics token, or sign in with the right.")
    registry = CollectorRegistry()
    registry.register(_Health())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _may_read(request: HttpRequest) -> bool:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and kind == "Bearer":
        return constant_time_compare(token, settings.METRICS_TOKEN)
    return request.user.has_perm(RIGHT)


class _Health:
    def collect(self) -> Iterator[Metric]:
        at = clock.now()
        yield GaugeMetricFamily("belay_queue_depth", "Jobs waiting or running.", queued_jobs())
        yield GaugeMetricFamily(
            "belay_outbox_oldest_unsent_seconds",
            "Age of the oldest message that is due and has not left.",
            oldest_unsent_s(at),
        )
        beat = GaugeMetricFamily(
            "belay_heartbeat_age_seconds",
            "Since a process last proved that it works.",
            labels=["kind"],
        )
        for kind, beat_at in sorted(newest_beats().items()):
            beat.add_metric([kind], (at - beat_at).total_seconds())
        yield beat
        wrong = GaugeMetricFamily(
            "belay_audit_findings", "Open findings of the audit.", labels=["code"]
        )
        found = open_findings()
        for code in Check.values:
            wrong.add_metric([code], found.get(code, 0))
        yield wrong
        yield from _last_audit(at)


def _last_audit(at: datetime) -> Iterator[Metric]:
    last = Audit.objects.order_by("-at").first()
    if last is None:
        return
    age = (at - last.at).total_seconds()
    yield GaugeMetricFamily("belay_audit_age_seconds", "Since the last audit.", age)
    yield GaugeMetricFamily("belay_audit_took_seconds", "Its duration.", last.took_ms / 1000)
    late = GaugeMetricFamily(
        "belay_lateness_seconds",
        "From due to done in the last hour.",
        labels=["kind", "quantile"],
    )
    done = GaugeMetricFamily("belay_done_last_hour", "What fell due and was done.", labels=["kind"])
    for kind, figures in sorted(last.lateness.items()):
        for name, quantile in (("p50", "0.5"), ("p95", "0.95"), ("p99", "0.99"), ("max", "1")):
            late.add_metric([kind, quantile], figures[name] / 1000)
        done.add_metric([kind], figures["count"])
    yield from (late, done)
