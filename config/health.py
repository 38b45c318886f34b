"""/healthz: this process answers. /readyz: all that Belay needs to keep its promises is there."""

from __future__ import annotations

from datetime import timedelta

from django.db import Error, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from config.lib import clock
from config.lib.problems import problem
from escalations.selectors.heartbeats import newest_beats

PULSE = timedelta(seconds=30)
PROCESSES = ("clock", "cluster")
OK = "ok"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": OK})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200, or 503 with every check named: `ok` or a sentence."""
    checks = readiness()
    if all(answer == OK for answer in checks.values()):
        return JsonResponse({"status": OK, "checks": checks})
    failing = ", ".join(name for name, answer in checks.items() if answer != OK)
    return problem(503, "not_ready", f"Not ready: {failing}.", checks=checks)


def readiness() -> dict[str, str]:
    checks = dict.fromkeys(("database", "migrations", *PROCESSES), "not checked")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        checks["database"] = OK
        checks["migrations"] = _migrations()
        if checks["migrations"] == OK:
            checks |= _heartbeats()
    except Error:
        checks["database"] = "the database does not answer"
    return checks


class _Migrated:
    """Once migrated, a running process stays so: the walk over all migrations is made once."""

    is_known = False


def _migrations() -> str:
    if not _Migrated.is_known:
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return f"{len(plan)} to apply: run `python manage.py migrate`"
        _Migrated.is_known = True
    return OK


def _heartbeats() -> dict[str, str]:
    newest = newest_beats()
    at, checks = clock.now(), {}
    for kind in PROCESSES:
        if kind not in newest:
            checks[kind] = "no heartbeat yet: is `manage.py serve` running?"
        elif at - newest[kind] < PULSE:
            checks[kind] = OK
        else:
            checks[kind] = f"last heartbeat {int((at - newest[kind]).total_seconds())} s ago"
    return checks
