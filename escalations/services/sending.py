"""Sends what the outbox leased, and marks what became of it, row by row.

Mail goes out here one after another; chats and webhooks in threads beside it, which touch no
database, so that one that hangs holds nobody else. What is not begun in time is given back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from smtplib import SMTPDataError, SMTPRecipientsRefused
from time import monotonic

from django.db import connection
from django.db.models import F

from accounts.models import ContactMethod, User
from accounts.selectors.contact_methods import ways_of
from config.lib.rows import new
from config.lib.statements import among, ask, insert, keys
from escalations.channels import apprise, email, webhook
from escalations.channels.letters import Letter, Refused, TryLater, Unanswered
from escalations.models import LadderRun, Notice, NoticeAttempt
from escalations.models.ladders import LadderState
from escalations.models.notices import (
    KNOWS_REPEATS,
    PENDING,
    Channel,
    NoticeKind,
    Outcome,
)
from escalations.rules.retries import wait_s
from escalations.services.leasing import Outgoing

log = logging.getLogger("belay.notices")
Now = Callable[[], datetime]
AT_ONCE = 25
BEGIN_WITHIN_S = 25  # a job has 60 s, a lease too, and the slowest channel takes 20
FRESH_S = 0.05  # what was not cancelled this long ago is still wanted
REMOTE = {Channel.WEBHOOK.value: webhook.send, Channel.APPRISE.value: apprise.send}


@dataclass(slots=True)
class _Job:
    """A letter on its way: rows that leave together, and the pages among them that are repeats."""

    rows: list[Outgoing]
    letter: Letter
    began: float = field(default_factory=monotonic)

    @property
    def first(self) -> Outgoing:
        return self.rows[0]


def send_letters(letters: list[list[Outgoing]], now: Now) -> tuple[int, int]:
    """What was leased just now; returns (sent, failed). A letter is notices that go out as one,
    mostly one."""
    sending = _Sending(letters, now)
    try:
        sending.run(letters)
    finally:
        insert(sending.tries, is_repeat_fine=True)
    return sending.sent, sending.failed


class _Sending:
    def __init__(self, letters: list[list[Outgoing]], now: Now) -> None:
        self.now, self.began = now, monotonic()
        self.left = {row.pk for letter in letters for row in letter}
        self.wanted, self.asked = self.left, self.began
        self.sent = self.failed = 0
        self.tries: list[NoticeAttempt] = []
        self.away: dict[Future[Exception | None], _Job] = {}

    def run(self, letters: list[list[Outgoing]]) -> None:
        remote = [letter for letter in letters if letter[0].channel in REMOTE]
        mail = [letter for letter in letters if letter[0].channel not in REMOTE]
        if not remote:
            return self._mail(mail)
        with ThreadPoolExecutor(min(AT_ONCE, len(remote))) as pool:
            for letter in remote[:AT_ONCE]:
                self._hand_over(letter, pool)
            self._mail(mail)
            for letter in remote[AT_ONCE:]:
                self._collect(wait_for=len(self.away) >= AT_ONCE)
                self._hand_over(letter, pool)
            while self.away:
                self._collect(wait_for=True)

    def _mail(self, letters: list[list[Outgoing]]) -> None:
        for letter in letters:
            if self._is_late(letter):
                continue
            if (job := self._begin(letter)) is not None:
                self._mark(job, _mailed(job))
            self._collect(wait_for=False)

    def _hand_over(self, letter: list[Outgoing], pool: ThreadPoolExecutor) -> None:
        if self._is_late(letter) or (job := self._begin(letter)) is None:
            return
        send = REMOTE.get(job.first.channel)
        if send is None:  # it goes by mail now
            self._mark(job, _mailed(job))
            return
        job.began = monotonic()
        self.away[pool.submit(_tried, send, job.letter)] = job

    def _collect(self, *, wait_for: bool) -> None:
        if not self.away:
            return
        done, _ = wait(self.away, None if wait_for else 0, return_when=FIRST_COMPLETED)
        for future in done:
            self._mark(self.away.pop(future), future.result())

    def _is_late(self, letter: list[Outgoing]) -> bool:
        if monotonic() - self.began < BEGIN_WITHIN_S:
            return False
        rows = Notice.objects.filter(PENDING, pk__in=[row.pk for row in letter])
        rows.update(leased_until=None, attempts=F("attempts") - 1)
        return True

    # --- before --------------------------------------------------------------------------------
    def _begin(self, letter: list[Outgoing]) -> _Job | None:
        """None where there is nothing to send: cancelled meanwhile, left, or not sure and not to
        be repeated."""
        letter = self._still_wanted(letter)
        if not letter:
            self.sent += 1
            return None
        if not letter[0].is_active:
            rows = Notice.objects.filter(PENDING, pk__in=[row.pk for row in letter])
            rows.update(cancelled_at=self.now())
            self.sent += 1
            return None
        if letter[0].channel not in REMOTE:
            return _Job(letter, _sealed(letter))
        letter = [row for row in letter if not self._is_given_up(row)]
        return self._by_method(letter) if letter else None

    def _still_wanted(self, letter: list[Outgoing]) -> list[Outgoing]:
        """What was leased was wanted then. Later all that is left is asked about at once."""
        if monotonic() - self.asked > FRESH_S:
            rows = Notice.objects.filter(PENDING, pk__in=self.left)
            self.wanted, self.asked = {*rows.values_list("pk", flat=True)}, monotonic()
        keys = {row.pk for row in letter}
        self.left = self.left - keys
        return letter if keys <= self.wanted else [row for row in letter if row.pk in self.wanted]

    def _is_given_up(self, row: Outgoing) -> bool:
        """Did an earlier sender die over it, where a repeat would come twice? A page comes twice
        rather than not at all."""
        if row.began_at is None:
            return False
        sentence = "The sender stopped in the middle: it may have arrived."
        row.uncertain_at = row.began_at
        if row.kind == NoticeKind.PAGE:
            Notice.objects.filter(pk=row.pk).update(uncertain_at=row.began_at)
            return False
        self._tell(row, Outcome.UNCERTAIN, sentence, 0, number=row.attempts - 1)
        self._give_up(row, sentence, self.now())
        self.failed += 1
        return True

    def _by_method(self, letter: list[Outgoing]) -> _Job | None:
        first = letter[0]
        assert first.method_id is not None, "a constraint says so"
        method = ContactMethod.objects.filter(pk=first.method_id).first()
        if method is None or method.withdrawn_at is not None or method.verified_at is None:
            return self._other_way(letter)
        if first.channel not in KNOWS_REPEATS:
            began = self.now()
            Notice.objects.filter(pk__in=[row.pk for row in letter]).update(began_at=began)
            for row in letter:
                row.began_at = began
        old = method.old_secret_until
        secrets = (method.secret, method.old_secret if old and old > self.now() else "")
        return _Job(letter, _sealed(letter, method.address, tuple(filter(None, secrets))))

    def _other_way(self, letter: list[Outgoing]) -> _Job | None:
        """The way it was to take is gone: the person's first one now, in its place."""
        person = User.objects.get(pk=letter[0].recipient_id)
        way = next(iter(ways_of([person])[person.pk]), None)
        if way is None:
            for row in letter:
                self._note(row, Refused("Its way was removed, and there is no other."), 0)
            self.failed += 1
            return None
        Notice.objects.filter(pk__in=[row.pk for row in letter]).update(
            channel=way.kind, address=way.shown, method=way.method
        )
        for row in letter:
            row.channel, row.address, row.method_id = way.kind, way.shown, way.method
        is_remote = letter[0].channel in REMOTE
        return self._by_method(letter) if is_remote else _Job(letter, _sealed(letter))

    # --- after ---------------------------------------------------------------------------------
    def _mark(self, job: _Job, error: Exception | None) -> None:
        took_ms = int((monotonic() - job.began) * 1000)
        if error is not None:
            self.failed += 1
            for row in job.rows:
                self._note(row, error, took_ms)
            return
        self.sent += 1
        at = self.now()
        _mark_sent(job.rows, at)
        for row in job.rows:
            self._tell(row, Outcome.SENT, "", took_ms, at=at)

    def _note(self, row: Outgoing, error: Exception, took_ms: int) -> None:
        at, sentence = self.now(), _sentence(error)
        log.warning("notice %s not sent, attempt %s: %s", row.pk, row.attempts, sentence)
        is_page = row.kind == NoticeKind.PAGE
        is_unsure = isinstance(error, Unanswered)
        asked = error.after_s if isinstance(error, TryLater) else None
        tries = row.attempts - row.attempts_before
        seconds = wait_s(row.key, tries, is_page=is_page, asked_s=asked)
        is_over = isinstance(error, Refused) or seconds is None
        if is_unsure:
            row.uncertain_at = at
            is_over = is_over or not is_page and row.channel not in KNOWS_REPEATS
        outcome = Outcome.UNCERTAIN if is_unsure else Outcome.FAILED
        self._tell(
            row, Outcome.REFUSED if isinstance(error, Refused) else outcome, sentence, took_ms
        )
        if is_over:
            self._give_up(row, sentence, at)
            return
        assert seconds is not None, "not over"
        Notice.objects.filter(PENDING, pk=row.pk).update(
            not_before=at + timedelta(seconds=seconds),
            leased_until=None,
            began_at=None,
            uncertain_at=row.uncertain_at,
            last_error=sentence,
        )
        _wake_ladder(row, at)

    def _give_up(self, row: Outgoing, sentence: str, at: datetime) -> None:
        """A dead letter: it waits for a person."""
        Notice.objects.filter(PENDING, pk=row.pk).update(
            failed_at=at,
            leased_until=None,
            began_at=None,
            uncertain_at=row.uncertain_at,
            last_error=sentence,
        )
        _wake_ladder(row, at)

    def _tell(
        self,
        row: Outgoing,
        outcome: Outcome,
        error: str,
        took_ms: int,
        *,
        at: datetime | None = None,
        number: int | None = None,
    ) -> None:
        self.tries.append(
            new(
                NoticeAttempt,
                notice_id=row.pk,
                number=row.attempts if number is None else number,
                at=at or self.now(),
                outcome=outcome.value,
                error=error,
                took_ms=took_ms,
            )
        )


