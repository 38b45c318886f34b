"""The job that intake asks for: judge everything that changed."""

from __future__ import annotations

from config.lib.clock import now
from escalations.services.thresholds import check_thresholds


def check() -> None:
    at = now()
    while check_thresholds(at):
        pass
