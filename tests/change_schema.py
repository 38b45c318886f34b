"""A row for each constraint of requests, words and suggestions, breaking it and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.models import (
    Roster,
    RosterPlan,
    ServiceHours,
    ServiceHoursVersion,
    ValueRubric,
    ValueRubricVersion,
)
from escalations import models as m
from playbooks.models import PlaybookVersion
from tests.playbook_schema import copy_of


def request(w: dict[str, Any], **changes: Any) -> m.ChangeRequest:
    values = {
        "title": "t",
        "reason": "r",
        "author": w["company"]["governor"],
        "asked_at": w["at"],
        "created_at": w["at"],
        "updated_at": w["at"],
    }
    return m.ChangeRequest(**{**values, **changes})


def stored(w: dict[str, Any]) -> m.ChangeRequest:
    found = request(w)
    found.save()
    return found


def word(w: dict[str, Any], **changes: Any) -> m.Approval:
    """The first word of a round: somebody asks."""
    values = {
        "request": stored(w),
        "round": 1,
        "person": w["company"]["governor"],
        "verdict": "asked",
        "at": w["at"],
    }
    return m.Approval(**{**values, **changes})


def second(w: dict[str, Any], **changes: Any) -> m.Approval:
    """After the asking of the governor, a copy of it with changes."""
    first = word(w)
    first.save()
    return copy_of(first, **changes)


def change(w: dict[str, Any], **changes: Any) -> m.Change:
    version = m.PolicyVersion.objects.get(state="in_force")
    return m.Change(**{"request": stored(w), "policy_version": version, **changes})


def twice(row: Any) -> Any:
    row.save()
    return copy_of(row)


def warning(w: dict[str, Any]) -> m.AnsweredWarning:
    return m.AnsweredWarning(request=stored(w), round=1, key="k", code="c", where="w", sentence="s")


def reader(w: dict[str, Any], **changes: Any) -> m.ChangeReader:
    values = {"request": stored(w), "person": w["company"]["duty"], "told_at": w["at"]}
    return m.ChangeReader(**{**values, **changes})


def suggestion(w: dict[str, Any], **changes: Any) -> m.Suggestion:
    values = {
        "policy": m.Policy.objects.get(is_default=True),
        "text": "t",
        "suggested_at": w["at"],
        "suggested_by": w["company"]["agent"],
    }
    return m.Suggestion(**{**values, **changes})


def limits(**changes: Any) -> m.Threshold:
    """A copy of what is in force, as another version."""
    return copy_of(m.Threshold.objects.filter(state="in_force").first(), number=9, **changes)


def hours(**changes: Any) -> ServiceHoursVersion:
    """A copy of what is in force, as another version."""
    return copy_of(
        ServiceHoursVersion.objects.filter(state="in_force").first(), number=9, **changes
    )


def value(**changes: Any) -> ValueRubricVersion:
    """A copy of what is in force, as a draft."""
    found = ValueRubricVersion.objects.get(state="in_force")
    return copy_of(found, **{"number": 9, "state": "draft", **changes})


def plan(w: dict[str, Any], **changes: Any) -> RosterPlan:
    roster, stamps = Roster.objects.first(), {"created_at": w["at"], "updated_at": w["at"]}
    return RosterPlan(**{"roster": roster, "number": 1, **stamps, **changes})


def plan_in_force(w: dict[str, Any], **changes: Any) -> RosterPlan:
    roster = Roster.objects.filter(versions__isnull=False).first()
    written = roster.versions.first()
    said = {"roster": roster, "state": "in_force", "effective_from": w["at"], "sha256": "0"}
    return plan(w, **{**said, "written": written, **changes})


def stored_plan(w: dict[str, Any]) -> RosterPlan:
    found = plan_in_force(w)
    found.save()
    return found


def other_version(w: dict[str, Any]) -> Any:
    found = RosterPlan.objects.get().written
    later = copy_of(found, number=9, effective_from=found.effective_from + timedelta(days=900))
    later.save()
    return later


def number_of(w: dict[str, Any], **changes: Any) -> m.ApprovalRuleVersion:
    rule = m.ApprovalRule.objects.get_or_create(code="limits", scope="limits")[0]
    stamps = {"created_at": w["at"], "updated_at": w["at"]}
    return m.ApprovalRuleVersion(**{"rule": rule, "number": 1, "needed": 1, **stamps, **changes})


def stored_number(w: dict[str, Any], **changes: Any) -> m.ApprovalRuleVersion:
    found = number_of(w, **changes)
    found.save()
    return found


CHANGE_BREAKERS = {
    "change_request_state": lambda w: request(w, state="odd"),
    "change_request_reason": lambda w: request(w, reason=""),
    "change_request_needed": lambda w: request(w, needed=0),
    "change_request_round": lambda w: request(w, round=0),
    "change_request_emergency_now": lambda w: request(w, is_emergency=True, effective_from=w["at"]),
    "change_request_effective": lambda w: request(w, state="in_force"),
    "change_request_timer": lambda w: request(w, settle_at=w["at"]),
    "change_request_ended": lambda w: request(w, ended_at=w["at"]),
    "change_of_one_version": lambda w: change(w, policy_version=None),
    "change_once": lambda w: twice(change(w)),
    "change_once_threshold": lambda w: twice(
        change(w, policy_version=None, threshold=m.Threshold.objects.first())
    ),
    "change_once_playbook_version": lambda w: twice(
        change(w, policy_version=None, playbook_version=PlaybookVersion.objects.first())
    ),
    "change_once_approval_rule_version": lambda w: twice(
        change(w, policy_version=None, approval_rule_version=stored_number(w))
    ),
    "change_once_hours_version": lambda w: twice(
        change(w, policy_version=None, hours_version=ServiceHoursVersion.objects.first())
    ),
    "change_once_value_version": lambda w: twice(
        change(w, policy_version=None, value_version=ValueRubricVersion.objects.first())
    ),
    "change_once_roster_plan": lambda w: twice(
        change(w, policy_version=None, roster_plan=stored_plan(w))
    ),
    "roster_plan_number": lambda w: twice(plan(w)),
    "roster_plan_state": lambda w: plan(w, state="odd"),
    "roster_plan_one_in_force": lambda w: copy_of(
        stored_plan(w), number=2, written_id=other_version(w).pk
    ),
    "roster_plan_in_force_is_sealed": lambda w: plan_in_force(w, sha256=""),
    "roster_plan_approved_is_hashed": lambda w: plan(w, state="approved"),
    "roster_plan_written": lambda w: plan_in_force(w, written=None),
    "value_rubric_version_number": lambda w: value(number=1),
    "value_rubric_version_state": lambda w: value(state="odd"),
    "value_rubric_version_one_in_force": lambda w: value(state="in_force"),
    "value_rubric_version_in_force_is_sealed": lambda w: value(
        rubric=ValueRubric.objects.create(code="v9", name="V9"), state="in_force", sha256=""
    ),
    "value_rubric_version_approved_is_hashed": lambda w: value(state="approved", sha256=""),
    "value_rubric_value_weights": lambda w: value(influence_weight=21),
    "value_rubric_risk_weights": lambda w: value(momentum_weight=41),
    "value_rubric_share": lambda w: value(value_share=101),
    "value_rubric_tiers": lambda w: value(enterprise_from=80),
    "value_rubric_lifetime": lambda w: value(lifetime_3_from=50_000),
    "value_rubric_renewal": lambda w: value(renewal_2_days=90),
    "value_rubric_momentum": lambda w: value(fall_4_pct=25),
    "service_hours_version_state": lambda w: hours(state="odd", effective_from=w["at"]),
    "service_hours_version_one_in_force": lambda w: hours(effective_from=w["at"]),
    "service_hours_version_in_force_is_sealed": lambda w: hours(
        service_hours=ServiceHours.objects.create(code="h9", name="H9"), sha256=""
    ),
    "service_hours_version_approved_is_hashed": lambda w: hours(
        state="approved", sha256="", effective_from=None
    ),
    "approval_rule_scope": lambda w: m.ApprovalRule(code="x", scope="odd"),
    "approval_rule_of_policy": lambda w: m.ApprovalRule(code="x", scope="policy"),
    "approval_rule_once": lambda w: m.ApprovalRule(code="x", scope=stored_number(w).rule.scope),
    "approval_rule_version_number": lambda w: copy_of(stored_number(w)),
    "approval_rule_version_state": lambda w: number_of(w, state="odd"),
    "approval_rule_version_one_in_force": lambda w: copy_of(
        stored_number(w, state="in_force", effective_from=w["at"], sha256="0"), number=2
    ),
    "approval_rule_version_in_force_is_sealed": lambda w: number_of(w, state="in_force"),
    "approval_rule_version_approved_is_hashed": lambda w: number_of(w, state="approved"),
    "approval_rule_version_needed": lambda w: number_of(w, needed=0),
    "threshold_state": lambda w: limits(state="odd", effective_from=w["at"]),
    "threshold_one_in_force": lambda w: limits(effective_from=w["at"]),
    "threshold_in_force_is_sealed": lambda w: limits(kpi=m.Kpi.objects.create(), sha256=""),
    "threshold_approved_is_hashed": lambda w: limits(
        state="approved", sha256="", effective_from=None
    ),
    "approval_one_word": lambda w: second(w, verdict="approved"),  # of one's own request
    "approval_one_author": lambda w: second(w, person_id=w["company"]["governor2"].pk),
    "approval_verdict": lambda w: word(w, verdict="odd"),
    "approval_round": lambda w: word(w, round=0),
    "approval_says_why": lambda w: word(w, verdict="sent_back"),
    "answered_warning_once": lambda w: twice(warning(w)),
    "change_reader_once": lambda w: twice(reader(w)),
    "change_reader_order": lambda w: reader(w, read_at=w["at"] - timedelta(hours=1)),
    "suggestion_text": lambda w: suggestion(w, text=""),
    "suggestion_answer": lambda w: suggestion(w, answer="a"),
    "suggestion_answered_at_with_answered_by": lambda w: suggestion(
        w, answer="a", answered_at=w["at"]
    ),
    "policy_approvals": lambda w: m.Policy(code="p9", name="P9", approvals_needed=0),
    "policy_version_approved_is_hashed": lambda w: copy_of(
        m.PolicyVersion.objects.get(state="in_force"), number=98, state="approved", sha256=""
    ),
}
