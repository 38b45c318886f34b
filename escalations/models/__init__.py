from escalations.models.action_items import ActionItem
from escalations.models.annotations import KpiAnnotation
from escalations.models.audits import Audit, AuditFinding
from escalations.models.baselines import LearnedDay
from escalations.models.changes import (
    AnsweredWarning,
    Approval,
    Change,
    ChangeReader,
    ChangeRequest,
    Suggestion,
)
from escalations.models.clocks import Clock, ClockEvent, ClockMark
from escalations.models.drills import Drill
from escalations.models.handoffs import Handoff
from escalations.models.heartbeats import Heartbeat
from escalations.models.incidents import Fact, Incident, Responder
from escalations.models.kpis import Kpi, KpiFlip, KpiSource, KpiState, Reading, Series
from escalations.models.ladders import LadderRun, LadderStep
from escalations.models.links import IncidentLink, Merge
from escalations.models.maintenance import MaintenanceWindow
from escalations.models.notices import Notice, NoticeAttempt
from escalations.models.playbooks import IncidentPlaybook, PlaybookTrigger
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
from escalations.models.repairs import ClockRepair
from escalations.models.reviews import (
    ContributingFactor,
    PostIncidentReview,
    RecurrenceLink,
    ReviewAmendment,
    ReviewEntry,
    ReviewParticipant,
    ReviewSignOff,
)
from escalations.models.seals import Seal, Verification
from escalations.models.signals import Delivery, Signal
from escalations.models.storms import Storm
from escalations.models.thresholds import Threshold
from escalations.models.timeline import TimelineEvent

__all__ = [
    "ActionItem",
    "AnsweredWarning",
    "Approval",
    "Audit",
    "AuditFinding",
    "Category",
    "Change",
    "ChangeReader",
    "ChangeRequest",
    "Clock",
    "ClockEvent",
    "ClockMark",
    "ClockRepair",
    "ClockTarget",
    "ContributingFactor",
    "Delivery",
    "Drill",
    "Fact",
    "Floor",
    "FloorTest",
    "Handoff",
    "Heartbeat",
    "Incident",
    "IncidentLink",
    "IncidentPlaybook",
    "Kpi",
    "KpiAnnotation",
    "KpiFlip",
    "KpiSource",
    "KpiState",
    "Ladder",
    "LadderLevel",
    "LadderRun",
    "LadderStep",
    "LadderTarget",
    "LearnedDay",
    "MaintenanceWindow",
    "Merge",
    "Notice",
    "NoticeAttempt",
    "PlaybookTrigger",
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
    "Seal",
    "Series",
    "SeverityRule",
    "Signal",
    "Storm",
    "Suggestion",
    "Threshold",
    "TimelineEvent",
    "Verification",
]
