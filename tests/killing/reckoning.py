"""What should have happened, worked out from the plan alone, beside what the database says."""

from __future__ import annotations

import email
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from escalations.models import ClockMark, Incident, LadderRun, LadderStep, Notice, TimelineEvent

# An S1 that nobody answers, by the default policy: seconds after it began.
MARKS_S = {("warning", 50): 150, ("warning", 75): 225, ("warning", 90): 270, ("breach", 100): 300}
LEVELS_S = {2: 300, 3: 600}
MICRO = timedelta(microseconds=1)


@dataclass(slots=True)
class Count:
    """`escalations` fell due; each was to be written once, and told at least once."""

    escalations: int = 0
    lost: int = 0
    doubled: int = 0
    untold: int = 0
    repeats: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """A message that never left is lost like a step that was never taken."""
        return (
            f"{self.escalations} escalations, {self.lost + self.untold} lost, "
            f"{self.doubled} doubled, {self.repeats} repeats with the same key"
        )

    @property
    def is_right(self) -> bool:
        return not (self.lost or self.doubled or self.untold or self.wrong)

    def see(self, what: str, found: int) -> None:
        self.escalations += 1
        if found != 1:
            self.wrong.append(f"{what}: {found} times")
        self.lost += found == 0
        self.doubled += max(0, found - 1)


def reckon(began: dict[int, datetime], at: datetime, mail: Path) -> Count:
    """`began` says when each incident of the plan did; `at` is when all was quiet."""
    count = Count()
    _marks(count, began, at)
    _levels(count, began, at)
    _messages(count, list(began), mail)
    return count


def _marks(count: Count, began: dict[int, datetime], at: datetime) -> None:
    rows = ClockMark.objects.filter(clock__kind="response", clock__incident__in=began)
    found = Counter(rows.values_list("clock__incident", "kind", "percent"))
    told = TimelineEvent.objects.filter(incident__in=began, kind="clock_breach")
    words = Counter(
        number
        for number, detail in told.values_list("incident", "detail")
        if detail["clock"] == "response"
    )
    for number, start in began.items():
        for (kind, percent), after in MARKS_S.items():
            if start + timedelta(seconds=after) + MICRO <= at:
                what = f"INC-{number} response {kind} {percent}"
                count.see(what, found[number, kind, percent])
                if kind == "breach" and words[number] != 1:
                    count.wrong.append(f"{what}: said {words[number]} times")


def _levels(count: Count, began: dict[int, datetime], at: datetime) -> None:
    rows = LadderStep.objects.filter(run__incident__in=began, kind="page")
    found = Counter(rows.values_list("run__incident", "level"))
    people = Counter(rows.values_list("run__incident", "level", "person"))
    count.wrong += [f"paged twice: {who}" for who, times in people.items() if times > 1]
    events = TimelineEvent.objects.filter(incident__in=began, kind="ladder_page")
    words = Counter((n, detail["level"]) for n, detail in events.values_list("incident", "detail"))
    for number, start in began.items():
        for level, after in LEVELS_S.items():
            if start + timedelta(seconds=after) <= at:
                count.see(f"INC-{number} level {level}", found[number, level])
                if words[number, level] != 1:
                    count.wrong.append(f"INC-{number} level {level}: said {words[number, level]}")
    overdue = LadderRun.objects.filter(incident__in=began, next_step_at__lte=at)
    count.wrong += [f"INC-{run.incident_id} waits still" for run in overdue]
    cut = Incident.objects.filter(pk__in=began).exclude(state="new")
    count.wrong += [f"{incident.key} is {incident.state}" for incident in cut]


def _messages(count: Count, numbers: list[int], mail: Path) -> None:
    """Each notice reached the channel at least once, always under one Message-ID."""
    received: dict[str, Counter[str]] = {}
    for path in mail.glob("*.eml"):
        message = email.message_from_bytes(path.read_bytes())
        received.setdefault(message["X-Belay-Key"], Counter())[message["Message-ID"]] += 1
    pages = {}
    for key, step in Notice.objects.filter(incident__in=numbers).values_list("key", "step"):
        if key not in received:
            count.untold += 1
            count.wrong.append(f"never sent: {key}")
            continue
        count.repeats += sum(received[key].values()) - 1
        if len(received[key]) > 1:
            count.wrong.append(f"several Message-IDs for {key}")
        if step is not None:
            pages[step] = key
    steps = LadderStep.objects.filter(run__incident__in=numbers, person__isnull=False, level__gt=1)
    silent = set(steps.values_list("pk", flat=True)) - pages.keys()
    count.untold += len(silent)
    count.wrong += [f"step {step} has no notice" for step in silent]
