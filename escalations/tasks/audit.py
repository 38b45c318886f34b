"""The audit: every half minute by the clock process, every minute by the scheduler. The dead man's
address is asked for only when nothing is wrong: silence there means that somebody should look."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request

from django.conf import settings

from config.lib.clock import now
from escalations.services.audit import audit

log = logging.getLogger("belay.audit")
TIMEOUT_S = 5


def look() -> str:
    done = audit(now())
    if done is None:
        return "looked just now"
    if done.open_findings == 0:
        ping()
    return f"{done.open_findings} open findings"


def ping() -> bool:
    """Tell the dead man's address that all is well; a failure there is only logged."""
    if not settings.DEADMAN_URL:
        return False
    try:
        with urllib.request.urlopen(settings.DEADMAN_URL, timeout=TIMEOUT_S) as answer:
            return answer.status < 300
    except (urllib.error.URLError, OSError, ValueError) as error:
        log.warning("the dead man's address did not answer: %s", type(error).__name__)
        return False
