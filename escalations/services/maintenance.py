"""Maintenance windows: declare, end early, keep what comes in, open what still stands at the end.

A kept signal has no incident. At the end of its window those that still stand open in one go: the
incident says truly when its signal was received, and its promises count from the end of the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Account, User
from accounts.rules.zones import UnknownZone, zone_named
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from escalations.models import Kpi, MaintenanceWindow, Signal
from escalations.rules.maintenance import Repeat, Scope, longest, next_occurrence
from escalations.selectors.maintenance import windows_from
from escalations.selectors.standby import Standby
from escalations.services.automation_keeping import Pauses
from escalations.services.incidents import open_incidents

BY_KPI = "kpi"
BY_HAND = "manual"  # a person who opens an incident means it
RIGHT = "escalations.add_maintenancewindow"


class Keeper:
    """What the windows that last now keep, for a batch: one query, and one to store it."""

    def __init__(self, at: datetime, standby: Standby | None = None) -> None:
        self.at, self._standby = at, standby or Standby(at)
        self._kept: list[Signal] = []
        self._paused: list[Signal] = []

    @cached_property
    def _pauses(self) -> Pauses:
        return Pauses(self._standby)

    @cached_property
    def _windows(self) -> list[MaintenanceWindow]:
        rows = windows_from(self.at, self._standby.kept)
        return [each for each in rows if each.starts_at <= self.at < each.ends_at]

    def takes(self, signal: Signal) -> bool:
        """Is this signal kept rather than opened? Of several windows the one that ends last keeps
        it. What a KPI says is kept by a pause of automation as well."""
        if signal.source == BY_HAND:
            return False
        of = Scope(signal.kpi_id, signal.source, signal.account_id, signal.product_area)
        window = next((each for each in self._windows if each.scope.covers(of)), None)
        if window is None:
            return self._is_paused(signal)
        if signal.window_id != window.pk:
            signal.window = window
            self._kept.append(signal)
        return True

    def _is_paused(self, signal: Signal) -> bool:
        pause = self._pauses.of_signal(signal) if signal.source == BY_KPI else None
        if pause is None:
            return False
        if signal.kept_by_id != pause.pk:
            signal.kept_by_id = pause.pk
            self._paused.append(signal)
        return True

    def store(self) -> None:
        """Those not saved yet are inserted."""
        for name, signals in (("window", self._kept), ("kept_by", self._paused)):
            if stored := [signal for signal in signals if signal.pk is not None]:
                Signal.objects.bulk_update(stored, [name], batch_size=500)
        new = [signal for signal in (*self._kept, *self._paused) if signal.pk is None]
        Signal.objects.bulk_create(new, batch_size=500)
        self._kept, self._paused = [], []


def declare(given: Mapping[str, Any], *, by: User, at: datetime) -> MaintenanceWindow:
    """Raises DomainError 403 `missing_right`, 400 `scope_missing`, `unknown_kpi`,
    `unknown_account`, `bad_period`, `too_long`, `in_the_past`, `unknown_zone`, `never`."""
    if not by.has_perm(RIGHT):
        raise NotAllowed("missing_right", "Declaring a window needs the right to do so.")
    kpi = _named(Kpi, "code", "kpi", given)
    account = _named(Account, "external_id", "account", given)
    window = MaintenanceWindow(
        reason=given["reason"],
        owner=by,
        kpi=kpi,
        source=given.get("source") or "",
        account=account,
        product_area=given.get("product_area") or "",
        created_at=at,
    )
    if window.scope.is_empty:
        raise field_error(
            "kpi",
            "scope_missing",
            "Name what it covers: a KPI, a source, a customer or a product area.",
        )
    start, end = _repeated(window, given, at) if given.get("weekdays") else _once(given, at)
    window.starts_at, window.ends_at, window.settle_at = start, end, end
    with transaction.atomic():
        told(window, by=by, reason=window.reason, at=at).save(force_insert=True)
    return window


def _named(model: Any, key: str, field: str, given: Mapping[str, Any]) -> Any:
    if not given.get(field):
        return None
    found = model.objects.filter(**{key: given[field]}).first()
    if found is None:
        raise field_error(field, f"unknown_{field}", f"There is no {field} {given[field]!r}.")
    return found


def _once(given: Mapping[str, Any], at: datetime) -> tuple[datetime, datetime]:
    start, end = given.get("starts_at") or at, given.get("ends_at")
    if end is None or end <= start:
        raise field_error("ends_at", "bad_period", "A window ends after it starts.")
    if end <= at:
        raise field_error("ends_at", "in_the_past", "It would be over already.")
    _refuse_long(end - start, "ends_at")
    return start, end


def _repeated(
    window: MaintenanceWindow, given: Mapping[str, Any], at: datetime
) -> tuple[datetime, datetime]:
    if not (given.get("repeat_from") and given.get("repeat_to") and given.get("time_zone")):
        raise field_error(
            "repeat_from", "bad_period", "A repeating window names both times and the time zone."
        )
    try:
        zone_named(given["time_zone"])
    except UnknownZone:
        raise field_error("time_zone", "unknown_zone", "Use a name like Europe/London.") from None
    days = frozenset(given["weekdays"])
    repeat = Repeat(
        days, given["repeat_from"], given["repeat_to"], given["time_zone"], given.get("until")
    )
    _refuse_long(longest(repeat), "repeat_to")
    found = next_occurrence(repeat, at)
    if found is None:
        raise field_error("until", "never", "It would never come again.")
    window.weekdays = "".join(str(day) for day in sorted(days))
    window.repeat_from, window.repeat_to = repeat.starts, repeat.ends
    window.time_zone, window.until = repeat.zone, repeat.until
    return found


def _refuse_long(length: timedelta, field: str) -> None:
    most = timedelta(days=settings.MAINTENANCE_MAX_DAYS)
    if length > most:
        raise field_error(field, "too_long", f"A window lasts {most.days} days at most.")


def end_early(pk: int, *, by: User, at: datetime, for_good: bool = True) -> int:
    """End it now; what still stands opens in this change. A repeating window comes again unless
    it ends for good. Returns how many incidents opened.

    Raises DomainError 403 `missing_right`, 404 `not_found`, 409 `over_already`, `not_lasting`.
    """
    if not by.has_perm(RIGHT):
        raise NotAllowed("missing_right", "Ending a window needs the right to declare one.")
    with transaction.atomic():
        window = MaintenanceWindow.objects.select_for_update().filter(pk=pk).first()
        if window is None:
            raise DomainError("not_found", f"There is no window {pk}.", status=404)
        if window.settle_at is None:
            raise Conflict("over_already", "It is over already.")
        is_lasting = window.starts_at <= at
        if not for_good and not is_lasting:
            raise Conflict("not_lasting", "It does not last now: end it for good instead.")
        this_end = window.ends_at
        if not for_good:
            _move_on(window, this_end)
        if for_good or window.settle_at is None:
            window.ended_at, window.ended_by, window.settle_at = at, by, None
            if window.starts_at < at < this_end:
                window.ends_at = at
        told(window, by=by, reason="Ended early", at=at).save()
        return _open_what_stands(window, at)


def settle_window(pk: int, at: datetime) -> bool:
    """Its time is over: what still stands opens, and a repeating one moves on."""
    window = MaintenanceWindow.objects.select_for_update().get(pk=pk)
    if window.settle_at is None or window.settle_at > at:
        return False
    _move_on(window, at)
    window.skip_history_when_saving = True
    window.save()
    _open_what_stands(window, at)
    return True


def _move_on(window: MaintenanceWindow, after: datetime) -> None:
    """To the next time of a repeating window; else nothing is left to do."""
    following = next_occurrence(window.repeat, after) if window.repeat else None
    if following is None:
        window.settle_at = None
    else:
        window.starts_at, window.ends_at = following
        window.settle_at = window.ends_at


def _open_what_stands(window: MaintenanceWindow, at: datetime) -> int:
    """Kept by another window that lasts still, or opened: set-wise, however many."""
    standing = list(
        Signal.objects.select_for_update(of=("self",))
        .filter(window=window, incident=None, ended_at=None)
        .select_related("kpi__owner", "kpi__steward", "account__sponsor", "account__owner")
        .order_by("pk")
    )
    standby = Standby(at)
    keeper = Keeper(at, standby)
    to_open = [signal for signal in standing if not keeper.takes(signal)]
    keeper.store()
    if to_open:
        open_incidents(to_open, at=at, promised_from=at, standby=standby)
    return len(to_open)
