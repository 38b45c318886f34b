"""What an HTTP answer means for the message that was sent."""

from __future__ import annotations

from config.lib.outward import Answer
from escalations.channels.letters import Refused, TryLater

AGAIN = frozenset({408, 425, 429})


def judge(answer: Answer, host: str) -> None:
    """Nothing for a 2xx. Raises Refused for a redirect or a 4xx but 408, 425, 429; TryLater for
    those and for everything else."""
    status = answer.status
    if 200 <= status < 300:
        return
    if 300 <= status < 400:
        raise Refused(f"{host} answered with a redirect ({status}); none is followed.")
    if 400 <= status < 500 and status not in AGAIN:
        raise Refused(f"{host} refused it ({status}).")
    raise TryLater(f"{host} could not take it ({status}).", answer.retry_after_s)
