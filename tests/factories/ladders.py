"""A night on the ladder: who stands on which level, a major incident at 02:00, and who is paged."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from accounts.models import Account, Layer, LayerPerson, Roster, RosterVersion, User
from escalations.models import Incident, LadderRun, LadderStep
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.services.signals import SignalMessage, receive_signal
from escalations.tasks.schedule import next_due, sweep
from tests.factories.incidents import MAJOR

NIGHT = datetime(2026, 11, 17, 2, 0, tzinfo=UTC)
CAST = {"primary": "ann", "secondary": "ben", "duty": "dora"}


def clock(text: str) -> datetime:
    hour, minute, *second = (int(part) for part in text.split(":"))
    return NIGHT.replace(hour=hour, minute=minute, second=second[0] if second else 0)


def staff(code: str, *people: User) -> None:
    """From now on this roster is these people in turn, each for a day from 02:00."""
    roster = Roster.objects.get(code=code)
    started = NIGHT - timedelta(days=30)
    number = roster.versions.count() + 1
    started += timedelta(minutes=number)
    version = RosterVersion.objects.create(
        roster=roster, number=number, effective_from=started, recorded_at=started
    )
    if people:
        layer = Layer.objects.create(
            version=version,
            position=1,
            zone="UTC",
            start_on=(NIGHT - timedelta(days=len(people) * 10)).date(),
            handoff=time(2),
            unit="day",
        )
        for place, person in enumerate(people, 1):
            LayerPerson.objects.create(layer=layer, position=place, user=person)


def tell_cast(company: dict[str, User]) -> dict[str, User]:
    """Ann, Ben and Dora on the three rosters, Max above Ann, Sue the customer's sponsor."""
    people = {
        name: User.objects.create_user(name, f"{name}@people.example", "x", first_name=name.title())
        for name in ("ann", "ben", "bob", "dora", "max", "sue")
    }
    for person in people.values():
        person.groups.set(company["senior"].groups.all())
    people["ann"].manager = people["max"]
    people["ann"].save()
    for code, name in CAST.items():
        staff(code, people[name])
    Account.objects.filter(external_id="northwind").update(sponsor=people["sue"])
    return people


def begin(classified: str = "02:00", **more: Any) -> LadderRun:
    """An S1 that is heard of at 02:00; promises but the answer count from its classification."""
    message = SignalMessage(
        source="pager",
        dedup_key="capture",
        is_firing=True,
        title="Card capture failing",
        received_at=NIGHT,
        account=Account.objects.get(external_id="northwind"),
        severity_hint="critical",
        facts=MAJOR,
        **more,
    )
    incident = receive_signal(message, by=None, at=clock(classified)).incident
    assert incident is not None and incident.severity == 1
    return LadderRun.objects.get(incident=incident)


def sweep_until(end: str) -> None:
    """Every timer fires at its own instant, up to and at `end`."""
    while (due := next_due()) is not None and due <= clock(end):
        sweep(due)


def do(run: LadderRun, at: str, verb: Verb, by: User, **given: Any) -> Incident:
    return perform(run.incident_id, verb, given, by=by, at=clock(at))


def pages(run: LadderRun) -> list[str]:
    """ "02:05 L2 ben" for each page, in order."""
    rows = LadderStep.objects.filter(run__incident=run.incident_id).exclude(kind="empty")
    return [
        f"{row.due_at:%H:%M}{f':{row.due_at.second:02}' if row.due_at.second else ''} "
        f"{f'L{row.level}' if row.level else 'fallback'} {row.person and row.person.username}"
        for row in rows.select_related("person").order_by("run", "seq")
    ]


def levels(run: LadderRun) -> list[str]:
    return list(dict.fromkeys(page.rpartition(" ")[0] for page in pages(run)))