def _sealed(rows: list[Outgoing], address: str = "", secrets: tuple[str, ...] = ()) -> Letter:
    """`rows` after the first are further pages for the same person that travel with it."""
    first, subject, text = rows[0], rows[0].subject, rows[0].text
    if len(rows) > 1:
        subject = f"{len(rows)} pages together: {subject}"[:400]
        text = "\n\n".join(row.text for row in rows)
    return Letter(
        key=first.key,
        kind=first.kind,
        subject=subject,
        text=text,
        address=address or first.address,
        created_at=first.created_at,
        incident=first.incident_id,
        recipient=first.username,
        secrets=secrets,
        is_repeat=any(row.uncertain_at is not None for row in rows),
    )


def _mark_sent(rows: list[Outgoing], at: datetime) -> None:
    """Before anything else is handed over. One statement."""
    first = rows[0]
    words = _sent_words(connection.vendor, first.channel in KNOWS_REPEATS)
    ask(words, [at, first.pk, keys(row.pk for row in rows)])


@cache
def _sent_words(vendor: str, is_sure: bool) -> str:
    """If it came twice where repeats are known, it was known as one."""
    return f"""UPDATE escalations_notice
        SET sent_at = %s, leased_until = NULL, last_error = '', began_at = NULL,
            bundle_id = NULLIF(%s, id){", uncertain_at = NULL" if is_sure else ""}
        WHERE {among("id")} AND sent_at IS NULL AND cancelled_at IS NULL AND failed_at IS NULL
        RETURNING id"""  # noqa: S608 (no user's text)


def _tried(send: Callable[[Letter], None], letter: Letter) -> Exception | None:
    try:
        send(letter)
    except Exception as error:  # any failure of a channel is this row's, never its neighbours'
        return error
    return None


def _mailed(job: _Job) -> Exception | None:
    job.began = monotonic()
    if job.first.channel != Channel.EMAIL:
        return None  # a drill reaches nobody
    try:
        email.send(job.letter)
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        is_final = all(code >= 500 for code in codes)
        return Refused(_sentence(error)) if is_final else TryLater(_sentence(error))
    except SMTPDataError as error:
        return (Refused if error.smtp_code >= 500 else TryLater)(_sentence(error))
    except Exception as error:  # as above
        return error
    return None


def _sentence(error: Exception) -> str:
    if isinstance(error, Refused | TryLater | Unanswered):
        return str(error)[:300]
    return f"{type(error).__name__}: {error}"[:300]


def _wake_ladder(row: Outgoing, at: datetime) -> None:
    """It looks whether anybody of its level was reached, and goes on if nobody was."""
    if row.step_id is not None:
        waiting = LadderRun.objects.filter(steps=row.step_id, state=LadderState.ACTIVE)
        waiting.update(look_at=at)
