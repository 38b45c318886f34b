"""/api/v1/signals/: a signal in, or many, the numbers of their incidents out; and the episodes."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import DomainError
from config.lib.problems import problem, to_problem
from escalations.api.bodies import BatchOut, SignalIn, SignalOut
from escalations.api.intake import IntakeView, MaySendSignals
from escalations.api.operations import SignalRows
from escalations.services.deliveries import once
from escalations.services.messages import accounts_named, message_of
from escalations.services.signal_batches import Sent, receive_batch
from escalations.services.signals import Received, receive_signal

MOST_SIGNALS = 1000
log = logging.getLogger("belay.intake")


@cache
def _body() -> SignalIn:
    """One for all requests: it holds no request's values, and making it costs more than using."""
    return SignalIn()


def _checked(body: Any) -> dict[str, Any]:
    return _body().run_validation(body)


def _answer(received: Received) -> tuple[int, dict[str, object]]:
    number = received.incident.number if received.incident else None
    answer: dict[str, object] = {
        "incident": number,
        "outcome": received.outcome,
        "url": f"/incidents/{number}/" if number else None,
    }
    return (201 if received.outcome == "opened" else 200), answer


class SignalList(IntakeView, SignalRows):
    def get_permissions(self) -> Sequence[Any]:
        return [MaySendSignals()] if self.request.method == "POST" else super().get_permissions()

    @extend_schema(
        request=SignalIn,
        responses={200: SignalOut, 201: SignalOut},
        summary="Send a signal",
        description="Opens an incident (201) or joins, reopens or resolves one (200). A repeat "
        "with the same Idempotency-Key gets the first answer again. 503 `busy` and 429 `too_fast` "
        "take nothing in and say in `Retry-After` when to send it again.",
    )
    def post(self, request: Request) -> Response:
        self.pay()
        document = self.document()
        given = _checked(document)
        status, answer = once(
            source=given["source"],
            key=request.headers.get("Idempotency-Key", ""),
            body=document,
            carries_time="received_at" in given,
            by=self.person,
            at=self.at,
            take=lambda: _answer(
                receive_signal(message_of(given, at=self.at), by=self.person, at=self.at)
            ),
        )
        return Response(answer, status=status)


class SignalBatch(IntakeView):
    permission_classes = [MaySendSignals]

    @extend_schema(
        operation_id="signals_send_batch",
        request=SignalIn(many=True),
        responses=BatchOut,
        summary="Send a list of up to 1,000 signals",
        description="Each is taken in as if it had come alone, and `results` says in the order "
        "sent what became of it: its own `status`, with `incident`, `outcome` and `url`, or with "
        "`code`, `detail` and `errors`. Wrong ones hold up nobody. An Idempotency-Key makes the "
        "whole list repeatable: those taken in before get their first answer again.",
    )
    def post(self, request: Request) -> Response:
        rows = request.data
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_SIGNALS:
            raise DomainError("bad_row_count", f"Send a list of 1 to {MOST_SIGNALS:,} signals.")
        self.pay(len(rows))
        results: dict[int, dict[str, Any]] = {}
        answers = receive_batch(
            self._sent(rows, results), by=self.person, at=self.at, answer_of=_answer
        )
        for row, answer in answers.items():
            if isinstance(answer, Exception):
                results[row] = _refusal(answer)
            else:
                results[row] = {"status": answer[0], **answer[1]}
        return Response(
            {
                "results": [{"row": row, **results[row]} for row in range(len(rows))],
                "taken": sum(each["status"] < 400 for each in results.values()),
                "refused": sum(each["status"] >= 400 for each in results.values()),
            }
        )

    def _sent(self, rows: list[Any], results: dict[int, dict[str, Any]]) -> list[Sent]:
        """The rows that can be taken in; what is wrong with the others stands in `results`."""
        key = self.request.headers.get("Idempotency-Key", "")
        given: dict[int, dict[str, Any]] = {}
        for row, body in enumerate(rows):
            try:
                given[row] = _checked(body)
            except Exception as error:
                results[row] = _refusal(error)
        accounts = accounts_named(given.values())
        sent = []
        for row, fields in given.items():
            try:
                message = message_of(fields, at=self.at, accounts=accounts)
            except DomainError as error:
                results[row] = _refusal(error)
                continue
            own_key = f"{key}/{row}" if key else ""
            sent.append(Sent(row, message, rows[row], own_key, "received_at" in fields))
        return sent


def _refusal(error: Exception) -> dict[str, Any]:
    """The problem of one row, as a single message would have been answered."""
    answer: HttpResponse | None = to_problem(error)
    if answer is None:
        log.error("A signal of a batch could not be taken in.", exc_info=error)
        answer = problem(500)
    said = json.loads(answer.content)
    return {name: said[name] for name in ("status", "code", "detail", "errors")}
