"""Actions in lists: mine, to verify, overdue. Nine queries with the reader's session and rights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q
from django.urls import reverse

from accounts.models import User
from escalations.models import ActionItem
from escalations.rules.action_items import UNDONE, ActionSituation, ActionState, is_overdue
from escalations.selectors.review_buttons import Button, action_buttons

SHOWN = 200
VIEWS = (
    ("", "Mine"),
    ("verify", "To verify"),
    ("overdue", "Overdue"),
    ("open", "All open"),
)
RELATED = ("owner", "verifier", "review__incident", "wont_do_asked_by")


@dataclass(frozen=True, slots=True)
class ActionView:
    id: int
    number: int
    version: int
    title: str
    kind: str
    is_priority: bool
    owner: str
    verifier: str
    method: str
    evidence: str
    note: str
    due_on: date
    moved: str
    state: str
    state_label: str
    is_late: bool
    is_settled: bool
    asked: str
    incident_key: str
    review_url: str
    buttons: tuple[Button, ...]

    @property
    def id_text(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class Tab:
    label: str
    count: int
    url: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class ActionsPage:
    tabs: tuple[Tab, ...]
    view: str
    rows: tuple[ActionView, ...]
    is_cut: bool


def actions_page(user: User, rights: frozenset[str], view: str, at: datetime) -> ActionsPage:
    """Oldest due day first. The cut after 200 rows is said on the page."""
    view = view if view in dict(VIEWS) else ""
    seen = ActionItem.objects.real().visible_to(user).unsettled()
    late = Q(due_on__lt=at.date()) | Q(times_moved__gt=2)
    undone = Q(state__in=sorted(state.value for state in UNDONE))
    wanted = {
        "": Q(owner=user) & undone,
        "verify": Q(verifier=user, state="done"),
        "overdue": late & undone,
        "open": Q(),
    }
    counts = seen.aggregate(
        **{
            f"n{place}": Count("pk", filter=wanted[name] or Q(pk__isnull=False))
            for place, (name, _) in enumerate(VIEWS)
        }
    )
    rows = list(
        seen.filter(wanted[view]).select_related(*RELATED).order_by("due_on", "pk")[: SHOWN + 1]
    )
    url = reverse("actions")
    return ActionsPage(
        tabs=tuple(
            Tab(label, counts[f"n{place}"], f"{url}?view={name}" if name else url, name == view)
            for place, (name, label) in enumerate(VIEWS)
        ),
        view=view,
        rows=action_views(rows[:SHOWN], user, rights, at),
        is_cut=len(rows) > SHOWN,
    )


def action_views(
    rows: Iterable[ActionItem], user: User, rights: frozenset[str], at: datetime
) -> tuple[ActionView, ...]:
    """No query when `RELATED` is loaded."""
    return tuple(_view(row, user, rights, at) for row in rows)


def _view(row: ActionItem, user: User, rights: frozenset[str], at: datetime) -> ActionView:
    situation = ActionSituation(
        state=ActionState(row.state),
        rights=rights,
        is_owner=row.owner_id == user.pk,
        is_verifier=row.verifier_id == user.pk,
        is_asked=row.wont_do_asked_by_id is not None,
        is_asker=row.wont_do_asked_by_id == user.pk,
        due_on=row.due_on,
    )
    is_late = row.state in UNDONE and is_overdue(row.due_on, row.times_moved, at.date())
    moved = f"moved {row.times_moved} time{'s' if row.times_moved > 1 else ''}"
    return ActionView(
        id=row.pk,
        number=row.number,
        version=row.version,
        title=row.title,
        kind=row.get_kind_display(),
        is_priority=row.is_priority,
        owner=str(row.owner),
        verifier=str(row.verifier),
        method=row.verification_method,
        evidence=row.evidence,
        note=row.outcome_note,
        due_on=row.due_on,
        moved=f"{moved}, first due {row.first_due_on:%d %b %Y}" if row.times_moved else "",
        state=row.state,
        state_label=row.get_state_display(),
        is_late=is_late,
        is_settled=row.state in ("verified", "wont_do"),
        asked=f"{row.wont_do_asked_by} asks to leave it: {row.wont_do_reason}"
        if row.wont_do_asked_by and row.state != "wont_do"
        else row.wont_do_reason,
        incident_key=row.review.incident.key,
        review_url=reverse("review", args=[row.review.incident_id]),
        buttons=action_buttons(row, situation),
    )
