"""When a message that was not taken is tried again.

The waits grow over hours. Each is drawn between a half and the whole of its step, by the message's
key: the same message waits the same time wherever it is worked out, and a thousand messages that
failed together do not come back together.
"""

from __future__ import annotations

import hashlib

STEPS_S = (5, 30, 120, 600, 1800, 3600, 7200, 14_400)
PAGE_STEPS_S = (5, 15, 30, 120, 600, 1800, 3600)  # within 20 s the ladder hears of it
MOST_ASKED_S = 3600  # so long the other side may ask us to wait
MOST_ASKED_OF_PAGE_S = 120


def wait_s(key: str, tries: int, *, is_page: bool, asked_s: int | None = None) -> float | None:
    """Seconds until the next try after `tries` of them failed; None when it was the last.

    `asked_s` is what the other side asked for (Retry-After): kept within bounds, never shortening.
    """
    steps = PAGE_STEPS_S if is_page else STEPS_S
    if tries > len(steps):
        return None
    step = steps[max(tries, 1) - 1]
    wait = step * (0.5 + _share(key, tries) / 2)
    if asked_s is not None:
        wait = max(wait, min(asked_s, MOST_ASKED_OF_PAGE_S if is_page else MOST_ASKED_S))
    return wait


def _share(key: str, tries: int) -> float:
    """From 0 up to 1, the same for the same words."""
    drawn = hashlib.sha256(f"{tries}:{key}".encode()).digest()
    return int.from_bytes(drawn[:8]) / 2**64
