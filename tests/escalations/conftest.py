"""A KPI with the worked bands of SEMANTICS 5.1, and short ways to send it readings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from escalations.models import Kpi, KpiFlip, KpiState
from escalations.services.readings import take_in
from escalations.services.reference import ensure_policy
from escalations.services.thresholds import check_thresholds
from tests.factories.limits import limits_since

START = datetime(2026, 3, 2, tzinfo=UTC)
NOW = START + timedelta(days=3)
WORKED_VALUES = [3.1, 2.9, 2.7, 2.4, 2.6, 2.4, 2.3, 2.55, 2.65, 2.7, 2.62, 2.9, 2.95, 3.0, 3.1]


class Sender:
    """Sends readings of one KPI, numbered by their hour after START."""

    def __init__(self, kpi):
        self.kpi = kpi

    def at(self, hour):
        return START + timedelta(hours=hour)

    def row(self, hour, value, **more):
        return {"kpi": self.kpi.code, "at": self.at(hour).isoformat(), "value": value, **more}

    def send(self, *rows, at=NOW):
        return [str(status) for status in take_in(list(rows), by=None, at=at)]

    def send_values(self, values, at=NOW, **more):
        return self.send(*(self.row(i, v, **more) for i, v in enumerate(values)), at=at)

    def check(self, at=NOW):
        return check_thresholds(at)

    def state(self, segment=""):
        return KpiState.objects.get(kpi=self.kpi, segment=segment)

    def flips(self, segment=""):
        rows = KpiFlip.objects.filter(kpi=self.kpi, segment=segment, superseded_at=None)
        return [
            ((f.at - START) / timedelta(hours=1), f.from_state, f.to_state)
            for f in rows.order_by("at", "id")
        ]


def make_kpi(code, **limits):
    ensure_policy(START)  # whatever flips opens an incident by it
    kpi = Kpi.objects.create(code=code, name=code.title(), unit="%")
    values = {
        "direction": "higher",
        "target_lo": 3.0,
        "target_hi": 3.6,
        "warn_lo": 2.8,
        "breach_lo": 2.5,
        "clear_warn_lo": 2.9,
        "clear_breach_lo": 2.6,
        "n": 3,
        "m": 5,
        "c": 3,
    }
    limits_since(kpi, datetime(2020, 1, 1, tzinfo=UTC), **values | limits)
    return kpi


@pytest.fixture
def sender(db):
    return Sender(make_kpi("conversion"))
