"""What the pages need to say times, clocks and severities the same way everywhere.

The functions are pure: they take the present moment as an argument, so a page rendered twice for
one `now` reads the same twice, and the browser's own clock (`app.js`) uses the same format.
"""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache

from django import template
from django.template.loader import get_template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.rules.zones import zone_named

register = template.Library()

MINUTE, HOUR, DAY = 60, 3600, 86400

SEVERITY_WORDS = {1: "Critical", 2: "Major", 3: "Moderate", 4: "Minor"}
SEVERITY_ICONS = {1: "octagon-alert", 2: "triangle-alert", 3: "diamond", 4: "circle"}

CLOCK_WORDS = {
    "on_track": "On track",
    "at_risk": "At risk",
    "late": "Late",
    "paused": "Paused",
    "met": "Met",
}
CLOCK_ICONS = {
    "on_track": "clock",
    "at_risk": "timer",
    "late": "octagon-alert",
    "paused": "pause",
    "met": "circle-check",
}

ACTION_ICONS = {
    "triage": "gauge",
    "claim": "user-plus",
    "acknowledge": "check",
    "verify": "search",
    "mitigate": "wrench",
    "propose-contain": "flag",
    "confirm-contain": "shield-check",
    "monitor": "activity",
    "resolve": "circle-check",
    "close": "lock",
    "reopen": "rotate-ccw",
    "pause": "pause",
    "resume": "play",
    "escalate": "arrow-up-right",
    "set-severity": "scale",
    "update": "megaphone",
    "note": "sticky-note",
    "cancel": "ban",
    "hand-off": "arrow-left-right",
    "accept-hand-off": "user-check",
    "decline-hand-off": "x",
    "withdraw-hand-off": "rotate-ccw",
    "name-owner": "user-check",
    "merge": "arrow-left-right",
    "unmerge": "rotate-ccw",
    "link": "plus",
    "unlink": "x",
}


@register.simple_tag
@lru_cache(maxsize=5000)
def drawn(name: str, it: Hashable) -> SafeString:
    """A small template that knows nothing but `it`: drawn once for each value in this process. For
    what a page repeats with every row, and every poll."""
    return get_template(name).template.render(template.Context({"it": it}))  # type: ignore[attr-defined]


@register.filter
def duration(seconds: float | timedelta) -> str:
    """Length of a time span, without sign: `1 d 2 h`, `2 h 17 min`, `24 min`, `3:58`.

    Under ten minutes the seconds show. Seconds are cut, never rounded up: a promise with 3:58.9
    left must not read 3:59.
    """
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    total = int(abs(seconds))
    if total >= DAY:
        hours = total % DAY // HOUR
        return f"{total // DAY} d {hours} h" if hours else f"{total // DAY} d"
    if total >= HOUR:
        minutes = total % HOUR // MINUTE
        return f"{total // HOUR} h {minutes} min" if minutes else f"{total // HOUR} h"
    if total >= 10 * MINUTE:
        return f"{total // MINUTE} min"
    return f"{total // MINUTE}:{total % MINUTE:02d}"


@register.filter
def countdown(due_at: datetime, now: datetime) -> str:
    """`24 min left` before `due_at`, `late by 3:58` from the second it is due."""
    left = (due_at - now).total_seconds()
    return f"{duration(left)} left" if left > 0 else f"late by {duration(left)}"


@register.filter
def ago(at: datetime, now: datetime) -> str:
    """`just now`, `25 min ago`, `1 d 2 h ago`; a time ahead reads `in 24 min`."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < MINUTE:
        return "just now"
    # Whole minutes: a sentence about the past has no use for seconds.
    minutes = int(abs(seconds)) // MINUTE
    words = f"{minutes} min" if minutes < MINUTE else duration(minutes * MINUTE)
    return f"{words} ago" if seconds > 0 else f"in {words}"


@register.filter
def utc(at: datetime, now: datetime | None = None) -> str:
    """`14:43 UTC` on the day of `now`, else `20 Nov 14:43 UTC`, with the year if it differs."""
    at = at.astimezone(UTC)
    clock = f"{at:%H:%M} UTC"
    if now is None:
        return f"{at.day} {at:%b %Y} {clock}"
    now = now.astimezone(UTC)
    if at.date() == now.date():
        return clock
    year = f" {at.year}" if at.year != now.year else ""
    return f"{at.day} {at:%b}{year} {clock}"


@register.simple_tag(takes_context=True)
def local(context: template.Context, at: datetime) -> str:
    """`Mon 23 Nov 14:00` in the reader's own zone, which the page names."""
    zone = zone_named(context["request"].user.time_zone)
    return f"{at.astimezone(zone):%a} {at.astimezone(zone).day} {at.astimezone(zone):%b %H:%M}"


@register.filter
def epoch(at: datetime | None) -> str:
    """Whole seconds since 1970 for `data-*` attributes; empty when there is no time."""
    return "" if at is None else str(int(at.timestamp()))


@register.filter
def initials(name: str) -> str:
    """`AR` for Ana Reyes: first letters of the first and last word; `?` for no name."""
    words = (name or "").split()
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


@register.filter
def who(user: object) -> str:
    """Full name of a user, else the username."""
    full_name = getattr(user, "get_full_name", str)()
    return full_name or getattr(user, "username", "")


@register.filter
def clock_word(status: str) -> str:
    return CLOCK_WORDS.get(status, status)


@register.filter
def clock_class(status: str) -> str:
    return "is-" + status.replace("_", "-")


@register.filter
def clock_icon(status: str) -> str:
    return CLOCK_ICONS.get(status, "clock")


@register.filter
def action_icon(verb: str) -> str:
    return ACTION_ICONS.get(verb, "chevron-right")


@register.simple_tag
@cache  # a page of the queue draws some 300 of a few dozen
def icon(name: str, css: str = "") -> SafeString:
    """One drawing of the sprite, hidden from screen readers: the word beside it speaks."""
    return format_html(
        '<svg class="icon {}" aria-hidden="true"><use href="{}#{}"/></svg>',
        css,
        static("belay/icons.svg"),
        name,
    )


@register.simple_tag
@cache
def severity(level: int, style: str = "short") -> SafeString:
    """Badge of a severity 1 to 4; style `full` also shows the word (`S2 Major`)."""
    level = int(level)
    word = SEVERITY_WORDS[level]
    return format_html(
        '<span class="sev sev-{}">{}S{}<span class="{}"> {}</span></span>',
        level,
        icon(SEVERITY_ICONS[level]),
        level,
        "sev-word" if style == "full" else "vh",
        word,
    )
