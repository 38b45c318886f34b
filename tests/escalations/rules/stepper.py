"""A second opinion on clocks: walk minute by minute, judge each minute, remember everything.

Instants are minutes from an origin, durations are minutes, calendars are lists of bools. Slow and
plain on purpose; it shares nothing with `escalations.rules` but the order of events.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ORDER = [
    "start",
    "adopt_start",
    "pause",
    "resume",
    "customer_reply",
    "update",
    "stop",
    "cancel",
    "reopen",
    "retarget",
    "interval",
    "calendar_change",
]


class BeyondTheTable(Exception):
    """The answer lies after the last minute of the table."""


@dataclass
class Stepper:
    kind: str
    target: int
    tables: dict[str, list[bool]]
    calendar: str
    reopen_mode: str = "continue"
    run_state: str = "not_started"
    limit: int = 0
    missed_at: int | None = None
    cycle_from: int = 0
    ran: dict[int, str] = field(default_factory=dict)  # minute -> calendar it was counted by
    waits: set = field(default_factory=set)
    rejected: list = field(default_factory=list)
    due_kept: int | None = None
    stopped_due: int | None = None
    started: int = 0
    first_calendar: str = ""
    newest: str = ""
    now: int = 0

    def __post_init__(self):
        self.limit = self.target
        self.first_calendar = self.newest = self.calendar

    def walk(self, events: list[dict], at: int) -> Stepper:
        known = [event for event in events if event["at"] <= at]
        known.sort(key=lambda event: (event["at"], ORDER.index(event["type"]), event["seq"]))
        elapsed = None
        for self.now in range(at + 1):
            while known and known[0]["at"] == self.now:
                event = known.pop(0)
                getattr(self, "on_" + event["type"])(event)
                elapsed = None
            if self.now == at:
                break
            if self.run_state == "running":
                if elapsed is None:
                    elapsed = self.elapsed()
                if self.tables[self.calendar][self.now]:
                    elapsed += 1
                    if elapsed > self.limit and self.missed_at is None:
                        self.missed_at = self.now
                self.ran[self.now] = self.calendar
        return self

    def counted(self):
        return [
            minute
            for minute in range(self.cycle_from, self.now)
            if minute in self.ran and self.tables[self.ran[minute]][minute]
        ]

    def elapsed(self) -> int:
        return len(self.counted())

    def ahead(self, calendar: str, count: int) -> int:
        minute = self.now
        while count:
            if minute >= len(self.tables[calendar]):
                raise BeyondTheTable
            count -= self.tables[calendar][minute]
            minute += 1
        return minute

    def when(self, need: int) -> int:
        counted = self.counted()
        if need <= 0:
            return self.cycle_from
        if len(counted) >= need:
            return counted[need - 1] + 1
        return self.ahead(self.calendar, need - len(counted))

    def due(self) -> int:
        return self.when(self.limit) if self.due_kept is None else self.due_kept

    def breach_after(self) -> int:
        if self.missed_at is not None:
            return self.missed_at
        table, minute = self.tables[self.calendar], max(self.due(), self.now)
        while minute < len(table) and not table[minute]:
            minute += 1
        if minute >= len(table):
            raise BeyondTheTable
        return minute

    def outcome(self) -> str:
        if self.run_state == "cancelled":
            return "void"
        if self.missed_at is not None:
            return "missed"
        return "met" if self.run_state == "stopped" else "open"

    def judge(self):
        if self.elapsed() > self.limit and self.missed_at is None:
            self.missed_at = self.now

    def live(self) -> bool:
        return self.run_state in ("running", "paused")

    def on_start(self, event):
        if self.run_state == "not_started":
            self.run_state = "running"
            self.started = self.cycle_from = self.now

    def on_adopt_start(self, event):
        if self.live() and event["start"] < self.started:
            for minute in range(event["start"], self.started):
                self.ran[minute] = self.first_calendar
            if self.cycle_from == self.started:
                self.cycle_from = event["start"]
            self.started = event["start"]
            self.due_kept = None
            self.judge()

    def on_pause(self, event):
        if self.live():
            if event["reason"] == "lunch" or self.kind == "response":
                self.rejected.append(event["reason"])
            else:
                self.waits.add(event["reason"])
                self.run_state = "paused"
                self.due_kept = None

    def on_resume(self, event):
        if self.run_state == "paused":
            self.waits -= {event["reason"]}
            if not self.waits:
                self.run_state = "running"

    def on_customer_reply(self, event):
        self.on_resume({"reason": "customer_wait"})

    def on_stop(self, event):
        if self.live():
            self.stopped_due = self.due()
            self.run_state = "stopped"
            self.waits = set()

    def on_cancel(self, event):
        if self.run_state != "stopped":
            self.run_state = "cancelled"
            self.waits = set()

    def on_reopen(self, event):
        if self.run_state == "stopped" and self.kind != "response":
            self.run_state = "running"
            self.calendar = self.newest
            self.due_kept = None
            if self.reopen_mode == "restart":
                self.cycle_from, self.limit, self.missed_at = self.now, self.target, None

    def on_retarget(self, event):
        if not self.live():
            return
        target, calendar = event["target"], event.get("calendar") or self.calendar
        if event["mode"] == "keep_elapsed":
            self.limit, self.due_kept = target, None
        elif event["mode"] == "restart":
            self.limit, self.due_kept = self.elapsed() + target, None
        else:
            old = self.due()
            self.target, before, self.calendar = target, self.calendar, calendar
            fresh = self.ahead(calendar, target)
            if fresh <= old:
                self.limit, self.due_kept = self.elapsed() + target, None
            elif calendar != before and old > self.now:
                until = sum(self.tables[calendar][self.now : old])
                self.limit = self.elapsed() + until
                self.due_kept = old if self.run_state == "running" else None
        self.target, self.calendar, self.newest = target, calendar, calendar
        self.judge()

    def on_calendar_change(self, event):
        self.newest = event["calendar"]
        if self.live() and event["mode"] != "pin":
            self.calendar = event["calendar"]
            self.due_kept = None
            if event["mode"] == "recompute":
                self.ran = dict.fromkeys(self.ran, self.calendar)
                self.first_calendar = self.calendar
                self.judge()


def walk_cadence(
    events: list[dict], tables: dict[str, list[bool]], calendar: str, interval: int, at: int
):
    """(on time, minutes of the misses) of a cadence, judged at every open minute."""
    known = [event for event in events if event["at"] <= at]
    known.sort(key=lambda event: (event["at"], ORDER.index(event["type"]), event["seq"]))
    running, begun, stopped, elapsed, on_time, missed = False, False, False, 0, 0, []
    for now in range(at + 1):
        while known and known[0]["at"] == now:
            event = known.pop(0)
            match event["type"]:
                case "start" if not begun:
                    running, begun, elapsed = True, True, 0
                case "update" if running:
                    on_time, elapsed = on_time + 1, 0
                case "stop" if running:
                    running, stopped = False, True
                case "reopen" if stopped:
                    running, stopped, elapsed = True, False, 0
                case "interval":
                    interval = event["interval"]
                    calendar = event.get("calendar") or calendar
        if now < at and running and tables[calendar][now]:
            elapsed += 1
            if elapsed > interval:
                missed.append(now)
                elapsed = 1
    return on_time, missed
