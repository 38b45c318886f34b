"""Pausing automation, ending a pause early, and letting go of what it kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, F, Q, Value, When

from accounts.models import User
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from config.lib.queue import enqueue
from config.lib.statements import insert
from escalations.models import AutomationPause, Kpi, LadderRun, Notice, Policy, Signal
from escalations.models.notices import NoticeKind
from escalations.rules.automation import LONGEST, Scope
from escalations.selectors.automation import covers, open_s1
from escalations.selectors.policies import policy_doc, versions_in_force
from escalations.selectors.standby import Standby
from escalations.services.addressing import Ways
from escalations.services.incidents import open_incidents
from escalations.services.maintenance import Keeper
from escalations.services.recorder import DELIVER

RIGHT = "escalations.add_automationpause"
AGREE = "escalations.approve_pause"


def pause_automation(given: Mapping[str, Any], *, by: User, at: datetime) -> AutomationPause:
    """From now until `ends_at`, a day at most. `given`: scope, policy, kpi, ladder, reason,
    ends_at, and an approver where an S1 is open in the scope.

    Raises DomainError 403 `missing_right`, 400 `unknown_scope`, `unknown_policy`, `unknown_kpi`,
    `unknown_ladder`, `no_reason`, `bad_period`, `too_long`, `approver_missing`.
    """
    if not by.has_perm(RIGHT):
        raise NotAllowed("missing_right", "Pausing automation needs the right to do so.")
    reason = (given.get("reason") or "").strip()
    if not reason:
        raise field_error("reason", "no_reason", "Say why it is paused.")
    pause = AutomationPause(scope=_scope(given), reason=reason[:300], paused_by=by, starts_at=at)
    pause.ends_at = pause.settle_at = _end(given.get("ends_at"), at)
    _name_what(pause, given)
    ladder, kpi = pause.ladder, pause.kpi_id
    pause.concerns_s1 = open_s1(pause.scope, pause.policy_id, kpi, ladder).exists()
    pause.approver = _approver(given.get("approver"), pause)
    with transaction.atomic():
        told(pause, by=by, reason=reason, at=at).save(force_insert=True)
        if pause.approver is not None:
            _tell(pause, pause.approver, at)
    return pause


def _scope(given: Mapping[str, Any]) -> Scope:
    try:
        return Scope(given.get("scope") or "")
    except ValueError:
        words = ", ".join(Scope)
        raise field_error("scope", "unknown_scope", f"What is paused is one of {words}.") from None


def _end(asked: datetime | None, at: datetime) -> datetime:
    if asked is None or asked <= at:
        raise field_error("ends_at", "bad_period", "Name an end that is still to come.")
    if asked - at > LONGEST:
        hours = int(LONGEST.total_seconds() // 3600)
        raise field_error(
            "ends_at", "too_long", f"A pause lasts {hours} h at most; pause again to go on."
        )
    return asked


def _name_what(pause: AutomationPause, given: Mapping[str, Any]) -> None:
    if pause.scope in (Scope.POLICY, Scope.LADDER):
        pause.policy = Policy.objects.filter(code=given.get("policy") or "").first()
        if pause.policy is None:
            raise field_error("policy", "unknown_policy", "Name a policy by its code.")
    if pause.scope == Scope.KPI:
        pause.kpi = Kpi.objects.filter(code=given.get("kpi") or "").first()
        if pause.kpi is None:
            raise field_error("kpi", "unknown_kpi", "Name a KPI by its code.")
    if pause.scope == Scope.LADDER:
        pause.ladder = (given.get("ladder") or "").strip()
        known = {
            name
            for version in versions_in_force()
            if version.policy_id == pause.policy_id
            for name in policy_doc(version.pk).ladders
        }
        if pause.ladder not in known:
            words = ", ".join(sorted(known)) or "none"
            raise field_error("ladder", "unknown_ladder", f"The ladders in force are: {words}.")


def _approver(name: str | None, pause: AutomationPause) -> User | None:
    """Named by whoever pauses, and told: another person with the right to agree."""
    if not name:
        if not pause.concerns_s1:
            return None
        raise field_error(
            "approver", "approver_missing", "An S1 is open in it: name somebody else who agrees."
        )
    person = User.objects.filter(username=name, is_active=True).first()
    if person is None or person.pk == pause.paused_by_id or not person.has_perm(AGREE):
        raise field_error(
            "approver", "approver_missing", "Name another person who may agree to a pause."
        )
    return person


def _tell(pause: AutomationPause, person: User, at: datetime) -> None:
    if not person.is_reachable:
        return
    until = f"{pause.ends_at:%d %b %Y, %H:%M} UTC"
    headline = f"Paused in your name until {until}: {covers(pause)}"
    text = (
        f"{headline}\n\n{pause.paused_by} named you as the one who agrees: {pause.reason}\n\n"
        f"You may end it at any time: {settings.BASE_URL}/automation/\n"
    )
    notice = Notice(
        key=f"pause:{pause.pk}:{person.pk}",
        kind=NoticeKind.NEWS,
        recipient=person,
        subject=headline[:400],
        text=text,
        created_at=at,
        not_before=at,
    )
    if letters := Ways().address([notice]):
        insert(letters, is_repeat_fine=True)
        enqueue(DELIVER)


def end_pause(pk: int, *, by: User, at: datetime) -> AutomationPause:
    """End it now, and let go of all it kept. Its approver may, like those who may pause.

    Two changes, and the first is enough: the sweep lets go of what the second left.
    Raises DomainError 403 `missing_right`, 404 `not_found`, 409 `over_already`.
    """
    with transaction.atomic():
        pause = AutomationPause.objects.select_for_update().filter(pk=pk).first()
        if pause is None:
            raise DomainError("not_found", f"There is no pause {pk}.", status=404)
        if not by.has_perm(RIGHT) and pause.approver_id != by.pk:
            raise NotAllowed("missing_right", "Ending a pause needs the right to pause.")
        if pause.ended_at is not None or at >= pause.ends_at:
            raise Conflict("over_already", "It is over already.")
        _end_now(pause, at, by)
    with transaction.atomic():
        settle_pause(pk, at)
    pause.refresh_from_db()
    return pause


def _end_now(pause: AutomationPause, at: datetime, by: User | None) -> None:
    pause.ended_at, pause.ended_by, pause.settle_at = at, by, at
    told(pause, by=by, reason="Ended early" if by else "Its time is over", at=at).save()


def settle_pause(pk: int, at: datetime) -> bool:
    """Its time is over. First it keeps nothing more, which waits for every change under way that
    keeps something; then, in a change of its own, what it kept is let go."""
    pause = AutomationPause.objects.get(pk=pk)
    if pause.settle_at is None or pause.settle_at > at:
        return False
    if pause.ended_at is None:
        pause = AutomationPause.objects.select_for_update().get(pk=pk)
        if pause.ended_at is None:
            _end_now(pause, pause.ends_at, None)
        return True
    _open_what_stands(pause, at)
    _let_go(pause, at)
    # The row is locked last: whoever looks whether it lasts never waits for what is above.
    AutomationPause.objects.filter(pk=pk).update(settle_at=None)
    return True


def _let_go(pause: AutomationPause, at: datetime) -> None:
    """The sweep takes the steps that fell due, in their order and as late as they are."""
    is_kept = Q(kept_due_at__isnull=False) | Q(kept_jump=True)
    instant = Value(at, DateTimeField())
    LadderRun.objects.filter(kept_by=pause).update(
        next_step_at=Case(When(is_kept, then=instant), default=F("next_step_at")),
        look_at=Case(When(look_at__isnull=False, then=instant)),
        kept_by=None,
    )


def _open_what_stands(pause: AutomationPause, at: datetime) -> int:
    """What a KPI said and still says opens, unless something else keeps it. Promises count from
    when it was received: a pause stops machines and no promise. Only a maintenance window that
    kept it before shifts them, to its own end."""
    standing = list(
        Signal.objects.select_for_update(of=("self",))
        .filter(kept_by=pause, incident=None, ended_at=None)
        .select_related(
            "kpi__owner", "kpi__steward", "account__sponsor", "account__owner", "window"
        )
        .order_by("pk")
    )
    if not standing:
        return 0
    standby = Standby(at)
    keeper = Keeper(at, standby)
    to_open: dict[datetime | None, list[Signal]] = defaultdict(list)
    for signal in standing:
        if not keeper.takes(signal):
            # A window that comes again ends later than now.
            promised_from = min(signal.window.ends_at, at) if signal.window else None
            to_open[promised_from].append(signal)
    keeper.store()
    for promised_from, signals in to_open.items():
        open_incidents(signals, at=at, promised_from=promised_from, standby=standby)
    return sum(map(len, to_open.values()))
