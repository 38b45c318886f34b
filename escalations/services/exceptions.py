"""Asking for an exception, answering, ending and renewing one, and its end by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Account, Team, User
from accounts.selectors.people import people_who
from config.lib.errors import Conflict, DomainError, NotAllowed, field_error
from config.lib.history import told
from config.lib.queue import enqueue
from config.lib.statements import insert
from escalations.models import Incident, Notice, Policy, PolicyException
from escalations.models.exceptions import BentClock, ExceptionKind, ExceptionState
from escalations.models.notices import NoticeKind
from escalations.rules.exceptions import LONGEST
from escalations.selectors.exceptions import rule_of, scope_of, state_at, visible_exceptions
from escalations.services.addressing import Ways
from escalations.services.recorder import DELIVER

ASK = "escalations.add_policyexception"
APPROVE = "escalations.approve_exception"
NO_RIGHT = "Asking for an exception needs the right to do so."
LIMITS = ("account", "team", "incident", "product_area")
SAME = ("policy", "account", "team", "incident", "product_area", "kind", "clock_kind", "severity")
LIVE = (ExceptionState.ASKED, ExceptionState.APPROVED)


def ask_exception(given: Mapping[str, Any], *, by: User, at: datetime) -> PolicyException:
    """In force once somebody else approves it. `given`: policy, at most one of account, team,
    incident, product_area; clock_kind, severity, target_s, or rule in words; reason, cost_minor,
    currency, cost_words, owner, starts_at, expires_at.

    Raises DomainError 403 `missing_right`, 400 `unknown_policy`, `unknown_account`,
    `unknown_team`, `unknown_incident`, `unknown_owner`, `one_scope`, `bad_rule`, `no_reason`,
    `bad_cost`, `bad_period`, `too_long`.
    """
    if not by.has_perm(ASK):
        raise NotAllowed("missing_right", NO_RIGHT)
    asked = PolicyException(
        reason=(given.get("reason") or "").strip()[:1000],
        product_area=(given.get("product_area") or "").strip(),
        cost_words=(given.get("cost_words") or "").strip(),
        asked_by=by,
        asked_at=at,
        owner=_owner(given.get("owner"), by),
    )
    if not asked.reason:
        raise field_error("reason", "no_reason", "Say why the rule does not fit.")
    _name_scope(asked, given, by)
    _name_rule(asked, given)
    _name_cost(asked, given)
    _name_period(asked, given, at)
    with transaction.atomic():
        before = _forerunner(asked)
        asked.renews, asked.renewals = before, before.renewals + 1 if before else 0
        told(asked, by=by, reason=asked.reason, at=at).save(force_insert=True)
        others = [person for person in people_who("approve_exception") if person.pk != by.pk]
        _tell(asked, others, "asked", f"{by} asks for an exception", at)
    return asked


def renew_exception(
    pk: int, given: Mapping[str, Any], *, by: User, at: datetime
) -> PolicyException:
    """A new one of the same scope and rule, which needs a new approval and a new end.

    Raises what `ask_exception` raises, 404 `not_found`, 409 `not_granted`.
    """
    if not by.has_perm(ASK):
        raise NotAllowed("missing_right", NO_RIGHT)
    old = _found(pk, by)
    if state_at(old, at) in ("asked", "refused"):
        raise Conflict("not_granted", "Only what was approved once is renewed.")
    same = {
        "policy": old.policy.code,
        "account": old.account.external_id if old.account else None,
        "team": old.team.code if old.team else None,
        "incident": old.incident_id,
        "product_area": old.product_area,
        "clock_kind": old.clock_kind,
        "severity": old.severity,
        "target_s": old.target_s,
        "rule": old.rule,
        "owner": old.owner.username,
    }
    started = given.get("starts_at") or max(at, old.expires_at if old.settle_at else at)
    return ask_exception({**same, **given, "starts_at": started}, by=by, at=at)


def approve_exception(pk: int, *, answer: str = "", by: User, at: datetime) -> PolicyException:
    """Raises DomainError 404 `not_found`, 403 `missing_right`, `own_request`, 409 `not_waiting`,
    `expired`."""
    return _answer(pk, ExceptionState.APPROVED, answer, by=by, at=at)


def refuse_exception(pk: int, *, answer: str, by: User, at: datetime) -> PolicyException:
    """As `approve_exception`; also 400 `no_reason`."""
    if not answer.strip():
        raise field_error("answer", "no_reason", "Say why it is refused.")
    return _answer(pk, ExceptionState.REFUSED, answer, by=by, at=at)


def end_exception(pk: int, *, reason: str, by: User, at: datetime) -> PolicyException:
    """Over before its time, by who asked for it, owns it or may approve it.

    Raises DomainError 404 `not_found`, 403 `missing_right`, 400 `no_reason`, 409 `over_already`.
    """
    if not reason.strip():
        raise field_error("reason", "no_reason", "Say why it ends.")
    with transaction.atomic():
        row = _locked(pk, by)
        if by.pk not in (row.asked_by_id, row.owner_id) and not by.has_perm(APPROVE):
            raise NotAllowed(
                "missing_right", "Who asked for it, owns it or may approve it ends it."
            )
        if row.state not in LIVE or row.expires_at <= at:
            raise Conflict("over_already", "It is over already.")
        row.state, row.settle_at = ExceptionState.ENDED, None
        row.ended_at, row.ended_by, row.ended_why = at, by, reason.strip()[:500]
        told(row, by=by, reason=row.ended_why, at=at).save()
        _tell(row, _concerned(row, by), "ended", "An exception ended early", at, row.ended_why)
    return row


def settle_exception(pk: int, at: datetime) -> bool:
    """The sweep's verb: it expires by itself, as of its end. Clocks that started in it stay."""
    row = PolicyException.objects.select_for_update(of=("self",)).get(pk=pk)
    if row.settle_at is None or row.settle_at > at:
        return False
    was_in_force = row.state == ExceptionState.APPROVED
    row.state, row.settle_at = ExceptionState.EXPIRED, None
    how = "Its time is over" if was_in_force else "Nobody answered it in time"
    told(row, by=None, reason=how, at=row.expires_at).save()
    headline = "An exception has expired" if was_in_force else "An exception was never answered"
    _tell(row, _concerned(row), "expired", headline, at)
    return True


