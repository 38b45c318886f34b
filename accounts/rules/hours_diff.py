"""What changes from one version of service hours to another, in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from accounts.rules.service_hours import WEEKDAYS

NAMES = dict(
    zip(WEEKDAYS, "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split(), strict=True)
)


def hours_sentences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Both as calendars are read: the own hours first, then further places."""
    (was, *old_places), (now, *new_places) = _places(before), _places(after)
    found = []
    if was["tz"] != now["tz"]:
        found.append(f"Time zone: {was['tz']} becomes {now['tz']}.")
    if _is_always(was) != _is_always(now):
        found.append("Open around the clock." if _is_always(now) else "No longer around the clock.")
    elif not _is_always(now):
        found += _weekdays(was, now)
    found += _days(was.get("dates") or {}, now.get("dates") or {})
    found += _further(old_places, new_places)
    return tuple(found)


def _places(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(spec.get("union") or [spec])


def _is_always(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("24x7"))


def _weekdays(was: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    old, new = was.get("weekly") or {}, now.get("weekly") or {}
    pairs = ((NAMES[day], _words(old.get(day)), _words(new.get(day))) for day in WEEKDAYS)
    return [
        f"{name}: {before} becomes {after}." for name, before, after in pairs if before != after
    ]


def _days(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    found = []
    for day in sorted(old.keys() | new.keys()):
        if day not in new:
            found.append(f"{day} is a day like any other again.")
        elif day not in old:
            found.append(f"{day}: {_words(new[day])}.")
        elif _words(old[day]) != _words(new[day]):
            found.append(f"{day}: {_words(old[day])} becomes {_words(new[day])}.")
    return found


def _further(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[str]:
    was, now = ({str(place.get("tz")): place for place in each} for each in (old, new))
    found = [f"{zone} is counted no longer." for zone in was if zone not in now]
    found += [f"{zone} is counted too." for zone in now if zone not in was]
    kept = [zone for zone in now if zone in was and dict(now[zone]) != dict(was[zone])]
    return found + [f"The hours of {zone} change." for zone in kept]


def _words(windows: Any) -> str:
    return ", ".join(f"{opens}-{closes}" for opens, closes in windows or []) or "closed"
