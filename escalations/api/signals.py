"""/api/v1/signals/: one signal in, the number of its incident out; and the episodes so far."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from config.lib.errors import NotAllowed
from escalations.api.bodies import SignalIn, SignalOut
from escalations.api.operations import SignalRows
from escalations.services.deliveries import once
from escalations.services.messages import message_of
from escalations.services.signals import receive_signal


class SignalList(SignalRows):
    @extend_schema(
        request=SignalIn,
        responses={200: SignalOut, 201: SignalOut},
        summary="Send a signal",
        description="Opens an incident (201) or joins, reopens or resolves one (200). A repeat "
        "with the same Idempotency-Key gets the first answer again.",
    )
    def post(self, request: Request) -> Response:
        if not self.person.has_perm("escalations.send_signals"):
            raise NotAllowed("missing_right", "Sending signals needs the right send_signals.")
        body = SignalIn(data=self.document())
        body.is_valid(raise_exception=True)
        given = body.validated_data

        def take() -> tuple[int, dict[str, object]]:
            received = receive_signal(message_of(given, at=self.at), by=self.person, at=self.at)
            number = received.incident.number if received.incident else None
            answer: dict[str, object] = {
                "incident": number,
                "outcome": received.outcome,
                "url": f"/incidents/{number}/" if number else None,
            }
            return (201 if received.outcome == "opened" else 200), answer

        status, answer = once(
            source=given["source"],
            key=request.headers.get("Idempotency-Key", ""),
            body=self.document(),
            carries_time="received_at" in given,
            by=self.person,
            at=self.at,
            take=take,
        )
        return Response(answer, status=status)
