"""Everything under /api/v1/ of this app."""

from django.urls import path

from escalations.api.account_value import AccountValueDetail, AccountValueList
from escalations.api.approvals_needed import ApprovalsNeededView
from escalations.api.automation import EndAutomationPause, PauseDetail, PauseList
from escalations.api.board import BoardLetterView
from escalations.api.breaches import BreachDetail, BreachList, ConfirmCause
from escalations.api.changes import (
    ApproveRequest,
    RequestDetail,
    RequestList,
    RollBackVersion,
    SendBackRequest,
    WithdrawRequest,
)
from escalations.api.clock_preview import ClockPreview
from escalations.api.exceptions import (
    ApproveException,
    EndException,
    ExceptionDetail,
    ExceptionList,
    RefuseException,
    RenewException,
)
from escalations.api.handoffs import HandoffList, LinkList
from escalations.api.incidents import (
    IncidentDetail,
    IncidentExplain,
    IncidentList,
    IncidentTimeline,
    as_verb,
)
from escalations.api.kpis import KpisView, KpiView
from escalations.api.ladders import LadderPreview, StormList
from escalations.api.letters import LetterDetail, LetterList
from escalations.api.maintenance import EndWindow, WindowDetail, WindowList
from escalations.api.notices import NoticeAgain, NoticeDetail, NoticeList
from escalations.api.operations import (
    ClockDetail,
    ClockList,
    LadderDetail,
    LadderList,
)
from escalations.api.playbook_runs import RUN_VIEWS, STEP_VIEWS, RunsView, RunView
from escalations.api.playbooks import (
    IncidentPlaybooks,
    PlaybooksView,
    PlaybookTriggers,
    PlaybookView,
)
from escalations.api.policies import (
    PolicyDetail,
    PolicyList,
    PolicyVersionDetail,
    PolicyVersionList,
)
from escalations.api.policy_preview import PolicyPreview
from escalations.api.readings import ReadingsView
from escalations.api.repairs import ApplyRepair, DropRepair, RepairDetail, RepairList
from escalations.api.replies import ReplyList
from escalations.api.reviews import (
    ActionItemDetail,
    ActionItemList,
    EntryList,
    FactorDetail,
    FactorList,
    ReviewActions,
    ReviewDetail,
    ReviewList,
    as_action_verb,
    as_review_verb,
)
from escalations.api.room import (
    ApproveDecision,
    DecisionList,
    DeclineDecision,
    DropMilestone,
    EvidenceList,
    FinishMilestone,
    MilestoneList,
    MoveMilestone,
    NoteList,
    WithdrawDecision,
    WithdrawEvidence,
)
from escalations.api.roster_drafts import RosterDrafts
from escalations.api.saved_views import SavedViewDetail, SavedViewList
from escalations.api.signals import SignalBatch, SignalList
from escalations.api.suggestions import AnswerSuggestion, SuggestionList
from escalations.api.task_forces import (
    ChangeTaskForce,
    EndTaskForce,
    FormTaskForce,
    TaskForceDetail,
    TaskForceList,
)
from escalations.api.thresholds import ThresholdsView
from escalations.api.workstreams import (
    EndWorkstream,
    IncidentWorkstreams,
    WorkstreamDetail,
    WorkstreamList,
)
from escalations.rules.action_items import ActionVerb
from escalations.rules.lifecycle import Verb
from escalations.rules.review_fields import REVIEW_VERB_FIELDS

