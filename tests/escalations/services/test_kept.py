"""What a process keeps from one signal to the next never outlives a change, however it came."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.apps import WATCHED as OF_ACCOUNTS
from accounts.models import (
    Absence,
    Account,
    ContactMethod,
    Layer,
    LayerPerson,
    Membership,
    Override,
    Roster,
    RosterVersion,
    ServiceHours,
    Team,
    User,
)
from accounts.selectors import rosters as roster_reads
from accounts.services.people import deactivate
from accounts.services.rosters import record_absence, record_override, withdraw_override
from accounts.services.service_hours import publish_hours
from config.lib import stamps
from escalations.apps import WATCHED as OF_ESCALATIONS
from escalations.models import MaintenanceWindow, Policy, PolicyVersion
from escalations.rules.default_policy import default_policy
from escalations.services.maintenance import declare, end_early
from escalations.services.messages import message_of
from escalations.services.policies import draft_version, put_in_force
from escalations.services.signals import receive_signal
from tests.factories.incidents import MAJOR

HOUR = timedelta(hours=1)
SOON = timedelta(minutes=1)
DAYS = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}


def opening(at, **more):
    """What the next signal meets: all that was decided about it. It leaves nothing behind."""
    given = {
        "source": "pager",
        "dedup_key": "next",
        "account": "northwind",
        "facts": MAJOR,
        **more,
    }
    with transaction.atomic():
        received = receive_signal(message_of(given, at=at), by=None, at=at)
        incident = received.incident
        found = {"outcome": received.outcome}
        if incident is not None:
            found |= {
                "policy": incident.policy_version_id,
                "team": str(incident.team),
                "owner": str(incident.commander),
                "why": incident.explanation["owner"]["why"],
                "severity": incident.severity,
                "priority": incident.priority_bp,
                "clocks": sorted(incident.clocks.values_list("kind", "calendar", "due_at")),
                "mails": sorted(incident.notices.values_list("kind", "address")),
            }
        transaction.set_rollback(True)
    return found


def forget():
    stamps._Process.kept = stamps.Kept(None)
    roster_reads.clear_caches()


def on_call(at):
    """Who answers for the roster that an opening asks first."""
    return User.objects.get(pk=roster_reads.person_on_call(Roster.objects.get(code="primary"), at))


def stand_in(company, at):
    other = User.objects.get(username="duty")
    roster = Roster.objects.get(code="primary")
    return record_override(roster, other, at, at + 2 * HOUR, by=company["governor"], at=at)


def withdrawn(company, at):
    override = stand_in(company, at - SOON)
    opening(at)
    withdraw_override(override, by=company["governor"], at=at)
    opening(at)
    Override.objects.filter(pk=override.pk).update(withdrawn_at=None)


def by_admin(company, at):
    """The owner's address, changed in a form."""
    person = on_call(at)
    client = Client()
    client.force_login(company["governor"])
    page = f"/admin/accounts/user/{person.pk}/change/"
    form = client.get(page).context["adminform"].form
    sent = {name: form[name].value() for name in form.fields if name not in ("password", "groups")}
    sent |= {"groups": [group.pk for group in person.groups.all()], "change_reason": "Moved"}
    sent["email"] = "moved@people.example"
    sent = {name: value for name, value in sent.items() if value not in (None, False)}
    assert client.post(page, sent).status_code == 302


def other_way(company, at):
    ContactMethod.objects.create(
        person=on_call(at),
        kind="email",
        address="first@people.example",
        shown="f",
        position=0,
        created_at=at,
        verified_at=at,
    )


def other_layer(company, at):
    """The only person of the layer in force, changed by SQL behind every service."""
    version = RosterVersion.objects.create(
        roster=Roster.objects.get(code="primary"),
        number=99,
        effective_from=at - SOON,
        recorded_at=at - SOON,
    )
    layer = Layer.objects.create(
        version=version, position=1, zone="UTC", start_on="2026-01-01", handoff="09:00", unit="day"
    )
    LayerPerson.objects.create(layer=layer, position=1, user=company["duty"])


def new_policy(company, at):
    policy = Policy.objects.get(is_default=True)
    version = draft_version(policy, default_policy(), by=company["governor"], at=at)
    put_in_force(version, by=company["governor"], at=at)


def hours(company, at):
    return publish_hours(
        ServiceHours.objects.get(),
        zone="UTC",
        weekly=DAYS,
        dates={},
        effective_from=at - SOON,
        by=company["governor"],
        at=at - SOON,
        reason="Nearer",
    )


def no_hours(company, at):
    Team.objects.update(service_hours=None)
    opening(at)
    PolicyVersion.objects.update(service_hours=None)


def window(company, at, **more):
    given = {"reason": "Move", "source": "pager", "ends_at": at + HOUR, **more}
    return declare(given, by=company["duty"], at=at - SOON)


def ended(company, at):
    made = window(company, at)
    assert opening(at)["outcome"] == "kept"
    MaintenanceWindow.objects.filter(pk=made.pk).update(ends_at=at)


