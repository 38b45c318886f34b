"""However an incident ends, nobody is woken for it any more, and what the ending itself has to say
leaves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from escalations.models import Incident, Notice
from escalations.rules.lifecycle import Verb
from escalations.services.moves import perform
from escalations.services.recorder import Recorder
from escalations.services.signals import SignalMessage, receive_signal
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import DONE

pytestmark = pytest.mark.django_db
People = dict[str, Any]


def do(incident: Incident, verb: Verb, who: Any, at: Any, **given: Any) -> None:
    perform(incident.number, verb, given, by=who, at=at)


def by_a_person(incident: Incident, people: People, at: Any) -> None:
    do(incident, Verb.RESOLVE, people["agent"], at, **DONE)


def by_its_source(incident: Incident, people: People, at: Any) -> None:
    Incident.objects.filter(pk=incident.pk).update(accepted_at=None)
    over = SignalMessage(
        source="pager", dedup_key="major", is_firing=False, title="Over", received_at=at
    )
    receive_signal(over, by=None, at=at)


def by_a_merge(incident: Incident, people: People, at: Any) -> None:
    into = open_incident(at, "into", account="acme", facts=MAJOR, severity_hint="critical")
    given = {"into": into.number, "reason": "The same cause."}
    do(incident, Verb.MERGE, people["duty"], at, **given)
    do(incident, Verb.MERGE, people["governor"], at, **given)


def by_being_cancelled(incident: Incident, people: People, at: Any) -> None:
    do(incident, Verb.CANCEL, people["duty"], at, reason="A rehearsal of somebody else.")
    do(incident, Verb.CANCEL, people["governor"], at, reason="A rehearsal of somebody else.")


def by_a_data_fault(incident: Incident, people: People, at: Any) -> None:
    Incident.objects.filter(pk=incident.pk).update(
        state="verifying", verification="data_fault", verified_at=at, verified_by=people["steward"]
    )
    do(incident, Verb.CLOSE, people["duty"], at)


ENDINGS = [by_a_person, by_its_source, by_a_merge, by_being_cancelled, by_a_data_fault]


@pytest.fixture
def incident(company: People, at: Any) -> Incident:
    """An S1, owned and contained, with a page on its way, one that failed before and one held."""
    made = open_incident(at, "major", facts=MAJOR, severity_hint="critical")
    company["governor"].user_permissions.set([*_rights("cancel_incident", "respond_incident")])
    do(made, Verb.CLAIM, company["agent"], at, take_over=True)
    do(made, Verb.MITIGATE, company["agent"], at, plan="Roll back.")
    do(made, Verb.PROPOSE_CONTAIN, company["agent"], at, evidence="It works.")
    do(made, Verb.CONFIRM_CONTAIN, company["senior"], at)
    recorder = Recorder(at)
    for name, wait in (("now", 0), ("later", 60), ("held", 3600)):
        recorder.notice(
            made,
            company["agent2"],
            "page",
            key=name,
            headline="Look",
            why="a test.",
            not_before=at + timedelta(seconds=wait),
        )
    recorder.write()
    Notice.objects.filter(key__endswith="later").update(attempts=3, last_error="no line")
    return made


def _rights(*names: str) -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.filter(codename__in=names)


def pages(incident: Incident) -> Any:
    return Notice.objects.pending().filter(incident=incident.pk, kind="page")


@pytest.mark.parametrize("late_h", [0, 30])
@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
def test_after_each_ending_nobody_is_woken_any_more(
    company: People, at: Any, incident: Incident, end: Callable[..., None], late_h: int
) -> None:
    """Also when clocks broke meanwhile and nobody had noticed."""
    assert pages(incident).count() == 3
    before = set(Notice.objects.pending().filter(incident=incident.pk).values_list("pk", flat=True))
    over = at + timedelta(hours=late_h)
    end(incident, company, over)
    incident.refresh_from_db()
    assert incident.state in ("resolved", "merged", "cancelled", "closed"), incident.state
    assert not pages(incident).exists()
    left = Notice.objects.pending().filter(incident=incident.pk)
    assert not set(left.values_list("pk", flat=True)) & before, "what was unsent is cancelled"
    cancelled = Notice.objects.filter(pk__in=before)
    assert set(cancelled.values_list("cancelled_at", flat=True)) == {over}


def test_what_the_resolution_itself_says_leaves(
    company: People, at: Any, incident: Incident
) -> None:
    by_a_person(incident, company, at)
    told = Notice.objects.pending().filter(incident=incident.pk)
    assert told.exists() and set(told.values_list("kind", flat=True)) <= {"news", "assigned"}
