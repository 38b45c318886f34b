"""The database refuses nonsense: every named constraint speaks, and is tried by breaking it.

Rows are written with `bulk_create`, which asks no validation: only the database stands in the way.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from accounts.models import Account, Membership, Override, Roster, Team
from config.lib.errors import constraint_name, constraint_sentences, from_integrity_error
from escalations import models as m
from escalations.services.signals import SignalMessage, receive_signal
from tests.change_schema import CHANGE_BREAKERS
from tests.channel_schema import CHANNEL_BREAKERS
from tests.exception_schema import EXCEPTION_BREAKERS
from tests.kpi_schema import KPI_BREAKERS
from tests.ladder_schema import LADDER_BREAKERS
from tests.letter_schema import LETTER_BREAKERS
from tests.moves_schema import MOVES_BREAKERS
from tests.playbook_schema import PLAYBOOK_BREAKERS
from tests.queue_schema import QUEUE_BREAKERS
from tests.room_schema import ROOM_BREAKERS
from tests.roster_schema import ROSTER_BREAKERS
from tests.seal_schema import SEAL_BREAKERS
from tests.sorting_schema import SORTING_BREAKERS

OURS = ("accounts", "playbooks", "escalations")


def our_constraints() -> list[tuple[type[models.Model], models.BaseConstraint]]:
    return [
        (model, constraint)
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    ]


def test_every_constraint_has_a_code_and_a_sentence_of_its_own():
    silent = [
        constraint.name
        for _, constraint in our_constraints()
        if not constraint.violation_error_code
        or "Constraint" in str(constraint.violation_error_message)
    ]
    assert silent == []
    assert len(constraint_sentences()) >= 60


def test_every_at_of_a_person_has_its_by():
    """`x_at` beside `x_by` is held by a constraint, except where a machine may act too."""
    by_machine = {
        ("automationpause", "ended"),
        ("incident", "resolved"),
        ("incident", "opened"),
        ("playbookrun", "ended"),
        ("steprun", "done"),
    }
    names = {constraint.name for _, constraint in our_constraints()}
    for label in OURS:
        for model in apps.get_app_config(label).get_models():
            if hasattr(model, "history_id"):
                continue  # a copy for the record, as it was
            fields = {field.name for field in model._meta.get_fields()}
            for name in fields:
                stem = name.removesuffix("_at")
                pair = (model._meta.model_name, stem)
                if name.endswith("_at") and f"{stem}_by" in fields and pair not in by_machine:
                    required = not model._meta.get_field(name).null
                    assert required or f"{pair[0]}_{name}_with_{stem}_by" in names, pair


@pytest.fixture
def world(company, at) -> dict[str, Any]:
    incident = receive_signal(
        SignalMessage(
            source="s",
            dedup_key="k",
            is_firing=True,
            title="t",
            received_at=at,
            severity_hint="critical",
            facts={"core_down_no_workaround": True, "users_pct": 50},
        ),
        by=None,
        at=at,
    ).incident
    drill = m.Drill.objects.create(name="d", started_at=at, clock_at=at)
    return {"company": company, "incident": incident, "drill": drill, "at": at}


def copy_of(row: models.Model, **changes: Any) -> models.Model:
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    values.pop(row._meta.pk.attname)
    return type(row)(**{**values, **changes})


def _learned_day(w: dict[str, Any]) -> m.LearnedDay:
    return m.LearnedDay.objects.create(
        kpi=m.Kpi.objects.first(),
        day=w["at"].date(),
        time_zone="UTC",
        buckets="hour_of_day",
        learned_at=w["at"],
    )


def review_of(w: dict[str, Any], **changes: Any) -> m.PostIncidentReview:
    values = {
        "incident": w["incident"],
        "opened_at": w["at"],
        "updated_at": w["at"],
        "schedule_due_at": w["at"],
        "hold_due_at": w["at"],
    }
    return m.PostIncidentReview(**{**values, **changes})


def action_of(w: dict[str, Any], **changes: Any) -> m.ActionItem:
    review = m.PostIncidentReview.objects.first()
    if review is None:
        review = review_of(w)
        review.save()
    values = {
        "review": review,
        "number": 1,
        "title": "t",
        "kind": "detect",
        "owner": w["company"]["agent"],
        "verifier": w["company"]["senior"],
        "verification_method": "v",
        "first_due_on": w["at"].date(),
        "due_on": w["at"].date(),
        "created_at": w["at"],
        "updated_at": w["at"],
    }
    return m.ActionItem(**{**values, **changes})


def of_review(w: dict[str, Any], model: type[models.Model], **values: Any) -> models.Model:
    review = review_of(w)
    review.save()
    return model(review=review, **values)


def twice(row: models.Model, **changes: Any) -> models.Model:
    row.save()
    return copy_of(row, **changes)


# constraint -> a row that breaks it and nothing else
BREAKERS = {
    "signal_open_episode": lambda w: copy_of(m.Signal.objects.get()),
    "signal_occurrences": lambda w: copy_of(m.Signal.objects.get(), dedup_key="z", occurrences=0),
    "incident_state": lambda w: copy_of(w["incident"], state="asleep"),
    "incident_kind": lambda w: copy_of(w["incident"], kind="odd"),
    "incident_severity": lambda w: copy_of(w["incident"], severity=5),
    "incident_score": lambda w: copy_of(w["incident"], score_bp=10_001),
    "incident_accepted": lambda w: copy_of(w["incident"], commander_id=None, accepted_at=w["at"]),
    "incident_resolved": lambda w: copy_of(w["incident"], state="resolved"),
    "incident_contained_at_with_contained_by": lambda w: copy_of(
        w["incident"], contained_at=w["at"]
    ),
    "responder_one_commander": lambda w: copy_of(m.Responder.objects.get()),
    "timeline_seq": lambda w: copy_of(m.TimelineEvent.objects.first()),
    "timeline_visibility": lambda w: copy_of(
        m.TimelineEvent.objects.first(), seq=99, visibility="secret"
    ),
    "clock_identity": lambda w: copy_of(m.Clock.objects.first()),
    "clock_kind": lambda w: copy_of(m.Clock.objects.first(), kind="odd"),
    "clock_target": lambda w: copy_of(m.Clock.objects.first(), cycle=9, target_s=0),
    "clock_run_state": lambda w: copy_of(
        m.Clock.objects.first(), cycle=9, run_state="odd", next_wake_at=None
    ),
    "clock_wakes_only_alive": lambda w: copy_of(
        m.Clock.objects.first(), cycle=9, run_state="stopped"
    ),
    "clock_event_seq": lambda w: copy_of(m.ClockEvent.objects.first()),
    "clock_mark_once": lambda w: copy_of(
        m.ClockMark.objects.create(
            clock=m.Clock.objects.first(), kind="warning", due_at=w["at"], recorded_at=w["at"]
        )
    ),
    "ladder_run_live": lambda w: copy_of(m.LadderRun.objects.get(), number=2),
    "ladder_run_ended_sleeps": lambda w: copy_of(
        m.LadderRun.objects.get(), number=2, state="cancelled"
    ),
    "ladder_step_seq": lambda w: copy_of(m.LadderStep.objects.first(), cycle=9),
    "ladder_step_once": lambda w: copy_of(m.LadderStep.objects.first(), seq=99),
    "notice_of_drill_stays_inside": lambda w: copy_of(
        m.Notice.objects.first(), key="x", drill_id=w["drill"].pk
    ),
    "notice_one_end": lambda w: copy_of(
        m.Notice.objects.first(), key="x", sent_at=w["at"], cancelled_at=w["at"]
    ),
    "policy_version_one_in_force": lambda w: copy_of(
        m.PolicyVersion.objects.get(state="in_force"), number=99
    ),
    "policy_version_bands": lambda w: copy_of(
        m.PolicyVersion.objects.get(state="in_force"), number=99, state="draft", s2_from_bp=9000
    ),
    "policy_version_in_force_is_sealed": lambda w: m.PolicyVersion(
        policy=m.Policy.objects.create(code="p2", name="P2"),
        number=1,
        state="in_force",
        effective_from=w["at"],
        warn_percents=[],
    ),
    "policy_one_default": lambda w: m.Policy(code="p3", name="P3", is_default=True),
    "routing_rule_one_fallback": lambda w: copy_of(
        m.RoutingRule.objects.filter(when__isnull=True).first(), position=99
    ),
    "threshold_number": lambda w: copy_of(
        m.Threshold.objects.first(), state="draft", effective_from=w["at"]
    ),
    "threshold_n_of_m": lambda w: copy_of(
        m.Threshold.objects.first(), number=9, state="draft", effective_from=w["at"], n=4, m=3
    ),
    "threshold_order_hi": lambda w: copy_of(
        m.Threshold.objects.filter(direction="lower").first(),
        number=9,
        state="draft",
        effective_from=w["at"],
        breach_hi=0.01,
    ),
    "threshold_sides": lambda w: copy_of(
        m.Threshold.objects.filter(direction="lower").first(),
        number=9,
        state="draft",
        effective_from=w["at"],
        direction="higher",
    ),
    "threshold_mode": lambda w: copy_of(
        m.Threshold.objects.first(), number=9, state="draft", effective_from=w["at"], mode="odd"
    ),
    "threshold_k": lambda w: copy_of(
        m.Threshold.objects.first(), number=9, state="draft", effective_from=w["at"], warn_k=5.0
    ),
    "threshold_resolution": lambda w: copy_of(
        m.Threshold.objects.first(), number=9, state="draft", effective_from=w["at"], resolution=-1
    ),
    "kpi_family": lambda w: m.Kpi(code="z", name="Z", family="luck"),
    "kpi_review_every": lambda w: m.Kpi(code="z", name="Z", review_every_days=0),
    "kpi_source_name": lambda w: copy_of(
        m.KpiSource.objects.create(kpi=m.Kpi.objects.first(), name="till")
    ),
    "kpi_source_primary": lambda w: copy_of(
        m.KpiSource.objects.filter(is_primary=True).first(), name="web"
    ),
    "kpi_source_tolerance_abs": lambda w: m.KpiSource(
        kpi=m.Kpi.objects.first(), name="shop", tolerance_abs=-1
    ),
    "kpi_source_tolerance_rel": lambda w: m.KpiSource(
        kpi=m.Kpi.objects.first(), name="shop", tolerance_rel=1.5
    ),
    "learned_day_identity": lambda w: copy_of(_learned_day(w)),
    "learned_day_buckets": lambda w: copy_of(_learned_day(w), segment="z", buckets="odd"),
    "kpi_grain": lambda w: m.Kpi(code="z", name="Z", grain_s=0),
    "delivery_identity": lambda w: copy_of(
        m.Delivery.objects.create(
            source="s", key="k", body_sha256="", received_at=w["at"], status=200, answer={}
        )
    ),
    "review_state": lambda w: review_of(w, state="odd"),
    "review_severity_final": lambda w: review_of(w, severity_final=5),
    "review_customer_impact": lambda w: review_of(w, customer_impact=11),
    "review_impact_period": lambda w: review_of(
        w, impact_start=w["at"], impact_end=w["at"] - timedelta(hours=1)
    ),
    "review_revenue": lambda w: review_of(w, revenue_exposed=-1),
    "review_credits": lambda w: review_of(w, credits=-1),
    "review_signed_by_somebody": lambda w: review_of(w, state="signed_off"),
    "review_signed_by_another": lambda w: review_of(
        w,
        submitted_at=w["at"],
        submitted_by=w["company"]["duty"],
        signed_off_at=w["at"],
        signed_off_by=w["company"]["duty"],
    ),
    "review_waived_with_reason": lambda w: review_of(w, state="waived", waived_at=w["at"]),
    "review_ended_sleeps": lambda w: review_of(
        w, state="waived", waived_at=w["at"], waiver_reason="x", remind_at=w["at"]
    ),
    "postincidentreview_held_at_with_held_by": lambda w: review_of(w, held_at=w["at"]),
    "factor_position": lambda w: twice(
        of_review(w, m.ContributingFactor, position=1, category="change", text="x")
    ),
    "factor_category": lambda w: of_review(
        w, m.ContributingFactor, position=1, category="odd", text="x"
    ),
    "factor_text": lambda w: of_review(
        w, m.ContributingFactor, position=1, category="change", text=""
    ),
    "review_entry_kind": lambda w: of_review(
        w, m.ReviewEntry, kind="odd", text="x", author=w["company"]["duty"], recorded_at=w["at"]
    ),
    "review_entry_of_event": lambda w: of_review(
        w, m.ReviewEntry, kind="hiding", author=w["company"]["duty"], recorded_at=w["at"]
    ),
    "review_entry_at": lambda w: of_review(
        w,
        m.ReviewEntry,
        kind="addition",
        text="x",
        author=w["company"]["duty"],
        recorded_at=w["at"],
    ),
    "review_entry_text": lambda w: of_review(
        w,
        m.ReviewEntry,
        kind="addition",
        from_at=w["at"],
        author=w["company"]["duty"],
        recorded_at=w["at"],
    ),
    "participant_once": lambda w: twice(
        of_review(w, m.ReviewParticipant, user=w["company"]["duty"])
    ),
    "participant_role": lambda w: of_review(
        w, m.ReviewParticipant, user=w["company"]["duty"], role="odd"
    ),
    "sign_off_kind": lambda w: of_review(
        w,
        m.ReviewSignOff,
        kind="odd",
        person=w["company"]["duty"],
        at=w["at"],
        review_version=1,
        comment="x",
    ),
    "sign_off_comment": lambda w: of_review(
        w, m.ReviewSignOff, kind="waive", person=w["company"]["duty"], at=w["at"], review_version=1
    ),
    "amendment_text": lambda w: of_review(
        w, m.ReviewAmendment, text="", author=w["company"]["duty"], at=w["at"]
    ),
    "recurrence_once": lambda w: twice(of_review(w, m.RecurrenceLink, incident=w["incident"])),
    "action_number": lambda w: twice(action_of(w)),
    "action_state": lambda w: action_of(w, state="odd"),
    "action_kind": lambda w: action_of(w, kind="odd"),
    "action_title": lambda w: action_of(w, title=""),
    "action_verified_by_another": lambda w: action_of(w, verifier=w["company"]["agent"]),
    "action_verified_word_of_another": lambda w: action_of(
        w, verified_at=w["at"], verified_by=w["company"]["agent"]
    ),
    "action_left_by_another": lambda w: action_of(
        w,
        wont_do_asked_at=w["at"],
        wont_do_asked_by=w["company"]["duty"],
        wont_do_at=w["at"],
        wont_do_by=w["company"]["duty"],
    ),
    "action_left_with_reason": lambda w: action_of(w, state="wont_do"),
    "action_done_with_evidence": lambda w: action_of(
        w, state="done", done_at=w["at"], done_by=w["company"]["agent"]
    ),
    "action_verified_says_when": lambda w: action_of(
        w, state="verified", evidence="x", done_at=w["at"], done_by=w["company"]["agent"]
    ),
    "action_done_sleeps": lambda w: action_of(
        w,
        state="done",
        evidence="x",
        done_at=w["at"],
        done_by=w["company"]["agent"],
        remind_at=w["at"],
    ),
    "actionitem_started_at_with_started_by": lambda w: action_of(w, started_at=w["at"]),
    "account_arr": lambda w: Account(external_id="z", name="Z", arr=-1),
    "account_currency": lambda w: Account(external_id="z", name="Z", currency="eur"),
    "account_segment": lambda w: Account(external_id="z", name="Z", segment="odd"),
    "account_importance": lambda w: Account(external_id="z", name="Z", importance=5),
    "membership_open": lambda w: copy_of(Membership.objects.first()),
    "membership_period": lambda w: Membership(
        team=Team.objects.first(),
        user=w["company"]["outsider"],
        valid_from=w["at"],
        valid_to=w["at"],
    ),
    "override_period": lambda w: Override(
        roster=Roster.objects.first(),
        user=w["company"]["agent"],
        start_at=w["at"],
        end_at=w["at"] - timedelta(hours=1),
        recorded_at=w["at"],
        recorded_by=w["company"]["agent"],
    ),
}
BREAKERS |= (
    CHANGE_BREAKERS
    | CHANNEL_BREAKERS
    | LADDER_BREAKERS
    | MOVES_BREAKERS
    | PLAYBOOK_BREAKERS
    | ROSTER_BREAKERS
)
BREAKERS |= SEAL_BREAKERS
BREAKERS |= SORTING_BREAKERS
BREAKERS |= ROOM_BREAKERS
BREAKERS |= KPI_BREAKERS
BREAKERS |= LETTER_BREAKERS
BREAKERS |= QUEUE_BREAKERS
BREAKERS |= EXCEPTION_BREAKERS


@pytest.mark.parametrize("name", BREAKERS)
def test_the_database_refuses(name, world):
    row = BREAKERS[name](world)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        type(row).objects.bulk_create([row])
    assert constraint_name(refused.value) == name
    error = from_integrity_error(refused.value)
    assert error.detail == constraint_sentences()[name][1]


def test_one_open_incident_per_kpi_and_segment(world):
    kpi = m.Kpi.objects.first()
    first = copy_of(world["incident"], kpi_id=kpi.pk, segment="eu")
    first.save()
    second = copy_of(world["incident"], kpi_id=kpi.pk, segment="eu")
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        m.Incident.objects.bulk_create([second])
    assert constraint_name(refused.value) == "incident_open_kpi"
    m.Incident.objects.filter(pk=first.pk).update(state="resolved", resolved_at=world["at"])
    m.Incident.objects.bulk_create([second])
