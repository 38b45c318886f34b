from escalations.models.baselines import LearnedDay
from escalations.models.clocks import Clock, ClockEvent, ClockMark
from escalations.models.drills import Drill
from escalations.models.heartbeats import Heartbeat
from escalations.models.incidents import Fact, Incident, Responder
from escalations.models.kpis import Kpi, KpiFlip, KpiSource, KpiState, Reading, Series
from escalations.models.ladders import LadderRun, LadderStep
from escalations.models.notices import Notice
from escalations.models.policies import (
    Category,
    ClockTarget,
    Floor,
    FloorTest,
    Ladder,
    LadderLevel,
    LadderTarget,
    Policy,
    PolicyVersion,
    RoutingRule,
    ScoringFactor,
    SeverityRule,
)
from escalations.models.signals import Delivery, Signal
from escalations.models.thresholds import Threshold
from escalations.models.timeline import TimelineEvent

__all__ = [
    "Category",
    "Clock",
    "ClockEvent",
    "ClockMark",
    "ClockTarget",
    "Delivery",
    "Drill",
    "Fact",
    "Floor",
    "FloorTest",
    "Heartbeat",
    "Incident",
    "Kpi",
    "KpiFlip",
    "KpiSource",
    "KpiState",
    "Ladder",
    "LadderLevel",
    "LadderRun",
    "LadderStep",
    "LadderTarget",
    "LearnedDay",
    "Notice",
    "Policy",
    "PolicyVersion",
    "Reading",
    "Responder",
    "RoutingRule",
    "ScoringFactor",
    "Series",
    "SeverityRule",
    "Signal",
    "Threshold",
    "TimelineEvent",
]
