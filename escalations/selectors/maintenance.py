"""Maintenance windows as pages show them. Two queries, however many windows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from config.lib.stamps import Kept, kept
from escalations.models import MaintenanceWindow

SHOWN = 100
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class WindowView:
    """`state`: lasts, comes or over. `covers` and `repeats` in words."""

    pk: int
    reason: str
    owner: str
    covers: str
    repeats: str
    starts_at: datetime
    ends_at: datetime
    state: str
    kept: int
    standing: int
    ended_by: str


def counted(windows: QuerySet[MaintenanceWindow] | None = None) -> QuerySet[MaintenanceWindow]:
    """Of all or these windows: `kept`, signals so far, and `standing`, what would open now."""
    rows = MaintenanceWindow.objects.all() if windows is None else windows
    return rows.select_related("kpi", "account", "owner", "ended_by").annotate(
        kept_count=Count("kept"),
        standing=Count("kept", filter=Q(kept__incident=None, kept__ended_at=None)),
    )


def lasting(at: datetime) -> tuple[WindowView, ...]:
    """For the banner of the queue. One query while any lasts, and the small one of `kept`."""
    if not any(window.starts_at <= at for window in windows_from(at, kept())):
        return ()
    return tuple(
        _view(row, at)
        for row in counted(MaintenanceWindow.objects.lasting(at)).order_by("ends_at", "pk")
    )


def windows_from(at: datetime, known: Kept) -> list[MaintenanceWindow]:
    """Those that last or come, the one that ends last first; no query where they are `known`."""
    _, rows = known.one("windows", lambda: (at, _windows_from(at)), lambda kept: kept[0] <= at)
    return rows


def _windows_from(at: datetime) -> list[MaintenanceWindow]:
    rows = MaintenanceWindow.objects.filter(ends_at__gt=at, ended_at=None)
    return list(rows.order_by("-ends_at", "pk"))


def windows(at: datetime) -> tuple[WindowView, ...]:
    """What lasts, then what comes, then what is over, the newest of it first."""
    rows = [_view(row, at) for row in counted().order_by("-starts_at", "-pk")[:SHOWN]]
    ahead = sorted((r for r in rows if r.state != "over"), key=lambda r: (r.starts_at, r.pk))
    over = [row for row in rows if row.state == "over"]
    return (*ahead, *over)


def covers(window: MaintenanceWindow) -> str:
    parts = []
    if window.kpi:
        parts.append(f"KPI {window.kpi.name}")
    if window.source:
        parts.append(f"source {window.source}")
    if window.account:
        parts.append(window.account.name)
    if window.product_area:
        parts.append(f"product area {window.product_area}")
    return " and ".join(parts)


def _view(row: MaintenanceWindow, at: datetime) -> WindowView:
    state = "over"
    if row.settle_at is not None:
        state = "lasts" if row.starts_at <= at < row.ends_at else "comes"
    return WindowView(
        pk=row.pk,
        reason=row.reason,
        owner=str(row.owner),
        covers=covers(row),
        repeats=_repeats(row),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        state=state,
        kept=row.kept_count,  # type: ignore[attr-defined]  # annotated
        standing=row.standing,  # type: ignore[attr-defined]
        ended_by=str(row.ended_by) if row.ended_by else "",
    )


def _repeats(row: MaintenanceWindow) -> str:
    repeat = row.repeat
    if repeat is None:
        return ""
    days = ", ".join(DAYS[day] for day in sorted(repeat.weekdays))
    until = f" until {repeat.until:%d %b %Y}" if repeat.until else ""
    return f"{days} {repeat.starts:%H:%M} to {repeat.ends:%H:%M} {repeat.zone}{until}"
