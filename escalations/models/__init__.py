from escalations.models.action_items import ActionItem
from escalations.models.clocks import Clock, ClockEvent, ClockMark
from escalations.models.drills import Drill
from escalations.models.heartbeats import Heartbeat
from escalations.models.incidents import Fact, Incident, Responder
from escalations.models.kpis import Kpi, KpiFlip, KpiState, Reading, Series, Threshold
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
from escalations.models.reviews import (
    ContributingFactor,
    PostIncidentReview,
    RecurrenceLink,
    ReviewAmendment,
    ReviewEntry,
    ReviewParticipant,
    ReviewSignOff,
)
from escalations.models.signals import Delivery, Signal
from escalations.models.timeline import TimelineEvent

__all__ = [
    "ActionItem",
    "Category",
    "Clock",
    "ClockEvent",
    "ClockMark",
    "ClockTarget",
    "ContributingFactor",
    "Delivery",
    "Drill",
    "Fact",
    "Floor",
    "FloorTest",
    "Heartbeat",
    "Incident",
    "Kpi",
    "KpiFlip",
    "KpiState",
    "Ladder",
    "LadderLevel",
    "LadderRun",
    "LadderStep",
    "LadderTarget",
    "Notice",
    "Policy",
    "PolicyVersion",
    "PostIncidentReview",
    "Reading",
    "RecurrenceLink",
    "Responder",
    "ReviewAmendment",
    "ReviewEntry",
    "ReviewParticipant",
    "ReviewSignOff",
    "RoutingRule",
    "ScoringFactor",
    "Series",
    "SeverityRule",
    "Signal",
    "Threshold",
    "TimelineEvent",
]