def _answer(
    pk: int, state: ExceptionState, answer: str, *, by: User, at: datetime
) -> PolicyException:
    with transaction.atomic():
        row = _locked(pk, by)
        if not by.has_perm(APPROVE):
            raise NotAllowed("missing_right", "The committee and sponsors answer exceptions.")
        if row.asked_by_id == by.pk:
            raise NotAllowed("own_request", "Somebody else answers what you asked for.")
        if row.state != ExceptionState.ASKED:
            raise Conflict("not_waiting", f"It is {row.get_state_display().lower()}.")
        if row.expires_at <= at:
            raise Conflict("expired", "Its end has passed: ask anew.")
        row.state, row.answered_at, row.answered_by = state, at, by
        row.answer = answer.strip()[:500]
        if state == ExceptionState.REFUSED:
            row.settle_at = None
        else:
            row.starts_at = max(row.starts_at, at)  # nothing counts from before its approval
        word = row.get_state_display().lower()
        told(row, by=by, reason=row.answer or word, at=at).save()
        _tell(row, _concerned(row, by), word, f"An exception is {word}", at, row.answer)
    return row


# --- what is asked for ----------------------------------------------------------------------------
def _owner(name: str | None, by: User) -> User:
    if not name or name == by.username:
        return by
    person = User.objects.filter(username=name, is_active=True).first()
    if person is None:
        raise field_error("owner", "unknown_owner", f"There is nobody called {name!r}.")
    return person


def _name_scope(asked: PolicyException, given: Mapping[str, Any], by: User) -> None:
    policy = Policy.objects.filter(code=given.get("policy") or "").first()
    if policy is None:
        raise field_error("policy", "unknown_policy", "Name a policy by its code.")
    asked.policy = policy
    if sum(bool(given.get(name)) for name in LIMITS) > 1:
        raise field_error(
            "account", "one_scope", "Limit it to one customer, product area, team or incident."
        )
    if name := given.get("account"):
        asked.account = Account.objects.filter(external_id=name).first()
        if asked.account is None:
            raise field_error("account", "unknown_account", f"There is no account {name!r}.")
    if name := given.get("team"):
        asked.team = Team.objects.filter(code=name).first()
        if asked.team is None:
            raise field_error("team", "unknown_team", f"There is no team {name!r}.")
    if number := given.get("incident"):
        asked.incident = Incident.objects.visible_to(by).filter(pk=number).first()
        if asked.incident is None:
            raise field_error("incident", "unknown_incident", f"There is no incident {number}.")


