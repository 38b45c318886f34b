"""How reviews and actions look in answers, for the OpenAPI document."""

from __future__ import annotations

from rest_framework import serializers

from escalations.models.action_items import ActionKind, ActionStateChoice
from escalations.models.reviews import EntryKind, ReviewStateChoice, SignOffKind
from escalations.rules.verbs import CAUSE_CATEGORIES


def _time() -> serializers.DateTimeField:
    return serializers.DateTimeField(allow_null=True)


def _word() -> serializers.CharField:
    return serializers.CharField(allow_null=True)


class ReviewRow(serializers.Serializer):
    number = serializers.IntegerField(help_text="The incident's number.")
    key = serializers.CharField()
    title = serializers.CharField()
    state = serializers.CharField(help_text=", ".join(ReviewStateChoice.values))
    version = serializers.IntegerField()
    required_because = serializers.DictField(child=serializers.CharField())
    severity = serializers.CharField()
    severity_initial = serializers.CharField()
    severity_final = _word()
    account = _word()
    tier = _word()
    team = _word()
    kpi = _word()
    product_area = serializers.CharField()
    facilitator = _word()
    causes = serializers.ListField(child=serializers.CharField())
    actions_open = serializers.IntegerField()
    actions_total = serializers.IntegerField()
    opened_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    schedule_due_at = serializers.DateTimeField()
    hold_due_at = serializers.DateTimeField()
    sign_off_due_at = _time()
    meeting_at = _time()
    held_at = _time()
    submitted_at = _time()
    signed_off_at = _time()
    waived_at = _time()
    completed_at = _time()


class FactorOut(serializers.Serializer):
    position = serializers.IntegerField()
    category = serializers.ChoiceField(CAUSE_CATEGORIES)
    text = serializers.CharField()
    evidence = serializers.CharField()


class EntryOut(serializers.Serializer):
    kind = serializers.ChoiceField(EntryKind.choices)
    event = serializers.IntegerField(allow_null=True, help_text="`seq` of the timeline's event.")
    from_at = _time()
    to_at = _time()
    text = serializers.CharField()
    author = serializers.CharField()
    recorded_at = serializers.DateTimeField()


class ActionItemOut(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.IntegerField()
    incident = serializers.IntegerField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(ActionKind.choices)
    is_priority = serializers.BooleanField()
    owner = serializers.CharField()
    verifier = serializers.CharField()
    verification_method = serializers.CharField()
    first_due_on = serializers.DateField()
    due_on = serializers.DateField()
    times_moved = serializers.IntegerField()
    is_overdue = serializers.BooleanField()
    state = serializers.CharField(help_text=", ".join(ActionStateChoice.values))
    version = serializers.IntegerField()
    evidence = serializers.CharField()
    outcome_note = serializers.CharField()
    done_at = _time()
    verified_at = _time()
    rejected_at = _time()
    wont_do_asked_by = _word()
    wont_do_reason = serializers.CharField()
    allowed = serializers.ListField(child=serializers.CharField())


class ReviewParticipantOut(serializers.Serializer):
    user = serializers.CharField()
    role = serializers.CharField()


class SignOffOut(serializers.Serializer):
    kind = serializers.ChoiceField(SignOffKind.choices)
    person = serializers.CharField()
    at = serializers.DateTimeField()
    version = serializers.IntegerField()
    comment = serializers.CharField()


class AmendmentOut(serializers.Serializer):
    text = serializers.CharField()
    author = serializers.CharField()
    at = serializers.DateTimeField()


class ReviewWarningOut(serializers.Serializer):
    field = serializers.CharField()
    code = serializers.CharField()
    detail = serializers.CharField()


class ReviewOut(ReviewRow):
    summary = serializers.CharField()
    detection = serializers.CharField()
    detection_faster = serializers.CharField()
    lead_up = serializers.CharField()
    fault = serializers.CharField()
    response = serializers.CharField()
    recovery = serializers.CharField()
    root_causes = serializers.CharField()
    process_gaps = serializers.CharField()
    went_well = serializers.CharField()
    lucky = serializers.CharField()
    lessons = serializers.CharField()
    communications = serializers.CharField()
    users_affected = serializers.IntegerField(allow_null=True)
    support_contacts = serializers.IntegerField(allow_null=True)
    customer_impact = serializers.IntegerField(allow_null=True)
    waiver_reason = serializers.CharField()
    revenue_exposed = serializers.DecimalField(
        14, 2, allow_null=True, required=False, help_text="With the right to see revenue."
    )
    credits = serializers.DecimalField(
        14, 2, allow_null=True, required=False, help_text="With the right to see revenue."
    )
    impact_start = _time()
    impact_end = _time()
    participants = ReviewParticipantOut(many=True)
    factors = FactorOut(many=True)
    entries = EntryOut(many=True)
    actions = ActionItemOut(many=True)
    sign_offs = SignOffOut(many=True)
    amendments = AmendmentOut(many=True)
    recurrences = serializers.ListField(child=serializers.IntegerField())
    warnings = ReviewWarningOut(many=True)
    allowed = serializers.ListField(child=serializers.CharField())
