"""Rows made and read past Django's own ways are what Django's own ways make and read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from config.lib.bulk import update_changed
from config.lib.rows import new, read, tuples
from escalations.models import Clock, ClockEvent, Incident, Notice, TimelineEvent
from escalations.services.batches import NEEDED, SAID
from escalations.services.clock_batches import LEDGER
from escalations.services.clock_batches import NEEDED as NEEDED_OF_CLOCKS
from tests.factories.incidents import open_incident

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def values_of(row):
    return {key: value for key, value in vars(row).items() if key != "_state"}


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (TimelineEvent, {"kind": "note", "at": AT, "seq": 1}),
        (Notice, {"key": "k", "recipient_id": 4, "step": None, "created_at": AT}),
        (Clock, {"incident": Incident(number=7), "kind": "response", "target_s": 60}),
    ],
)
def test_a_new_row_is_what_the_constructor_makes(model, given):
    ours, theirs = new(model, **given), model(**given)
    assert values_of(ours) == values_of(theirs)
    assert ours._state.adding and ours._state.fields_cache == theirs._state.fields_cache


def test_new_rows_share_nothing_and_know_their_fields():
    one, two = new(TimelineEvent), new(TimelineEvent)
    one.detail["a"] = 1
    assert two.detail == {}
    with pytest.raises(TypeError, match="colour"):
        new(TimelineEvent, colour="red")


def test_rows_are_read_as_django_reads_them(company, at):
    incident = open_incident(at)
    (ours,) = read(Incident, NEEDED, [incident.pk], parts=("explanation", SAID))
    theirs = Incident.objects.only(*NEEDED, "explanation").get(pk=incident.pk)
    assert ours == theirs and not ours._state.adding
    for name in NEEDED:
        assert getattr(ours, name) == getattr(theirs, name), name
    assert ours.opened_at.tzinfo is UTC
    kept = {word: theirs.explanation[word] for word in SAID if theirs.explanation.get(word)}
    assert {word: said for word, said in ours.explanation.items() if said} == kept
    with pytest.raises(TypeError):
        ours.explanation["why"] = "changed"
    assert ours.source == theirs.source  # read when it is asked for
    keys = [clock.pk for clock in incident.clocks.all()]
    for clock in read(Clock, NEEDED_OF_CLOCKS, keys):
        assert clock.due_at == Clock.objects.get(pk=clock.pk).due_at
        assert clock.run_state == "running"
    columns = [ClockEvent._meta.get_field(name).attname for name in LEDGER]
    events = ClockEvent.objects.filter(clock__in=keys).values_list(*columns)
    assert sorted(tuples(ClockEvent, LEDGER, keys, among="clock")) == sorted(events)
    assert read(Clock, NEEDED_OF_CLOCKS, []) == []


def test_only_what_changed_is_written(company, at, django_assert_num_queries):
    incident = open_incident(at)
    one, two = list(incident.clocks.order_by("pk"))[:2]
    names = ("elapsed_us", "missed", "check_at")
    before = [tuple(getattr(row, name) for name in names) for row in (one, two)]
    Clock.objects.update(missed=7)  # by somebody else: this row was read before
    one.elapsed_us, two.check_at = 5, one.started_at + timedelta(hours=1)
    with django_assert_num_queries(2):
        update_changed([one, two], names, before)
    fresh = [Clock.objects.get(pk=row.pk) for row in (one, two)]
    assert [row.elapsed_us for row in fresh] == [5, two.elapsed_us]
    assert [row.check_at for row in fresh] == [one.check_at, two.check_at]
    assert {row.missed for row in fresh} == {7}
