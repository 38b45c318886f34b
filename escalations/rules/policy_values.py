"""What may stand at each place of a policy document; each maker says what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from accounts.rules.valuation import Tier
from escalations.rules.durations import DurationError, parse_duration
from escalations.rules.evidence import call_link, web_link
from escalations.rules.policy import (
    ClockKind,
    ClockTarget,
    Daily,
    EveryHours,
    LadderStart,
    Notify,
    QuietHours,
    Severity,
    TargetKind,
)
from escalations.rules.task_forces import read_meets

T = TypeVar("T")
Fields = dict[str, Callable[[Any], Any]]


class Wrong(Exception):
    """The sentence says what to write instead."""


def anything(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or "\x00" in value:
        raise Wrong("Write a text.")
    return value


def _name(value: Any) -> str:
    if not (text := _text(value)).strip():
        raise Wrong("Write a text, not nothing.")
    return text


def _short(most: int, make: Callable[[Any], str]) -> Callable[[Any], str]:
    def shorter(value: Any) -> str:
        if len(text := make(value)) > most:
            raise Wrong(f"Write at most {most} characters.")
        return text

    return shorter


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def make(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Wrong(f"Write a whole number from {least} to {most:,}.")
        return value

    return make


def _of(kind: Callable[[Any], T], words: Any) -> Callable[[Any], T]:
    def make(value: Any) -> T:
        try:
            return kind(value)
        except ValueError:
            known = ", ".join(each.value for each in words)
            raise Wrong(f"{value!r} is none of {known}.") from None

    return make


def _duration(value: Any) -> int:
    if value in ("0 s", "0", 0):
        return 0
    try:
        return parse_duration(_name(value))
    except DurationError as error:
        raise Wrong(str(error)) from None


def severity(value: Any) -> Severity:
    try:
        return Severity[value]
    except KeyError:
        raise Wrong(f"{value!r} is none of S1, S2, S3, S4.") from None


def _severity_or_none(value: Any) -> Severity | None:
    return None if value is None else severity(value)


def _score(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 100:
        raise Wrong("Write a score from 0 to 100.")
    points = round(Decimal(str(value)) * 100)
    return int(points)


def clock(pair: tuple[Any, Any]) -> ClockTarget:
    kind = _of(ClockKind, ClockKind)(pair[0])
    text = _name(pair[1]).strip()
    plain = text.removesuffix("of service hours").strip()
    return ClockTarget(kind, _duration(plain), plain != text)


def _value(value: Any) -> Any:
    """What a condition compares with; lists become tuples, as rules have them."""
    if isinstance(value, list):
        return tuple(_value(each) for each in value)
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise Wrong("Write a text, a number, yes or no, or a list of them.")


def _scalars(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise Wrong("Write names with a value each.")
    if any(isinstance(each, (list, dict)) or each is None for each in value.values()):
        raise Wrong("Write a text, a number, yes or no for each; leave out what is not known.")
    return {name: _value(each) for name, each in value.items()}


def _anchor_values(value: Any) -> dict[str, int]:
    return {name: _whole(0, 4)(each) for name, each in _scalars(value).items()}


def _test_value(value: Any) -> Decimal | bool:
    if isinstance(value, bool):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise Wrong("Write a number, true or false.") from None
    if not number.is_finite():
        raise Wrong("Write a number, true or false.")
    return number


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise Wrong("Write a list of texts.")
    return tuple(value)


def _codes(value: Any) -> tuple[str, ...]:
    return tuple(_short(120, _name)(each) for each in _texts(value))


def _equal_fields(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise Wrong("Write fields with a text each.")
    return {name: _short(120, _name)(each) for name, each in value.items()}


def _anchors(value: Any) -> tuple[str, ...]:
    if len(texts := _texts(value)) != 5:
        raise Wrong("Write five sentences, for 0 to 4.")
    return texts


def _percents(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list):
        raise Wrong("Write a list of percentages.")
    return tuple(_whole(1, 99)(each) for each in value)


def _clock_time(value: Any) -> time:
    # YAML reads 22:00 without quotes as a number of base 60.
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 24 * 60:
        return time(value // 60, value % 60)
    try:
        return time.fromisoformat(_name(value))
    except ValueError:
        raise Wrong("Write a time such as 22:00.") from None


def _tier(value: Any) -> str:
    text = _text(value)
    return _of(Tier, Tier)(text).value if text else ""


def _link(read: Callable[[str], str | None], words: str) -> Callable[[Any], str]:
    def make(value: Any) -> str:
        text = _short(500, _text)(value).strip()
        link = read(text) if text else ""
        if link is None or len(link) > 500:
            raise Wrong(f"Begin with {words}.")
        return link

    return make


def _meets(value: Any) -> EveryHours | Daily | None:
    try:
        return read_meets(_text(value))
    except ValueError:
        raise Wrong(
            "Write every 1 to 168 h, such as every 2 h, or daily at 09:30 Europe/Berlin."
        ) from None


def limit_of(name: str) -> Callable[[Any], Any]:
    if name.startswith("quiet_"):
        return _clock_time
    return _duration if name.endswith("_s") else _whole(0, 32_767)


MATCHES = ("all", "any")
OPTIONAL: dict[str, Any] = {
    "score_from": None,
    "ladder": None,
    "skill": "",
    "severity_floor": None,
    "default_severity": None,
    "ref": "",
    "depth": 1,
    "value": None,
    "notify": Notify.ALL.value,
    "require_acks": 1,
    "quiet_hours": QuietHours.IGNORE.value,
    "channels_min": 1,
    "policy": "",
    "examples": [],
    "sorting": [],
    "task_forces": [],
    "category_from": 70,
    "agreed_sources": [],
}
OF_SORTING: dict[str, Any] = {"keywords": [], "fields": {}}
OF_TASK_FORCE: dict[str, Any] = dict.fromkeys(
    ("tier", "product_area", "category", "team", "channel", "bridge", "meets"), ""
)
OF_EXAMPLE: dict[str, Any] = {"anchors": {}, "severity": None, "team": "", "ladder": ""}
TOP: Fields = {
    "format": anything,
    "policy": _text,
    "severities": anything,
    "factors": anything,
    "tests": anything,
    "floors": anything,
    "categories": anything,
    "rules": anything,
    "examples": anything,
    "ladders": anything,
    "warn_percents": _percents,
    "min_confidence": _whole(0, 100),
    "sorting": anything,
    "task_forces": anything,
    "category_from": _whole(1, 100),
    "agreed_sources": _codes,
    "limits": anything,
}
SEVERITY: Fields = {
    "score_from": _score,
    "clocks": anything,
    "ladder": _text,
    "ladder_start": _of(LadderStart, LadderStart),
    "reescalate_after_ack": _duration,
    "monitor_window": _duration,
}
FACTOR: Fields = {
    "code": _name,
    "label": _name,
    "weight": _whole(0, 100),
    "default_anchor": _whole(0, 4),
    "anchors": _anchors,
}
TEST: Fields = {
    "code": _name,
    "label": _name,
    "fact": _name,
    "op": _name,
    "value": _test_value,
}
FLOOR: Fields = {"severity": severity, "all_of": _texts}
CATEGORY: Fields = {
    "code": _name,
    "label": _name,
    "default_severity": _severity_or_none,
}
RULE: Fields = {
    "name": _name,
    "when": anything,
    "team": _name,
    "ladder": _text,
    "skill": _text,
    "severity_floor": _severity_or_none,
}
SORTING: Fields = {
    "name": _short(120, _name),
    "category": _short(60, _name),
    "confidence": _whole(1, 100),
    "keywords": _codes,
    "fields": _equal_fields,
}
TASK_FORCE: Fields = {
    "name": _short(120, _name),
    "severity_at_least": severity,
    "tier": _tier,
    "product_area": _short(80, _text),
    "category": _short(60, _text),
    "team": _short(40, _text),
    "channel": _link(web_link, "https:// or http://"),
    "bridge": _link(call_link, "https://, http:// or a number to call"),
    "meets": _meets,
}
EXAMPLE: Fields = {
    "name": _short(120, _name),
    "given": _scalars,
    "anchors": _anchor_values,
    "rule": _short(120, _name),
    "severity": _severity_or_none,
    "team": _short(40, _text),
    "ladder": _short(40, _text),
}
CONDITION: Fields = {"field": _name, "op": _name, "value": _value}
LADDER: Fields = {
    "levels": anything,
    "repeat": _whole(0, 9),
    "on_breach_level": _whole(1, 10),
    "fallback": anything,
    "fallback_every": _duration,
    "max_pages_total": _whole(1, 32_767),
}
LEVEL: Fields = {
    "targets": anything,
    "ack_timeout": _duration,
    "notify": _of(Notify, Notify),
    "require_acks": _whole(1, 32_767),
    "quiet_hours": _of(QuietHours, QuietHours),
    "channels_min": _whole(1, 5),
}
TARGET: Fields = {
    "kind": _of(TargetKind, TargetKind),
    "ref": _text,
    "depth": _whole(1, 3),
}
