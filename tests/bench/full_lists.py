"""The tables behind the lists, filled by the database itself: each row is like one told before."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.db.models import Max, Model
from django_q.models import Success

from accounts.models import Account, User
from escalations.models import (
    Approval,
    AuditFinding,
    ChangeRequest,
    Clock,
    Delivery,
    Fact,
    Incident,
    Kpi,
    LadderRun,
    Notice,
    PostIncidentReview,
    Reading,
    Responder,
    Seal,
    Series,
    Signal,
    TimelineEvent,
)
from tests.bench import crowd
from tests.bench.full_desk import Desk, copy_like, plain_tables, run

PAST = Account.history.model
PER_INCIDENT = (TimelineEvent, Notice, Signal, Fact)
FILLED: tuple[type[Model], ...] = (
    Account,
    PAST,
    Incident,
    Clock,
    Responder,
    LadderRun,
    *PER_INCIDENT,
    Delivery,
    Reading,
    PostIncidentReview,
    ChangeRequest,
    Approval,
    AuditFinding,
    Seal,
    Success,
)


class Tables(Desk):
    """`grow(to)`: so many rows in each of FILLED."""

    rows = 0

    def begin(self) -> None:
        """One row each of what the told incident left out."""
        at, agent = self.at, User.objects.get(username="agent")
        self.series_pk = Series.objects.get_or_create(kpi=Kpi.objects.order_by("pk")[0])[0].pk
        Reading.objects.create(series_id=self.series_pk, at=at, value=1.0, received_at=at)
        due = at + timedelta(days=2)
        PostIncidentReview.objects.create(
            incident=self.one, opened_at=at, updated_at=at, schedule_due_at=due, hold_due_at=due
        )
        request = ChangeRequest.objects.create(
            title="Wake people later", reason="Nights", author=agent, asked_at=at, state="withdrawn",
            ended_at=at,
        )  # fmt: skip
        Approval.objects.create(request=request, person=agent, verdict="asked", round=1, at=at)
        AuditFinding.objects.create(
            code="parked", thing="clock 0", sentence="A timer failed", found_at=at, cleared_at=at
        )
        Delivery.objects.create(
            source="bench", key="0", body_sha256="0" * 64, received_at=at, status=201, answer={}
        )
        Seal.objects.create(
            chain="escalations_timelineevent", seq=1, prev_hash="0" * 64, digest="1" * 64,
            through_id=0, row_count=0, rows_total=0, columns=[], rows=b"", sealed_at=at,
        )  # fmt: skip
        Success.objects.create(
            id="0" * 32, name="bench", func="escalations.tasks.delivery.send_due", started=at,
            stopped=at, success=True,
        )  # fmt: skip

    def grow(self, to: int) -> None:
        more = to - self.rows
        self.fill(is_open=more // 4, closed=more - more // 4)
        crowd.without_checks()
        with plain_tables(*(set(FILLED) - {Incident, Clock, Responder, LadderRun})):
            self._accounts(more)
            for model in PER_INCIDENT:
                self._of_incidents(model, more)
            self._others(more)
        crowd.with_checks()
        run("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
        self.rows = to

    def _copies(self, model: type[Model], more: int, columns: dict[str, str]) -> None:
        key = model._meta.pk.name
        like = model._default_manager.order_by(key).values_list(key, flat=True)[0]
        last = model._default_manager.aggregate(last=Max(key))["last"]
        is_text = isinstance(last, str)
        keys = {} if is_text else {str(model._meta.pk.column): f"{last} + 1 + n"}
        copy_like(model, f"'{like}'" if is_text else like, keys | columns, self.series(more))

    def _accounts(self, more: int) -> None:
        turn = f"(n + {self.rows})"
        if self.rows:
            self._copies(
                Account,
                more,
                {
                    "external_id": f"'more-' || {turn}",
                    "name": f"'Company ' || {turn} || CASE WHEN n % 14287 = 9 THEN ' zanzibar' "
                    "ELSE '' END",
                    "importance": "n % 5",
                    "influence": "n % 4",
                    "is_at_risk": "n % 9 = 1",
                    "segment": self.of(("smb", "mid", "enterprise", "free"), "n"),
                },
            )
        account = Account.objects.get(external_id="northwind").pk
        self._copies(PAST, more, {"id": str(account), "history_date": self.moment("-n * 60")})

    def _of_incidents(self, model: type[Model], more: int) -> None:
        """One each, of incidents from the newest back."""
        newest = self.next - 1
        columns = {"incident_id": f"{newest} - n"}
        earlier = self.moment("-(n * 7 % 1209600) - 5")
        if model is TimelineEvent:
            columns |= {
                "at": earlier,
                "sentence": f"{self._words()} || ' was looked at'",
                "kind": self.of(("note", "assigned", "escalated", "paused"), "n"),
            }
        elif model is Notice:
            ended = "CASE WHEN n % 9 = 5 THEN NULL ELSE " + earlier + " END"
            columns |= {
                "key": f"'bench-' || (n + {self.rows})",
                "subject": self._words(),
                "created_at": earlier,
                "sent_at": ended,
                "kind": self.of(("page", "assigned", "warning", "breach"), "n"),
            }
        elif model is Signal:
            columns |= {
                "dedup_key": f"'bench-' || (n + {self.rows})",
                "title": self._words(),
                "source": self.of(("monitor", "crm", "status", "agent"), "n"),
                "ended_at": earlier,
            }
        else:
            columns |= {"received_at": earlier, "source": self.of(("monitor", "agent"), "n")}
        self._copies(model, more, columns)

    def _others(self, more: int) -> None:
        turn = f"(n + {self.rows})"
        earlier = self.moment(f"-({turn} + 1) * 60")
        self._copies(Reading, more, {"at": earlier, "value": "n % 97", "received_at": earlier})
        self._copies(Delivery, more, {"key": f"'bench-' || {turn}", "received_at": earlier})
        self._copies(
            PostIncidentReview,
            more,
            {
                "incident_id": f"{self.next - 1} - n",
                "opened_at": earlier,
                "summary": f"{self._words()}",
                "state": self.of(("draft", "in_review", "waived"), "n"),
                "waived_at": earlier,
                "waiver_reason": "'bench'",
            },
        )
        self._copies(ChangeRequest, more, {"title": self._words(), "asked_at": earlier})
        first = ChangeRequest.objects.order_by("-pk").values_list("pk", flat=True)[0]
        self._copies(Approval, more, {"request_id": f"{first} - n", "at": earlier})
        self._copies(
            AuditFinding,
            more,
            {"thing": f"'clock ' || {turn}", "found_at": earlier, "sentence": self._words()},
        )
        self._copies(Seal, more, {"seq": f"{turn} + 2", "sealed_at": earlier})
        self._copies(Success, more, {"id": f"'bench-' || {turn}", "started": earlier})

    def _words(self) -> str:
        return self._title()
