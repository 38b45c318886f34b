"""A calendar file taken over into a roster: its shifts become stand-ins over the layers. One whose
person nobody knows becomes a stand-in by nobody, which is a gap until somebody covers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Override, Roster, User
from accounts.rules.calendar_files import CalendarFileError, FoundShift, shifts_in
from accounts.selectors.roster_shifts import plans_roster
from accounts.selectors.rosters import INSTANT, plan_of
from accounts.services.rosters import LOOK, not_yours
from config.lib.errors import field_error
from config.lib.history import told
from config.lib.queue import enqueue

AHEAD = timedelta(days=366)
IMPORTED = "From a calendar file"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """`person` is None where nobody fits: that shift is a gap of the file."""

    start: datetime
    end: datetime
    person: User | None
    said: str
    is_new: bool


@dataclass(frozen=True, slots=True)
class ImportReport:
    rows: tuple[ImportRow, ...]
    warnings: tuple[str, ...]
    is_dry_run: bool

    @property
    def new(self) -> int:
        return sum(row.is_new and row.person is not None for row in self.rows)

    @property
    def gaps(self) -> int:
        return sum(row.person is None for row in self.rows)


@transaction.atomic
def import_calendar(
    roster: Roster,
    content: bytes,
    *,
    by: User,
    at: datetime,
    zone: str = "",
    is_dry_run: bool = True,
) -> ImportReport:
    """Shifts of the next 366 days. What was imported before is not recorded twice; what has passed
    stays as it was. Raises not_your_roster and what `shifts_in` refuses."""
    if not plans_roster(by, roster):
        raise not_yours()
    stretch = plan_of(roster, at, at + INSTANT, at).stretch_at(at)
    own_zone = stretch.layers[0].zone if stretch and stretch.layers else "UTC"
    try:
        found = shifts_in(content, at, at + AHEAD, days_in=zone or own_zone, floating_in=zone)
    except CalendarFileError as error:
        raise field_error("file", error.code, error.sentence) from error
    known = _people()
    live = Override.objects.filter(roster=roster, withdrawn_at=None, swap=None, end_at__gt=at)
    kept = set(live.values_list("user", "start_at", "end_at"))
    begun = {(user, end) for user, start, end in kept if start <= at}
    rows = []
    for shift in found.shifts:
        person = _named_by(shift, known)
        start = max(shift.start, at)
        pk = person.pk if person else None
        is_known = (pk, start, shift.end) in kept or (
            shift.start <= at and (pk, shift.end) in begun
        )
        is_new = not is_known
        said = next((text for text in shift.who if text), "no name")
        rows.append(ImportRow(start, shift.end, person, said, is_new))
        if is_new and not is_dry_run:
            _record(roster, person, said, start, shift.end, by, at)
    if not is_dry_run:
        enqueue(LOOK, roster.pk)
    return ImportReport(tuple(rows), found.warnings, is_dry_run)


def _record(
    roster: Roster,
    person: User | None,
    said: str,
    start: datetime,
    end: datetime,
    by: User,
    at: datetime,
) -> None:
    """Where nobody was known before and somebody is now, they take the place of nobody."""
    if person is not None:
        unknown = Override.objects.filter(
            roster=roster, user=None, withdrawn_at=None, start_at=start, end_at=end
        )
        for gone in unknown:
            gone.withdrawn_at = at
            told(gone, by=by, reason=IMPORTED, at=at).save(update_fields=["withdrawn_at"])
    row = Override(
        roster=roster,
        user=person,
        start_at=start,
        end_at=end,
        recorded_at=at,
        recorded_by=by,
        reason=IMPORTED if person else f"{IMPORTED}: nobody fits {said[:120]}",
    )
    told(row, by=by, reason=IMPORTED, at=at).save()


def _people() -> Mapping[str, User]:
    """Active people by mail address, sign-in and full name; a name two share names nobody."""
    found: dict[str, User | None] = {}
    for person in User.objects.filter(is_active=True).exclude(email=""):
        for word in {person.email.lower(), person.username.lower(), str(person).lower()}:
            found[word] = None if word in found else person
    return {word: person for word, person in found.items() if person is not None}


def _named_by(shift: FoundShift, known: Mapping[str, User]) -> User | None:
    for text in shift.who:
        for word in (text.lower(), text.lower().partition(" on call")[0]):
            if word in known:
                return known[word]
    return None
