"""A signed POST: the body is a CloudEvent 1.0, signed as Standard Webhooks says.

The key of the message is both `webhook-id` and `Idempotency-Key`, so that a repeat is known.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from django.conf import settings
from standardwebhooks import Webhook

from config.lib import outward
from escalations.channels.answers import judge
from escalations.channels.letters import Letter, Refused, TryLater, Unanswered

TYPE = "application/cloudevents+json; charset=utf-8"


def send(letter: Letter) -> None:
    """Raises Refused, TryLater or Unanswered."""
    body = content(letter)
    try:
        answer = outward.exchange(letter.address, body.encode(), headers(letter, body))
    except outward.Forbidden as error:
        raise Refused(str(error)) from error
    except outward.NotSent as error:
        raise TryLater(str(error)) from error
    except outward.NoAnswer as error:
        raise Unanswered(str(error)) from error
    judge(answer, outward.look_at(letter.address).host)


def content(letter: Letter) -> str:
    data: dict[str, object] = {
        "key": letter.key,
        "kind": letter.kind,
        "recipient": letter.recipient,
        "subject": letter.subject,
        "text": letter.text,
        "is_repeat": letter.is_repeat,
    }
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": letter.key,
        "source": settings.BASE_URL,
        "type": f"belay.{letter.kind}",
        "time": letter.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
        "data": data,
    }
    if letter.incident is not None:
        event["subject"] = f"incidents/{letter.incident}"
        data["incident"] = letter.incident
        data["url"] = f"{settings.BASE_URL}/incidents/{letter.incident}/"
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def headers(letter: Letter, body: str) -> dict[str, str]:
    """With one signature for each secret that is still good."""
    at = datetime.now(UTC)  # receivers compare it with their own clock
    signed = [Webhook(secret).sign(letter.key, at, body) for secret in letter.secrets]
    return {
        "Content-Type": TYPE,
        "User-Agent": "Belay",
        "Idempotency-Key": letter.key,
        "webhook-id": letter.key,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signed),
    }