CHANGES = {
    "a stand-in is recorded": stand_in,
    "a stand-in comes back": withdrawn,
    "somebody is away": lambda company, at: record_absence(
        on_call(at), at, at + HOUR, by=company["governor"], at=at
    ),
    "somebody is away, in bulk": lambda company, at: Absence.objects.bulk_create(
        [
            Absence(
                user=on_call(at),
                start_at=at - SOON,
                end_at=at + HOUR,
                recorded_at=at - SOON,
                recorded_by=company["governor"],
            )
        ]
    ),
    "a roster has a new version": other_layer,
    "a roster has another code": lambda company, at: Roster.objects.filter(code="primary").update(
        code="first"
    ),
    "a roster is of another team": lambda company, at: Roster.objects.filter(
        code__in=("primary", "secondary")
    ).update(team=Team.objects.get(code="growth")),
    "somebody left": lambda company, at: deactivate(
        on_call(at), by=company["governor"], at=at - SOON, reason="Left"
    ),
    "somebody is inactive, by SQL": lambda company, at: User.objects.filter(
        pk=on_call(at).pk
    ).update(is_active=False),
    "an address changes, by a form": by_admin,
    "another way comes first": other_way,
    "somebody leaves the team": lambda company, at: Membership.objects.filter(
        user=on_call(at)
    ).update(valid_to=at),
    "a capacity changes": lambda company, at: Membership.objects.update(capacity=50),
    "a team has another name": lambda company, at: Team.objects.update(name="Others"),
    "hours have a new version": hours,
    "another policy is in force": new_policy,
    "nobody has hours any more": no_hours,
    "an account matters less": lambda company, at: Account.objects.filter(
        external_id="northwind"
    ).update(importance=0, influence=0),
    "a window begins": window,
    "a window is over": ended,
}
# These seldom matter, so the signal must be one for which they do.
IN_HOURS = {"facts": {}, "severity_hint": "info"}
MATTERS = {"hours have a new version": IN_HOURS, "nobody has hours any more": IN_HOURS}
SAME = {"a window is over"}  # as before it began


@pytest.mark.parametrize("change", CHANGES)
def test_the_next_signal_obeys(company, at, change):
    more = MATTERS.get(change, {})
    before = opening(at, **more)
    assert opening(at, **more) == before, "nothing changed"
    CHANGES[change](company, at)
    after = opening(at, **more)
    assert (after != before) is (change not in SAME)
    forget()
    assert opening(at, **more) == after, "what was kept says what the database says"


def test_time_alone_changes_who_answers(company, at):
    """From one reading to the next nothing is stored: hand-overs and ends are foreseen."""
    stand_in(company, at)
    window(company, at + 3 * HOUR, starts_at=at + 2 * HOUR, ends_at=at + 3 * HOUR)
    step = timedelta(minutes=11)
    for turn in range(20):
        kept = opening(at + turn * step)
        forget()
        assert kept == opening(at + turn * step), turn


def test_what_is_recorded_for_later_counts_from_then(company, at):
    """Another machine's clock was ahead: its row is stored, and known from its own time on."""
    opening(at)
    override = stand_in(company, at)
    Override.objects.filter(pk=override.pk).update(recorded_at=at + SOON)
    first, then = opening(at), opening(at + SOON)
    assert first["mails"] != then["mails"]
    forget()
    assert opening(at + SOON) == then


def test_a_change_that_is_taken_back_was_never_kept(company, at):
    before = opening(at)
    with transaction.atomic():
        stand_in(company, at)
        assert opening(at) != before
        transaction.set_rollback(True)
    assert opening(at) == before


def test_who_is_handed_out_is_a_copy(company, at):
    given = {"source": "pager", "dedup_key": "k", "account": "northwind", "facts": MAJOR}
    first = receive_signal(message_of(given, at=at), by=None, at=at).incident
    first.commander.email, first.team.name, first.account.name = "spoilt", "spoilt", "spoilt"
    given["dedup_key"] = "other"
    second = receive_signal(message_of(given, at=at), by=None, at=at).incident
    named = (second.commander.email, second.team.name, second.account.name)
    assert "spoilt" not in named


def test_all_that_is_kept_is_watched(company, at):
    """Statements that an opening saves once it was done before: each reads watched tables only."""
    names = (*OF_ACCOUNTS, *OF_ESCALATIONS)
    watched = {apps.get_model(name)._meta.db_table for name in names}
    opening(at)

    def read():
        with CaptureQueriesContext(connection) as seen:
            opening(at)
        return [query["sql"] for query in seen if query["sql"].startswith("SELECT")]

    usual = {re.sub(r"\d+", "0", text) for text in read()}
    forget()
    more = [text for text in read() if re.sub(r"\d+", "0", text) not in usual]
    tables = {name for text in more for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', text)}
    assert len(tables) >= 9
    assert tables <= watched


@pytest.mark.django_db(transaction=True)
def test_what_another_connection_commits_counts(company, at):
    before = opening(at)

    def change():
        try:
            Membership.objects.filter(user__in=[company["agent"], company["agent2"]]).update(
                valid_to=at
            )
        finally:
            connection.close()

    other = threading.Thread(target=change)
    other.start()
    other.join()
    after = opening(at)
    assert after["owner"] != before["owner"] or after["why"] != before["why"]


def test_the_end_of_a_window_ahead_of_time_counts(company, at):
    made = window(company, at)
    assert opening(at)["outcome"] == "kept"
    end_early(made.pk, by=company["duty"], at=at)
    assert opening(at)["outcome"] == "opened"
