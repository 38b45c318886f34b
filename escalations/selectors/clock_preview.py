"""What would be due when, and why, for a clock that nobody has started."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from accounts.models import ServiceHours
from accounts.rules.service_hours import ALWAYS, Calendar, CalendarError
from accounts.selectors.service_hours import calendar_of, version_at
from config.lib.errors import DomainError, field_error
from escalations.rules.clock_cases import CADENCE, CaseError, looks, read_case
from escalations.rules.clock_picture import why

ALWAYS_CODE = "always"  # around the clock, without service hours


def hours_named(code: str, at: datetime) -> Calendar:
    """The service hours of a code as they are at `at`. Raises KeyError for an unknown code."""
    if code == ALWAYS_CODE:
        return ALWAYS
    hours = ServiceHours.objects.filter(code=code).first()
    version = version_at(hours.pk, at) if hours else None
    if version is None:
        raise KeyError(code)
    return calendar_of(version.pk)


def previewed(document: Mapping[str, Any], at: datetime) -> list[dict[str, Any]]:
    """The states of one worked case at its checks, in their order.

    `calendars` of the document come first; other names are our service hours, or `always`.
    Raises DomainError with the field that is wrong.
    """
    given = document.get("calendars") or {}
    if not isinstance(given, Mapping) or len(given) > 50:
        raise field_error("calendars", "not_an_object", "Give up to 50 service hours by name.")
    try:
        case = read_case(document, _named(given, at))
        return [_state(case, asof, percents) for asof, percents in looks(document)]
    except CaseError as error:
        raise field_error(error.field, error.code, error.sentence) from error
    except OverflowError as error:
        raise DomainError("out_of_range", str(error)) from error


def _named(given: Mapping[str, Any], at: datetime) -> Callable[[str], Calendar]:
    built: dict[str, Calendar] = {}

    def named(name: str) -> Calendar:
        if name not in built:
            try:
                built[name] = Calendar.of(given[name]) if name in given else hours_named(name, at)
            except CalendarError as error:
                raise CaseError(f"calendars.{name}", error.code, error.sentence) from None
        return built[name]

    return named


def _state(case: Any, asof: datetime, percents: Any) -> dict[str, Any]:
    reason = {} if case.clock == CADENCE else {"why": why(case, asof)}
    return {"asof": asof, **case.answer(asof, percents), **reason}
