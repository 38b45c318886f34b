"""One incident and lists of them, as plain values for the API. Budgets: list 3, detail 6."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.db.models import Q

from accounts.models import User
from config.lib.errors import DomainError
from config.lib.sensitive import hidden_facts
from escalations.models import Clock, Incident, Signal, TimelineEvent
from escalations.rules.clocks import clock_state
from escalations.rules.lifecycle import allowed
from escalations.rules.policy import Severity
from escalations.selectors.clocks import SECOND_US, rule_events
from escalations.selectors.discretion import discreet

MAX_NUMBER = 2**63 - 1
LIST_RELATED = ("kpi", "account", "team", "commander", "policy_version__policy")


def iso(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, with microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z") if at else None


def visible_incident(number: int, user: User) -> Incident:
    found = (
        Incident.objects.visible_to(user).select_related(*LIST_RELATED).filter(pk=number).first()
    )
    if found is None:
        raise DomainError("not_found", f"There is no incident {number}.", status=404)
    return found


def found_by(text: str) -> Q:
    """What a search for incidents means everywhere: title, account, or the key itself."""
    found = Q(title__icontains=text) | Q(account__name__icontains=text)
    if (number := number_in(text)) is not None:
        found |= Q(number=number)
    return found


def number_in(text: str) -> int | None:
    """42 of "42" and of "INC-42"."""
    digits = text.strip().upper().removeprefix("INC-")
    if digits.isascii() and digits.isdigit() and len(digits) < 20 and int(digits) <= MAX_NUMBER:
        return int(digits)
    return None


def summary(incident: Incident) -> dict[str, Any]:
    """One row of a list; no query when `LIST_RELATED` is loaded."""
    return {
        "number": incident.number,
        "key": incident.key,
        "title": incident.title,
        "kind": incident.kind,
        "state": incident.state,
        "severity": Severity(incident.severity).label,
        "auto_severity": Severity(incident.auto_severity).label,
        "check_severity": incident.needs_severity_check,
        "score": incident.score_bp / 100,
        "version": incident.version,
        "received_at": iso(incident.received_at),
        "opened_at": iso(incident.opened_at),
        "updated_at": iso(incident.updated_at),
        "source": incident.source,
        "dedup_key": incident.dedup_key,
        "commander": incident.commander.username if incident.commander else None,
        "accepted_at": iso(incident.accepted_at),
        "team": incident.team.code if incident.team else None,
        "kpi": incident.kpi.code if incident.kpi else None,
        "segment": incident.segment,
        "channel": incident.channel,
        "period": {"start": iso(incident.period_start), "end": iso(incident.period_end)}
        if incident.period_start
        else None,
        "account": incident.account.external_id if incident.account else None,
        "product_area": incident.product_area,
        "category": incident.category,
        "policy_version": incident.explanation.get("policy", ""),
        "is_late": incident.has_missed,
        "is_paused": incident.is_paused,
        "next_due_at": iso(incident.next_due_at),
    }


def detail(incident: Incident, rights: frozenset[str], at: datetime) -> dict[str, Any]:
    clocks = incident.clocks.select_related("calendar").prefetch_related("events")
    return {
        **summary(incident),
        "body": incident.body,
        "why": incident.explanation.get("why", ""),
        "verification": incident.verification or None,
        "acknowledged_at": iso(incident.acknowledged_at),
        "contained_at": iso(incident.contained_at),
        "resolved_at": iso(incident.resolved_at),
        "closed_at": iso(incident.closed_at),
        "resolved_by_source": incident.resolved_by_source,
        "resolution_code": incident.resolution_code or None,
        "cause_category": incident.cause_category or None,
        "reopen_count": incident.reopen_count,
        "sorting": incident.explanation.get("category"),
        "arrival": incident.explanation.get("arrival"),
        "parent": incident.parent_id,
        "merged_into": incident.merged_into_id,
        "keep_owner_until": iso(incident.keep_owner_until),
        "responders": [
            {
                "role": responder.role,
                "user": responder.user.username,
                "assigned_at": iso(responder.assigned_at),
                "accepted_at": iso(responder.accepted_at),
            }
            for responder in incident.responders.filter(ended_at=None).select_related("user")
        ],
        "clocks": [clock_value(clock, at) for clock in clocks.order_by("kind", "cycle")],
        "signals": [signal_value(signal) for signal in incident.signals.order_by("pk")],
        "allowed": allowed(incident.state, rights),
    }


def clock_value(clock: Clock, at: datetime) -> dict[str, Any]:
    """A clock as of `at`: a running one is asked by the rule, a stopped one is as stored."""
    elapsed_us, remaining_us = clock.elapsed_us, None
    if clock.kind == "cadence":
        remaining_s = int((clock.due_at - at).total_seconds()) if clock.due_at else None
        elapsed_s = None
    else:
        live = live_state(clock, at)
        elapsed_us, remaining_us = live.elapsed_us, live.remaining_us
        elapsed_s = elapsed_us // SECOND_US
        remaining_s = None if remaining_us is None else remaining_us // SECOND_US
    return {
        "kind": clock.kind,
        "cycle": clock.cycle,
        "run_state": clock.run_state,
        "outcome": clock.outcome,
        "target_s": clock.current_target_s,
        "started_at": iso(clock.started_at),
        "due_at": iso(clock.due_at),
        "breach_after": iso(clock.breach_after),
        "breached_at": iso(clock.breached_at),
        "elapsed_s": elapsed_s,
        "remaining_s": remaining_s,
        "paused_since": iso(clock.paused_since),
        "awaiting": clock.awaiting or None,
        "next_check_at": iso(clock.check_at),
        "calendar": str(clock.calendar) if clock.calendar_id else None,
        **({"on_time": clock.on_time, "missed": clock.missed} if clock.kind == "cadence" else {}),
    }


def live_state(clock: Clock, at: datetime):
    """The promise at `at` from its prefetched ledger; no query."""
    calendar, events = rule_events(clock)
    return clock_state(
        events,
        kind=clock.kind,
        target_us=clock.target_s * SECOND_US,
        calendar=calendar,
        at=at,
    )


def signal_value(signal: Signal) -> dict[str, Any]:
    return {
        "source": signal.source,
        "dedup_key": signal.dedup_key,
        "title": signal.title,
        "occurrences": signal.occurrences,
        "first_at": iso(signal.first_at),
        "last_at": iso(signal.last_at),
        "ended_at": iso(signal.ended_at),
    }


def explanation(incident: Incident, user: User) -> dict[str, Any]:
    """The stored decision: why this severity, this owner, this route, by which version."""
    said = discreet(incident.explanation, user)
    hidden = hidden_facts(user)
    return {
        "incident": incident.number,
        "why": said.get("why", ""),
        "policy": said.get("policy", ""),
        "severity": Severity(incident.severity).label,
        "auto_severity": Severity(incident.auto_severity).label,
        "is_overridden": incident.severity != incident.auto_severity,
        "decision": said.get("decision", {}),
        "route": said.get("route", {}),
        "owner": said.get("owner", {}),
        "facts": [
            {
                "name": fact.name,
                "value": None if fact.name in hidden else fact.value,
                "source": fact.source,
                "at": iso(fact.at),
                "received_at": iso(fact.received_at),
            }
            for fact in incident.facts_log.all()
        ],
    }


def timeline_value(event: TimelineEvent, user: User) -> dict[str, Any]:
    return {
        "seq": event.seq,
        "kind": event.kind,
        "at": iso(event.at),
        "recorded_at": iso(event.recorded_at),
        "actor": event.actor.username if event.actor else None,
        "sentence": event.sentence,
        "reason": event.reason,
        "detail": discreet(event.detail, user),
        "visibility": event.visibility,
    }