urlpatterns = [
    path("roster-drafts/", RosterDrafts.as_view(), name="roster_drafts"),
    path("account-value/", AccountValueList.as_view(), name="account_value"),
    path("account-value/<int:number>/", AccountValueDetail.as_view(), name="account_value_one"),
    path("readings/", ReadingsView.as_view(), name="readings"),
    path("kpis/", KpisView.as_view(), name="kpis"),
    path("kpis/<slug:code>/", KpiView.as_view(), name="kpi"),
    path("kpis/<slug:code>/thresholds/", ThresholdsView.as_view(), name="kpi_thresholds"),
    path("saved-views/", SavedViewList.as_view(), name="saved_views"),
    path("saved-views/<int:id>/", SavedViewDetail.as_view(), name="saved_view"),
    path("signals/", SignalList.as_view(), name="signals"),
    path("signals/batch/", SignalBatch.as_view(), name="signal_batch"),
    path("maintenance-windows/", WindowList.as_view(), name="maintenance_windows"),
    path("maintenance-windows/<int:id>/", WindowDetail.as_view(), name="maintenance_window"),
    path("maintenance-windows/<int:id>/end/", EndWindow.as_view(), name="end_maintenance_window"),
    path("exceptions/", ExceptionList.as_view(), name="exceptions"),
    path("exceptions/<int:id>/", ExceptionDetail.as_view(), name="exception"),
    path("exceptions/<int:id>/approve/", ApproveException.as_view(), name="approve_exception"),
    path("exceptions/<int:id>/refuse/", RefuseException.as_view(), name="refuse_exception"),
    path("exceptions/<int:id>/end/", EndException.as_view(), name="end_exception"),
    path("exceptions/<int:id>/renew/", RenewException.as_view(), name="renew_exception"),
    path("automation-pauses/", PauseList.as_view(), name="automation_pauses"),
    path("automation-pauses/<int:id>/", PauseDetail.as_view(), name="automation_pause"),
    path("automation-pauses/<int:id>/end/", EndAutomationPause.as_view(), name="end_pause"),
    path("breaches/", BreachList.as_view(), name="breaches"),
    path("breaches/<int:id>/", BreachDetail.as_view(), name="breach"),
    path("breaches/<int:id>/confirm-cause/", ConfirmCause.as_view(), name="confirm_cause"),
    path("clocks/", ClockList.as_view(), name="clocks"),
    path("clocks/preview/", ClockPreview.as_view(), name="clock_preview"),
    path("clocks/<int:id>/", ClockDetail.as_view(), name="clock"),
    path("clock-repairs/", RepairList.as_view(), name="clock_repairs"),
    path("clock-repairs/<int:id>/", RepairDetail.as_view(), name="clock_repair"),
    path("clock-repairs/<int:id>/apply/", ApplyRepair.as_view(), name="apply_repair"),
    path("clock-repairs/<int:id>/drop/", DropRepair.as_view(), name="drop_repair"),
    path("ladder-runs/", LadderList.as_view(), name="ladder_runs"),
    path("ladder-runs/<int:id>/", LadderDetail.as_view(), name="ladder_run"),
    path("ladders/preview/", LadderPreview.as_view(), name="ladder_preview"),
    path("storms/", StormList.as_view(), name="storms"),
    path("letters/", LetterList.as_view(), name="letters"),
    path("letters/<int:id>/", LetterDetail.as_view(), name="letter"),
    path("notices/", NoticeList.as_view(), name="notices"),
    path("notices/<int:id>/send-again/", NoticeAgain.as_view(), name="notice_again"),
    path("notices/<int:id>/", NoticeDetail.as_view(), name="notice"),
    path("policies/", PolicyList.as_view(), name="policies"),
    path("policies/<slug:code>/", PolicyDetail.as_view(), name="policy"),
    path("policies/<slug:code>/versions/", PolicyVersionList.as_view(), name="policy_versions"),
    path(
        "policies/<slug:code>/versions/<int:number>/",
        PolicyVersionDetail.as_view(),
        name="policy_version",
    ),
    path(
        "policies/<slug:code>/versions/<int:number>/preview/",
        PolicyPreview.as_view(),
        name="policy_preview",
    ),
    path("approvals-needed/", ApprovalsNeededView.as_view(), name="approvals_needed"),
    path("change-requests/", RequestList.as_view(), name="change_requests"),
    path("change-requests/roll-back/", RollBackVersion.as_view(), name="roll_back"),
    path("change-requests/<int:id>/", RequestDetail.as_view(), name="change_request"),
    path("change-requests/<int:id>/approve/", ApproveRequest.as_view(), name="approve_request"),
    path("change-requests/<int:id>/send-back/", SendBackRequest.as_view(), name="send_back"),
    path("change-requests/<int:id>/withdraw/", WithdrawRequest.as_view(), name="withdraw_request"),
    path("suggestions/", SuggestionList.as_view(), name="suggestions"),
    path("suggestions/<int:id>/answer/", AnswerSuggestion.as_view(), name="answer_suggestion"),
    path("incidents/", IncidentList.as_view(), name="incidents"),
    path("incidents/<int:number>/", IncidentDetail.as_view(), name="incident"),
    path("incidents/<int:number>/explain/", IncidentExplain.as_view(), name="incident_explain"),
    path("incidents/<int:number>/timeline/", IncidentTimeline.as_view(), name="incident_timeline"),
    *(
        path(f"incidents/<int:number>/{verb.value}/", as_verb(verb), name=f"incident_{verb.value}")
        for verb in Verb
    ),
    path("incidents/<int:number>/handoffs/", HandoffList.as_view(), name="incident_handoffs"),
    path("incidents/<int:number>/replies/", ReplyList.as_view(), name="incident_replies"),
    path("incidents/<int:number>/links/", LinkList.as_view(), name="incident_links"),
    path(
        "incidents/<int:number>/playbooks/", IncidentPlaybooks.as_view(), name="incident_playbooks"
    ),
    path("incidents/<int:number>/notes/", NoteList.as_view(), name="incident_notes"),
    path("incidents/<int:number>/decisions/", DecisionList.as_view(), name="incident_decisions"),
    path("incidents/<int:number>/milestones/", MilestoneList.as_view(), name="incident_milestones"),
    path(
        "incidents/<int:number>/workstreams/",
        IncidentWorkstreams.as_view(),
        name="incident_workstreams",
    ),
    path("workstreams/", WorkstreamList.as_view(), name="workstreams"),
    path("workstreams/<int:id>/", WorkstreamDetail.as_view(), name="workstream"),
    path("workstreams/<int:id>/end/", EndWorkstream.as_view(), name="end_workstream"),
    path("task-forces/", TaskForceList.as_view(), name="task_forces"),
    path("task-forces/<int:number>/", TaskForceDetail.as_view(), name="task_force"),
    path("task-forces/<int:number>/form/", FormTaskForce.as_view(), name="form_task_force"),
    path("task-forces/<int:number>/change/", ChangeTaskForce.as_view(), name="change_task_force"),
    path("task-forces/<int:number>/end/", EndTaskForce.as_view(), name="end_task_force"),
    path("evidence/", EvidenceList.as_view(), name="evidence"),
    path("evidence/<int:id>/withdraw/", WithdrawEvidence.as_view(), name="withdraw_evidence"),
    path("decisions/<int:id>/approve/", ApproveDecision.as_view(), name="approve_decision"),
    path("decisions/<int:id>/decline/", DeclineDecision.as_view(), name="decline_decision"),
    path("decisions/<int:id>/withdraw/", WithdrawDecision.as_view(), name="withdraw_decision"),
    path("milestones/<int:id>/done/", FinishMilestone.as_view(), name="finish_milestone"),
    path("milestones/<int:id>/move/", MoveMilestone.as_view(), name="move_milestone"),
    path("milestones/<int:id>/drop/", DropMilestone.as_view(), name="drop_milestone"),
    path("playbooks/", PlaybooksView.as_view(), name="playbooks"),
    path("playbooks/<slug:code>/", PlaybookView.as_view(), name="playbook"),
    path("playbooks/<slug:code>/triggers/", PlaybookTriggers.as_view(), name="playbook_triggers"),
    path("playbook-runs/", RunsView.as_view(), name="playbook_runs"),
    path("playbook-runs/<int:pk>/", RunView.as_view(), name="playbook_run"),
    *(
        path(f"playbook-runs/<int:pk>/{word}/", view, name=f"playbook_run_{word}")
        for word, view in RUN_VIEWS.items()
    ),
    *(
        path(
            f"playbook-runs/<int:pk>/steps/<int:position>/{word}/",
            view,
            name=f"playbook_step_{word}",
        )
        for word, view in STEP_VIEWS.items()
    ),
    path("board/<str:month>/", BoardLetterView.as_view(), name="board_letter"),
    path("reviews/", ReviewList.as_view(), name="reviews"),
    path("reviews/<int:number>/", ReviewDetail.as_view(), name="review"),
    path("reviews/<int:number>/factors/", FactorList.as_view(), name="review_factors"),
    path(
        "reviews/<int:number>/factors/<int:position>/",
        FactorDetail.as_view(),
        name="review_factor",
    ),
    path("reviews/<int:number>/entries/", EntryList.as_view(), name="review_entries"),
    path("reviews/<int:number>/actions/", ReviewActions.as_view(), name="review_actions"),
    *(
        path(
            f"reviews/<int:number>/{verb.value}/",
            as_review_verb(verb),
            name=f"review_{verb.value}",
        )
        for verb in REVIEW_VERB_FIELDS
    ),
    path("action-items/", ActionItemList.as_view(), name="action_items"),
    path("action-items/<int:pk>/", ActionItemDetail.as_view(), name="action_item"),
    *(
        path(
            f"action-items/<int:pk>/{verb.value}/",
            as_action_verb(verb),
            name=f"action_{verb.value}",
        )
        for verb in ActionVerb
    ),
]
