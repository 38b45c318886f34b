"""The house looks at itself: a loss planted by hand is found, told once, and cleared when mended."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from config.lib.clock import now
from escalations.models import (
    Audit,
    AuditFinding,
    Clock,
    ClockMark,
    CustomerLetter,
    Heartbeat,
    Incident,
    LadderRun,
    LadderStep,
    Notice,
)
from escalations.models.audits import Check
from escalations.selectors import audit_checks
from escalations.services.audit import audit
from escalations.services.notices import deliver_due
from escalations.tasks.audit import look
from escalations.tasks.schedule import TIMERS, sweep
from tests.factories.incidents import MAJOR, open_incident

MINUTE, SOON = timedelta(minutes=1), timedelta(seconds=20)


def found(at):
    audit(at)
    return set(AuditFinding.objects.filter(cleared_at=None).values_list("code", flat=True))


@pytest.fixture
def incident(company, at) -> Incident:
    """An S1 and a plain one; a minute later all messages have left."""
    open_incident(at, "plain")
    incident = open_incident(at, facts=MAJOR, severity_hint="critical", category="outage")
    deliver_due(now())
    Notice.objects.filter(sent_at=None).update(sent_at=at)
    return incident


def later(at, minutes):
    """All that falls due until then is settled at its own instant, as the clock process does."""
    for minute in range(minutes + 1):
        sweep(at + minute * MINUTE)
    Notice.objects.pending().update(sent_at=at + minutes * MINUTE)
    return at + minutes * MINUTE


def test_every_timer_of_the_sweep_is_reckoned_without_it():
    """Clocks and ladders have checks of their own."""
    reckoned = {(model, field) for _, model, field, _ in audit_checks.TIMERS}
    reckoned |= {(Clock, "next_wake_at"), (LadderRun, "next_step_at")}
    assert reckoned == {(timer.model, timer.field) for timer in TIMERS}


def test_an_update_that_never_left_for_a_customer_is_found(incident, at):
    CustomerLetter.objects.create(
        incident=incident, name="Ada", subject="S", text="T", created_at=at, try_at=at + 5 * MINUTE
    )
    assert found(at + SOON) == set()
    assert found(at + 2 * MINUTE) >= {Check.UNSENT}
    CustomerLetter.objects.update(sent_at=at, try_at=None)
    assert Check.UNSENT not in found(at + 3 * MINUTE)


def test_nothing_is_found_where_all_went_well(incident, at):
    assert found(later(at, 90)) == set()
    row = Audit.objects.get()
    assert row.looked_at == 2
    assert row.lateness["ladders"]["count"] > 0


LOSSES = {
    "a clock that nothing wakes": (
        Check.CLOCK_ASLEEP,
        lambda i: Clock.objects.filter(incident=i, kind="restore").update(next_wake_at=None),
    ),
    "a clock moved by hand": (
        Check.CLOCK_ALTERED,
        lambda i: Clock.objects.filter(incident=i, kind="restore").update(
            due_at=i.opened_at + timedelta(days=9),
            breach_after=i.opened_at + timedelta(days=9),
            next_wake_at=i.opened_at + timedelta(days=9),
        ),
    ),
    "a ladder without a next step": (
        Check.LADDER_ASLEEP,
        lambda i: LadderRun.objects.filter(incident=i).update(next_step_at=None),
    ),
    "a ladder that never began": (
        Check.LADDER_MISSING,
        lambda i: (
            Notice.objects.filter(incident=i).delete(),
            LadderStep.objects.filter(run__incident=i).delete(),
            LadderRun.objects.filter(incident=i).delete(),
        ),
    ),
    "a page that is gone": (
        Check.PAGE_LOST,
        lambda i: Notice.objects.filter(incident=i, kind="page").delete(),
    ),
    "a message that does not leave": (
        Check.UNSENT,
        lambda i: Notice.objects.filter(incident=i, kind="page").update(sent_at=None),
    ),
    "a timer that failed": (
        Check.PARKED,
        lambda i: LadderRun.objects.filter(incident=i).update(parked_error="KeyError: 'x'"),
    ),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_planted_loss_is_found_told_once_and_cleared(loss, incident, company, at):
    code, plant = LOSSES[loss]
    at = later(at, 1)
    assert found(at) == set()
    with_all = {model: list(model.objects.all()) for model in (Clock, LadderRun, LadderStep)}
    notices = list(Notice.objects.all())
    plant(incident)
    assert found(at + SOON) == {code}
    finding = AuditFinding.objects.get()
    assert finding.incident_id in (incident.number, None)
    letters = Notice.objects.filter(key__startswith="audit:")
    assert {letter.recipient.username for letter in letters} >= {"governor", "governor2"}
    assert incident.key in letters[0].text and incident.title not in letters[0].text

    audit(at + 2 * SOON)
    assert AuditFinding.objects.count() == 1, "the same thing is told once"

    letters.delete()
    Notice.objects.all().delete()
    LadderStep.objects.all().delete()
    LadderRun.objects.all().delete()
    for model in (LadderRun, LadderStep):
        model.objects.bulk_create(with_all[model])
    Clock.objects.bulk_update(with_all[Clock], ["due_at", "breach_after", "next_wake_at"])
    Notice.objects.bulk_create(notices)
    assert found(at + 3 * SOON) == set()
    assert AuditFinding.objects.get().cleared_at == at + 3 * SOON


def test_a_broken_promise_that_nobody_was_told_of_is_found(incident, at):
    at = later(at, 1)
    Clock.objects.filter(kind="response").update(next_wake_at=None)
    assert found(at) == {"clock_asleep"}
    clock = Clock.objects.filter(kind="response").order_by("due_at").first()
    assert found(clock.breach_after + MINUTE) >= {"clock_unsaid"}


def test_a_breach_erased_from_the_record_is_found_by_the_ledger(incident, at):
    at = later(at, 30)
    assert ClockMark.objects.filter(kind="breach").exists()
    assert found(at) == set()
    ClockMark.objects.filter(kind="breach").delete()
    assert found(at + SOON) == {"clock_unsaid"}


def test_a_stopped_sweep_and_a_silent_process_are_found(incident, at):
    Heartbeat.objects.create(name="clock:a", kind="clock", beat_at=at)
    assert found(at + 10 * MINUTE) >= {"overdue", "process_silent"}


def test_two_looks_at_once_are_one(incident, at):
    assert audit(at) is not None
    assert audit(at + timedelta(seconds=5)) is None


def test_a_clock_set_back_is_said_until_it_has_caught_up(incident, at):
    assert found(at) == set()
    assert found(at - 60 * MINUTE) == {"time_back"}
    assert found(at - 59 * MINUTE) == {"time_back"}, "it is judged by the latest instant known"
    Notice.objects.pending().update(sent_at=at)
    assert found(at + SOON) == set()


def test_a_look_at_many_incidents_goes_on_where_the_last_one_ended(company, at, monkeypatch):
    monkeypatch.setattr("escalations.selectors.audit_checks.SLICE", 2)
    numbers = [open_incident(at, str(key)).number for key in range(3)]
    Notice.objects.update(sent_at=at)
    Clock.objects.filter(incident=numbers[2], kind="resolution").update(target_s=99)
    assert found(at + SOON) == set()
    assert Audit.objects.latest("at").cursor == numbers[1]
    assert found(at + 2 * SOON) == {"clock_altered"}
    assert found(at + 3 * SOON) == {"clock_altered"}, "not looked at again: it stays open"


def test_a_timer_that_works_again_is_no_finding_any_more(incident, at):
    LadderRun.objects.filter(incident=incident).update(parked_error="KeyError: 'x'")
    assert found(at + SOON) == {"parked"}
    later(at, 6)
    assert LadderRun.objects.get(incident=incident).level > 1
    assert found(at + 6 * MINUTE + SOON) == set()


# --- pages ---------------------------------------------------------------------------------------
def test_the_page_says_what_is_wrong_and_when_nobody_looks(incident, company, at, travel, client):
    client.force_login(company["duty"])
    assert "Nobody has looked yet." in client.get("/audit/").text
    LadderRun.objects.filter(incident=incident).update(next_step_at=None)
    audit(at + SOON)
    travel.to(at + SOON + MINUTE)
    page = client.get("/audit/").text
    assert "A ladder that climbs has no next step" in page and incident.key in page
    client.force_login(company["governor"])
    assert "1 wrong" in client.get("/admin/").text
    travel.to(at + 9 * MINUTE)
    assert "Nobody has looked since" in client.get("/audit/").text


def test_metrics_are_for_the_token_and_for_those_with_the_right(
    incident, company, at, travel, client, settings
):
    LadderRun.objects.filter(incident=incident).update(next_step_at=None)
    audit(at + SOON)
    travel.to(at + SOON + MINUTE)
    settings.METRICS_TOKEN = "a-long-token"

    def ask(token):
        return client.get("/metrics", headers={"Authorization": f"Bearer {token}"})

    assert ask("wrong").status_code == 403
    assert ask("").status_code == 403
    text = ask("a-long-token").text
    assert 'belay_audit_findings{code="ladder_asleep"} 1.0' in text
    assert 'belay_audit_findings{code="unsent"} 0.0' in text
    assert "belay_audit_age_seconds 60.0" in text
    assert 'belay_lateness_seconds{kind="ladders",quantile="0.99"}' in text
    assert client.get("/metrics").status_code == 403
    client.force_login(company["auditor"])
    assert client.get("/metrics").status_code == 200


@pytest.fixture
def dead_man(settings) -> Iterator[list[str]]:
    heard: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.DEADMAN_URL = f"http://127.0.0.1:{server.server_port}/alive"
    yield heard
    server.shutdown()
    server.server_close()


def test_the_dead_mans_address_hears_only_of_clean_looks(
    incident, at, dead_man, monkeypatch, settings
):
    monkeypatch.setattr("escalations.tasks.audit.now", lambda: later_at[-1])
    later_at = [later(at, 1)]
    assert look() == "0 open findings"
    assert dead_man == ["/alive"]
    LadderRun.objects.filter(incident=incident).update(next_step_at=None)
    later_at.append(later_at[0] + SOON)
    assert look() == "1 open findings"
    assert dead_man == ["/alive"]
    LadderRun.objects.filter(incident=incident).update(next_step_at=at + 9 * MINUTE)
    Notice.objects.pending().update(sent_at=at + 2 * MINUTE)
    later_at.append(later_at[0] + 2 * SOON)
    settings.DEADMAN_URL = "http://127.0.0.1:9/nobody"
    assert look() == "0 open findings", "an address that does not answer stops nothing"
