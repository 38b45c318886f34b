"""Proposed changes of running promises as people read them before they say yes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import User
from escalations.models import ClockRepair, Incident
from escalations.models.clocks import ClockKindChoice
from escalations.models.repairs import RepairKind
from escalations.rules.durations import exact_duration

SHOWN = 100  # proposals in the list
ROWS = 500  # clocks of one proposal


@dataclass(frozen=True, slots=True)
class RepairRow:
    """`what` names the policy version, the hours or the clock it is by."""

    pk: int
    kind: str
    what: str
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    ended_by: str
    ended_at: datetime | None
    clocks: int
    incidents: int
    breaks: int
    earlier: int
    later: int
    starts: int
    keeps: int  # no other due time, only another target or other hours


@dataclass(frozen=True, slots=True)
class ClockRow:
    """A clock before and after; `starts` when there is none before."""

    number: int
    key: str
    title: str
    clock: str
    old_due_at: datetime | None
    new_due_at: datetime | None
    old_target: str
    new_target: str
    starts: bool
    breaks: bool
    answer: str  # "" as long as there is none, "changed", or why it was kept


@dataclass(frozen=True, slots=True)
class Answers:
    """Of incidents, seen or not."""

    moved: int
    kept: int
    left: int


@dataclass(frozen=True, slots=True)
class RepairPage:
    repair: RepairRow
    rows: tuple[ClockRow, ...]
    unseen: int
    left_out: int
    may_apply: bool
    may_drop: bool
    is_own: bool
    answers: Answers | None  # once somebody applied it
    pinned: int  # open incidents that count by an older version of the policy


def visible_repairs(person: User) -> QuerySet[ClockRepair]:
    seen = Incident.objects.visible_to(person)
    rows = ClockRepair.objects.filter(Q(clock=None) | Q(clock__incident__in=seen))
    return rows.select_related(
        "policy_version__policy", "hours__service_hours", "clock", "asked_by", "applied_by"
    ).select_related("dropped_by")


def repair_rows(person: User) -> list[RepairRow]:
    """What waits first, then the newest. One query."""
    rows = [_row(each) for each in visible_repairs(person).order_by("-asked_at", "-pk")[:SHOWN]]
    return sorted(rows, key=lambda row: row.state != "asked")


def repair_page(pk: int, person: User) -> RepairPage | None:
    """None where there is no such proposal for this person. Four queries."""
    repair = visible_repairs(person).filter(pk=pk).first()
    if repair is None:
        return None
    numbers = {row["incident"] for row in repair.rows}
    seen = {each.pk: each for each in Incident.objects.visible_to(person).filter(pk__in=numbers)}
    visible = [row for row in repair.rows if row["incident"] in seen]
    right = (
        "escalations.cancel_incident"
        if repair.kind == RepairKind.DUE
        else "escalations.change_policyversion"
    )
    told = dict(repair.answers.values_list("incident", "why"))
    is_own, waits = repair.asked_by_id == person.pk, repair.state == "asked"
    may = person.has_perm(right)
    return RepairPage(
        repair=_row(repair),
        rows=tuple(_clock_row(row, seen[row["incident"]], told) for row in visible[:ROWS]),
        unseen=len(repair.rows) - len(visible),
        left_out=max(0, len(visible) - ROWS),
        may_apply=waits and may and not is_own,
        may_drop=waits and (may or is_own),
        is_own=is_own,
        answers=_answers(told, numbers) if repair.applied_at else None,
        pinned=_pinned(repair) if waits else 0,
    )


def _answers(told: dict[int, str], numbers: set[int]) -> Answers | None:
    """None of what was applied before answers were kept, and of a due time by hand."""
    if not told:
        return None
    kept = sum(bool(why) for why in told.values())
    return Answers(len(told) - kept, kept, len(numbers - told.keys()))


def _pinned(repair: ClockRepair) -> int:
    version = repair.policy_version
    if version is None:
        return 0
    rows = Incident.objects.real().open().filter(policy_version__policy=version.policy_id)
    return rows.exclude(policy_version=version).count()


def _row(repair: ClockRepair) -> RepairRow:
    ended = repair.applied_by or repair.dropped_by
    return RepairRow(
        pk=repair.pk,
        kind=repair.get_kind_display(),
        what=_what(repair),
        reason=repair.reason,
        state=repair.state,
        asked_by=str(repair.asked_by),
        asked_at=repair.asked_at,
        ended_by=str(ended) if ended else "",
        ended_at=repair.applied_at or repair.dropped_at,
        clocks=len(repair.rows),
        incidents=len({row["incident"] for row in repair.rows}),
        breaks=sum(bool(row["breaks"]) for row in repair.rows),
        **_counted(repair.rows),
    )


def _counted(rows: list[dict[str, Any]]) -> dict[str, int]:
    """How many would be due earlier or later, start anew, or keep their due time. Never is later
    than any time."""
    found = {"earlier": 0, "later": 0, "starts": 0, "keeps": 0}
    for row in rows:
        old, new = _instant(row["old_due_at"]), _instant(row["new_due_at"])
        if row.get("starts"):
            found["starts"] += 1
        elif old == new:
            found["keeps"] += 1
        else:
            is_earlier = new is not None and (old is None or new < old)
            found["earlier" if is_earlier else "later"] += 1
    return found


def _what(repair: ClockRepair) -> str:
    if repair.policy_version is not None:
        return f"{repair.policy_version.policy.name} v{repair.policy_version.number}"
    if repair.hours is not None:
        return f"{repair.hours.service_hours.name}, version {repair.hours.number}"
    assert repair.clock is not None
    return f"INC-{repair.clock.incident_id}, {repair.clock.get_kind_display()}"


def _clock_row(row: dict[str, Any], incident: Incident, told: dict[int, str]) -> ClockRow:
    return ClockRow(
        number=incident.number,
        key=incident.key,
        title=incident.title,
        clock=ClockKindChoice(row["kind"]).label,
        old_due_at=_instant(row["old_due_at"]),
        new_due_at=_instant(row["new_due_at"]),
        old_target=_length(row["old_target_s"]),
        new_target=_length(row["new_target_s"]),
        starts=bool(row.get("starts")),
        breaks=bool(row["breaks"]),
        answer=(told[incident.pk] or "changed") if incident.pk in told else "",
    )


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _length(seconds: int | None) -> str:
    return exact_duration(seconds) if seconds else ""
