from escalations.models.action_items import ActionItem
from escalations.models.annotations import KpiAnnotation
from escalations.models.approval_rules import ApprovalRule, ApprovalRuleVersion
from escalations.models.audits import Audit, AuditFinding
from escalations.models.automation import AutomationPause
from escalations.models.backtests import BackTest
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
from escalations.models.decisions import Decision
from escalations.models.drills import Drill
from escalations.models.evidence import Evidence, EvidenceContent, NoteWithdrawal
from escalations.models.exceptions import PolicyException
from escalations.models.facts import Fact
from escalations.models.handoffs import Handoff
from escalations.models.heartbeats import Heartbeat
from escalations.models.incidents import Incident, Responder
from escalations.models.kpis import Kpi, KpiFlip, KpiSource, KpiState, Reading, Series
from escalations.models.ladders import LadderRun, LadderStep
from escalations.models.letters import CustomerLetter, UpdateDraft
from escalations.models.links import IncidentLink, Merge
from escalations.models.maintenance import MaintenanceWindow
from escalations.models.milestones import Milestone, Workstream
from escalations.models.notices import Notice, NoticeAttempt
from escalations.models.playbooks import IncidentPlaybook, PlaybookTrigger
from escalations.models.policies import (
    Category,
    ClockTarget,
    Example,
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
from escalations.models.repairs import ClockRepair, RepairAnswer
from escalations.models.reviews import (
    ContributingFactor,
    PostIncidentReview,
    RecurrenceLink,
    ReviewAmendment,
    ReviewEntry,
    ReviewParticipant,
    ReviewSignOff,
)
from escalations.models.saved_views import SavedView, StartView
from escalations.models.seals import Seal, Verification
from escalations.models.signals import Delivery, Signal
from escalations.models.sorting import CategoryAnswer, SortingRule
from escalations.models.storms import Storm
from escalations.models.task_forces import TaskForce, TaskForceMember, TaskForceRule
from escalations.models.thresholds import Threshold
from escalations.models.timeline import TimelineEvent
from escalations.models.visits import Visit

__all__ = [
    "BackTest",
    "ActionItem",
    "AnsweredWarning",
    "Approval",
    "ApprovalRule",
    "ApprovalRuleVersion",
    "Audit",
    "AuditFinding",
    "AutomationPause",
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
    "CustomerLetter",
    "Decision",
    "Delivery",
    "Drill",
    "Evidence",
    "EvidenceContent",
    "Fact",
    "Example",
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
    "Milestone",
    "NoteWithdrawal",
    "Notice",
    "NoticeAttempt",
    "PlaybookTrigger",
    "Policy",
    "PolicyException",
    "PolicyVersion",
    "PostIncidentReview",
    "Reading",
    "RecurrenceLink",
    "RepairAnswer",
    "Responder",
    "ReviewAmendment",
    "ReviewEntry",
    "ReviewParticipant",
    "ReviewSignOff",
    "RoutingRule",
    "SavedView",
    "ScoringFactor",
    "Seal",
    "Series",
    "SeverityRule",
    "CategoryAnswer",
    "SortingRule",
    "Signal",
    "StartView",
    "Storm",
    "TaskForce",
    "TaskForceMember",
    "TaskForceRule",
    "Suggestion",
    "Threshold",
    "TimelineEvent",
    "UpdateDraft",
    "Verification",
    "Visit",
    "Workstream",
]
