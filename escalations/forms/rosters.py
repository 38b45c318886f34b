"""What the forms of a roster's page ask for, and the verb behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.shortcuts import get_object_or_404

from accounts.forms.moments import MomentField, MomentForm
from accounts.models import Absence, Override, Roster, Swap, User
from accounts.rules.calendar_files import MAX_BYTES
from accounts.services import calendar_feeds, rosters, swaps
from accounts.services.roster_import import ImportReport, import_calendar
from config.lib.errors import DomainError


class PeriodForm(MomentForm):
    user = forms.ModelChoiceField(User.objects.filter(is_active=True))
    start = MomentField()
    end = MomentField()
    reason = forms.CharField(max_length=200, required=False)


class SwapForm(MomentForm):
    give = forms.CharField(max_length=20)
    take = forms.CharField(max_length=20)
    reason = forms.CharField(max_length=200, required=False)


class OneForm(MomentForm):
    """One row of the page, such as a swap to answer."""

    pk = forms.IntegerField(min_value=1, max_value=2**31 - 1)


class NothingForm(MomentForm):
    pass


Do = Callable[[Roster, Mapping[str, Any], User, datetime], str]


@dataclass(frozen=True, slots=True)
class RosterVerb:
    """`do` returns the sentence that says what was done."""

    form: type[MomentForm]
    do: Do


def _cover(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    rosters.record_override(
        roster, given["user"], given["start"], given["end"], by=by, at=at, reason=given["reason"]
    )
    return f"{given['user']} stands in."


def _away(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    rosters.record_absence(
        given["user"], given["start"], given["end"], by=by, at=at, reason=given["reason"]
    )
    return f"{given['user']} is away. Look below whether somebody must cover."


def _swap(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    made = swaps.ask_swap(
        roster, given["give"], given["take"], by=by, at=at, reason=given["reason"]
    )
    return f"{made.partner} was asked. It counts once they accept."


def _accept(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    swaps.accept_swap(_swap_of(roster, given), by=by, at=at)
    return "Swapped."


def _decline(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    swaps.decline_swap(_swap_of(roster, given), by=by, at=at)
    return "Declined."


def _withdraw_swap(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    swaps.withdraw_swap(_swap_of(roster, given), by=by, at=at)
    return "The swap is withdrawn."


def _withdraw_cover(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    found = get_object_or_404(Override, roster=roster, pk=given["pk"])
    rosters.withdraw_override(found, by=by, at=at)
    return "Withdrawn: the plan decides again."


def _withdraw_away(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    rosters.withdraw_absence(get_object_or_404(Absence, pk=given["pk"]), by=by, at=at)
    return "Withdrawn: back on the roster."


def _revoke(roster: Roster, given: Mapping[str, Any], by: User, at: datetime) -> str:
    calendar_feeds.revoke_feed(by, roster, at=at)
    return "The calendar's address no longer works."


def _swap_of(roster: Roster, given: Mapping[str, Any]) -> Swap:
    return get_object_or_404(Swap, roster=roster, pk=given["pk"])


ROSTER_VERBS: dict[str, RosterVerb] = {
    "cover": RosterVerb(PeriodForm, _cover),
    "away": RosterVerb(PeriodForm, _away),
    "swap": RosterVerb(SwapForm, _swap),
    "accept-swap": RosterVerb(OneForm, _accept),
    "decline-swap": RosterVerb(OneForm, _decline),
    "withdraw-swap": RosterVerb(OneForm, _withdraw_swap),
    "withdraw-cover": RosterVerb(OneForm, _withdraw_cover),
    "withdraw-away": RosterVerb(OneForm, _withdraw_away),
    "revoke-calendar": RosterVerb(NothingForm, _revoke),
}


def perform(verb: RosterVerb, roster: Roster, sent: Any, *, by: User, at: datetime) -> str:
    """Raises DomainError `incomplete_form` for what the form lacks, or what the verb refuses."""
    form = verb.form(sent, by.time_zone)
    if not form.is_valid():
        said = [
            f"{name.capitalize()}: {' '.join(map(str, errors))}"
            for name, errors in form.errors.items()
        ]
        raise DomainError("incomplete_form", " ".join(said))
    return verb.do(roster, form.cleaned_data, by, at)


class ImportForm(forms.Form):
    file = forms.FileField(max_length=200)
    zone = forms.CharField(max_length=64, required=False)
    write = forms.BooleanField(required=False)


def imported(roster: Roster, sent: Any, files: Any, *, by: User, at: datetime) -> ImportReport:
    """Raises DomainError incomplete_form, too_large or what the import refuses."""
    form = ImportForm(sent, files)
    if not form.is_valid():
        raise DomainError("incomplete_form", "Choose an .ics file that is not empty.")
    file = form.cleaned_data["file"]
    if file.size > MAX_BYTES:
        raise DomainError("too_large", "At most 1 MB.")
    return import_calendar(
        roster,
        file.read(),
        by=by,
        at=at,
        zone=form.cleaned_data["zone"],
        is_dry_run=not form.cleaned_data["write"],
    )