def _name_rule(asked: PolicyException, given: Mapping[str, Any]) -> None:
    asked.rule = (given.get("rule") or "").strip()[:300]
    asked.clock_kind, asked.target_s = given.get("clock_kind") or "", given.get("target_s")
    asked.severity = given.get("severity")
    if asked.rule and not asked.clock_kind and not asked.target_s:
        asked.kind, asked.severity = ExceptionKind.OTHER, None
        return
    asked.kind = ExceptionKind.TARGET
    if asked.rule or asked.clock_kind not in BentClock.values or not asked.target_s:
        raise field_error(
            "clock_kind",
            "bad_rule",
            "Name a promise and its target, or say in words which rule is meant.",
        )


def _name_cost(asked: PolicyException, given: Mapping[str, Any]) -> None:
    asked.cost_minor = given.get("cost_minor")
    asked.currency = (given.get("currency") or "") if asked.cost_minor is not None else ""
    is_code = len(asked.currency) == 3 and asked.currency.isascii() and asked.currency.isupper()
    if asked.cost_minor is not None and (asked.cost_minor < 0 or not is_code):
        raise field_error("currency", "bad_cost", "A cost is 0 or more, with a currency like EUR.")


def _name_period(asked: PolicyException, given: Mapping[str, Any], at: datetime) -> None:
    asked.starts_at = max(given.get("starts_at") or at, at)
    expires = given.get("expires_at")
    if expires is None or expires <= asked.starts_at:
        raise field_error("expires_at", "bad_period", "An exception expires after it starts.")
    if expires - asked.starts_at > LONGEST:
        raise field_error("expires_at", "too_long", "An exception lasts a year at most.")
    asked.expires_at = asked.settle_at = expires


def _forerunner(asked: PolicyException) -> PolicyException | None:
    """The last one granted for the same scope and rule: asking anew is renewing."""
    same = {name: getattr(asked, name) for name in SAME}
    rows = PolicyException.objects.filter(**same, answered_at__isnull=False)
    if asked.kind == ExceptionKind.OTHER:
        rows = rows.filter(rule=asked.rule)
    return rows.exclude(state=ExceptionState.REFUSED).order_by("-answered_at", "-pk").first()


def _found(pk: int, by: User) -> PolicyException:
    row = visible_exceptions(by).filter(pk=pk).first()
    if row is None:
        raise DomainError("not_found", f"There is no exception {pk}.", status=404)
    return row


def _locked(pk: int, by: User) -> PolicyException:
    PolicyException.objects.select_for_update().filter(pk=pk).first()
    return _found(pk, by)


# --- who is told ----------------------------------------------------------------------------------
def _concerned(row: PolicyException, by: User | None = None) -> list[User]:
    """The asker and the owner, but not whoever does it."""
    people = {row.asked_by_id: row.asked_by, row.owner_id: row.owner}
    return [person for pk, person in people.items() if by is None or pk != by.pk]


def _tell(
    row: PolicyException,
    people: Iterable[User],
    key: str,
    headline: str,
    at: datetime,
    said: str = "",
) -> None:
    lines = [
        f"{headline}: {scope_of(row)}",
        rule_of(row),
        "",
        f"Why it was asked for: {row.reason}",
        *((f"What was said: {said}",) if said else ()),
        f"Until {row.expires_at:%d %b %Y, %H:%M} UTC",
        "",
        f"{settings.BASE_URL}/exceptions/{row.pk}/",
        "",
    ]
    notices = [
        Notice(
            key=f"exception:{row.pk}:{key}:{person.pk}",
            kind=NoticeKind.NEWS,
            recipient=person,
            subject=" ".join(lines[0].split())[:400],
            text="\n".join(lines),
            created_at=at,
            not_before=at,
        )
        for person in people
        if person.is_reachable and PolicyException.objects.visible_to(person).filter(pk=row.pk)
    ]
    if letters := Ways().address(notices):
        insert(letters, is_repeat_fine=True)
        enqueue(DELIVER)
