"""What the letter to the board says, from its figures: sentences without an adjective."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from escalations.rules.board import (
    NONE,
    SEVERITIES,
    SHOWN,
    Figures,
    Letter,
    Line,
    Pair,
    Promises,
    Section,
    Table,
    Worst,
    share,
)

BASES = (
    "A promise counts in the month its clock stopped: kept / (kept + broken), with the 95 % "
    "interval in brackets. Void clocks and due times set by two people are not in it.",
    "Tiers and revenue are today's; severities are the last ones set. Days are UTC.",
)
NARROW = "Incidents of private teams that you may not see are left out."


def letter(figures: Figures) -> Letter:
    month = figures.month
    if figures.is_empty:
        says = Line(f"Nothing is on record for {month.name}.")
        sections: tuple[Section, ...] = (Section("nothing", "The month", (says,)),)
    else:
        sections = tuple(
            part
            for part in (
                _incidents(figures),
                _worst(figures),
                _customers(figures),
                _promises(figures),
                _ladders(figures),
                _kpis(figures),
                _rules(figures),
                _learning(figures),
                _asked(figures),
            )
            if part is not None
        )
    notes = () if figures.is_empty else BASES
    return Letter(
        month, _status(figures), sections, (*notes, NARROW) if figures.is_narrow else notes
    )


def _status(figures: Figures) -> str:
    if figures.is_over:
        return f"The whole month, counted on {_day(figures.at)}."
    return f"This month is not over: counted up to {_day(figures.at)}, {figures.at:%H:%M} UTC."


def _incidents(figures: Figures) -> Section:
    opened, closed = _sum(figures.opened.values()), _sum(figures.closed.values())
    lines = [
        Line(
            f"{_many(opened[0], 'incident was', 'incidents were')} opened and {closed[0]} closed; "
            f"the month before {opened[1]} and {closed[1]}."
        )
    ]
    if any(figures.void):
        lines.append(
            Line(
                f"Void (merged, cancelled or no fault) and not counted: {figures.void[0]}; "
                f"the month before {figures.void[1]}."
            )
        )
    lines.append(
        Line(
            f"{_many(figures.near_misses[0], 'near miss was', 'near misses were')} put to review; "
            f"the month before {figures.near_misses[1]}."
        )
    )
    rows = tuple(
        (
            f"S{level}",
            *map(str, figures.opened.get(level, NONE)),
            *map(str, figures.closed.get(level, NONE)),
        )
        for level in SEVERITIES
    )
    head = ("Severity", "Opened", "Month before", "Closed", "Closed before")
    table = Table("Incidents by severity", head, rows)
    return Section("incidents", "Incidents", tuple(lines), table)


def _worst(figures: Figures) -> Section | None:
    if not figures.worst:
        return None
    lines = tuple(Line(f"{each.key}, {_tale(each)}", each.key, each.url) for each in figures.worst)
    return Section("worst", "The three worst", lines)


def _tale(each: Worst) -> str:
    said = [f"S{each.severity}"]
    if each.customer:
        said.append(each.customer)
    text = f"{', '.join(said)}: {each.title}. Opened {_day(each.opened_at)}"
    if each.contained_at:
        text += f", contained after {_span(each.opened_at, each.contained_at)}"
    if each.closed_at:
        text += f", closed after {_span(each.opened_at, each.closed_at)}"
    else:
        text += f", now {each.state.lower()}"
    broken = _many(each.broken, "promise broken", "promises broken") if each.broken else ""
    return f"{text}; {broken or 'no promise broken'}."


def _customers(figures: Figures) -> Section:
    total = _sum(each.count for each in figures.customers)
    line = Line(
        f"{_many(total[0], 'customer was', 'customers were')} concerned by an incident opened in "
        f"the month; the month before {total[1]}."
    )
    shows = any(each.revenue is not None for each in figures.customers)
    rows = [
        (
            each.label,
            str(each.count[0]),
            str(each.count[1]),
            *((_money(each.revenue or {}),) if shows else ()),
        )
        for each in figures.customers
    ]
    head = ("Tier", "Customers", "Month before", *(("Revenue a year",) if shows else ()))
    table = Table("Customers by tier", head, tuple(rows)) if rows else None
    return Section("customers", "Customers", (line,), table)


def _promises(figures: Figures) -> Section:
    rows = figures.promises
    kept, broken = _sum(each.kept for each in rows), _sum(each.broken for each in rows)
    late = _sum(each.open_late for each in rows)
    lines = [
        Line(
            f"{kept[0]} of {kept[0] + broken[0]} promises that ended were kept; "
            f"the month before {kept[1]} of {kept[1] + broken[1]}."
        ),
        Line(
            f"{_many(late[0], 'promise was', 'promises were')} broken and still open at the end; "
            f"the month before {late[1]}."
        ),
        Line(
            f"{figures.updates_kept[0]} of {_due(figures, 0)} promised updates were written in "
            f"time; the month before {figures.updates_kept[1]} of {_due(figures, 1)}."
        ),
    ]
    head = ("Promise", "Kept", "Broken", "Share kept", "Month before", "Open and late", "Void",
            "Due set by hand")  # fmt: skip
    table = Table("Promises by kind", head, tuple(_promise(each) for each in rows))
    return Section("promises", "Promises", tuple(lines), table if rows else None)


def _promise(each: Promises) -> tuple[str, ...]:
    now, before = (share(each.kept[place], each.broken[place]) for place in (0, 1))
    numbers = (each.open_late[0], each.void[0], each.by_hand[0])
    return (each.label, str(each.kept[0]), str(each.broken[0]), now, before, *map(str, numbers))


def _due(figures: Figures, place: int) -> int:
    return figures.updates_kept[place] + figures.updates_missed[place]


def _ladders(figures: Figures) -> Section:
    lines = [
        Line(
            f"Level {level} of a ladder was reached by {_many(pair[0], 'incident', 'incidents')}; "
            f"the month before {pair[1]}."
        )
        for level, pair in sorted(figures.levels.items())
    ] or [Line("No ladder woke anybody.")]
    if any(figures.fallbacks):
        lines.append(
            Line(
                f"{_many(figures.fallbacks[0], 'page', 'pages')} went to a fallback; "
                f"the month before {figures.fallbacks[1]}."
            )
        )
    return Section("ladders", "Escalation", tuple(lines))


def _kpis(figures: Figures) -> Section:
    count = _sum(each.breaches for each in figures.kpis)
    minutes = _sum(each.minutes for each in figures.kpis)
    line = Line(
        f"KPIs went into breach {_many(count[0], 'time', 'times')} and were in breach for "
        f"{_minutes(minutes[0])}; the month before {_many(count[1], 'time', 'times')} and "
        f"{_minutes(minutes[1])}."
    )
    named = sorted((each for each in figures.kpis if each.minutes[0] or each.breaches[0]),
                   key=lambda each: (-each.minutes[0], each.name))  # fmt: skip
    rows = tuple(
        (each.name, str(each.breaches[0]), _minutes(each.minutes[0]), _minutes(each.minutes[1]))
        for each in named[:SHOWN]
    )
    head = ("KPI", "Breaches", "In breach", "Month before")
    table = Table("KPIs in breach, the longest first", head, rows) if rows else None
    lines = (line, *_more(len(named), "KPI", "KPIs"))
    return Section("kpis", "KPIs", lines, table)


def _rules(figures: Figures) -> Section:
    lines = []
    for rule in figures.rules[:SHOWN]:
        what = f": {rule.what.rstrip('.')}" if rule.what else ""
        approved = f"Approved by {_and(rule.approved)}" if rule.approved else "No approval asked"
        by = f", put in force by {rule.published}" if rule.published else ""
        text = f"{rule.name} since {_day(rule.at)}{what}. {approved}{by}."
        lines.append(Line(text, rule.name, rule.url))
    lines += _more(len(figures.rules), "version", "versions")
    if not figures.rules:
        lines.append(Line("No rule changed."))
    lines.append(
        Line(
            f"{_many(figures.limits[0], 'version', 'versions')} of KPI limits and "
            f"{_many(figures.playbooks[0], 'version', 'versions')} of playbooks came into force, "
            f"first ones among them; the month before {figures.limits[1]} "
            f"and {figures.playbooks[1]}."
        )
    )
    return Section("rules", "Rules", tuple(lines))


def _learning(figures: Figures) -> Section:
    signed, late = figures.reviews_signed, figures.reviews_signed_late
    lines = (
        Line(
            f"{_many(signed[0], 'review was', 'reviews were')} signed off, {late[0]} of them late, "
            f"and {figures.reviews_waived[0]} waived; the month before {signed[1]}, {late[1]} and "
            f"{figures.reviews_waived[1]}."
        ),
        Line(
            f"{_many(figures.reviews_late[0], 'review was', 'reviews were')} late and not signed "
            f"at the end; the month before {figures.reviews_late[1]}."
        ),
        Line(
            f"{_many(figures.actions_verified[0], 'action was', 'actions were')} verified, "
            f"{figures.actions_overdue[0]} overdue at the end; the month before "
            f"{figures.actions_verified[1]} and {figures.actions_overdue[1]}."
        ),
        Line(
            f"{_many(figures.drills[0], 'drill was', 'drills were')} held; "
            f"the month before {figures.drills[1]}."
        ),
    )
    return Section("learning", "Learning", lines)


def _asked(figures: Figures) -> Section:
    lines = []
    if figures.waiting:
        one = _many(figures.waiting, "request to change the rules", "requests to change the rules")
        lines.append(Line(f"Answer {one}: waiting now.", f"Answer {one}", "/policies/requests/"))
    if figures.reviews_late[0]:
        one = _many(figures.reviews_late[0], "late review", "late reviews")
        lines.append(Line(f"Have {one} signed off.", f"Have {one}", "/reviews/"))
    if figures.actions_overdue[0]:
        one = _many(figures.actions_overdue[0], "overdue action", "overdue actions")
        lines.append(Line(f"Have {one} done or moved.", f"Have {one}", "/actions/"))
    if figures.drills == NONE:
        lines.append(Line("Hold a drill: none was held in two months."))
    unasked = [rule.name for rule in figures.rules if not rule.approved]
    if unasked:
        lines.append(Line(f"Confirm what nobody approved: {_and(unasked[:SHOWN])}."))
    lines = lines or [Line("Nothing is asked of the committee.")]
    return Section("asked", "What the committee is asked for", tuple(lines))


def _sum(pairs: Iterable[Pair]) -> Pair:
    found = list(pairs)
    return sum(now for now, _ in found), sum(before for _, before in found)


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _more(count: int, one: str, more: str) -> list[Line]:
    left = count - SHOWN
    return [Line(f"And {_many(left, one, more)} more.")] if left > 0 else []


def _and(words: Iterable[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b %Y}"


def _minutes(count: int) -> str:
    return f"{count:,} min"


def _span(start: datetime, end: datetime) -> str:
    total = max(int((end - start).total_seconds()) // 60, 0)
    days, hours, minutes = total // 1440, total % 1440 // 60, total % 60
    if days:
        return f"{days} d {hours} h" if hours else f"{days} d"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _money(sums: Mapping[str, object]) -> str:
    return " + ".join(f"{sums[code]:,.0f} {code}" for code in sorted(sums)) or "0"
