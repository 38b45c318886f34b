"""Serializers: what bodies may hold, and how answers look in the OpenAPI document.

Answers are built by selectors as plain values; the answer classes here only describe them.
"""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from escalations.forms.verbs import VERB_BODIES, AwareDateTimeField, StrictSerializer
from escalations.models.signals import SeverityHint
from escalations.rules.facts import FACTS, Amount
from escalations.rules.verbs import SEVERITY_CHOICES
from escalations.selectors.incidents import MAX_NUMBER

__all__ = ["VERB_BODIES", "AwareDateTimeField", "StrictSerializer"]


def _amount(name: str) -> serializers.DecimalField:
    kind = FACTS[name]
    assert isinstance(kind, Amount)
    return serializers.DecimalField(
        max_digits=kind.digits,
        decimal_places=kind.places,
        min_value=0,
        max_value=kind.most,
        required=False,
        allow_null=True,
    )


class FactsIn(StrictSerializer):
    """The names and bounds of `escalations.rules.facts`."""

    arr_at_risk = _amount("arr_at_risk")
    users_pct = _amount("users_pct")
    data_or_legal_confirmed = serializers.BooleanField(required=False, allow_null=True)
    data_or_legal_suspected = serializers.BooleanField(required=False, allow_null=True)
    core_down_no_workaround = serializers.BooleanField(required=False, allow_null=True)
    uptime_breached = serializers.BooleanField(required=False, allow_null=True)


def source_field(**options: Any) -> Any:
    """A field called `source`; DRF's types know that name as an attribute of every field."""
    return serializers.CharField(**options)


def _anchor() -> serializers.IntegerField:
    return serializers.IntegerField(min_value=0, max_value=4, required=False)


class AnchorsIn(StrictSerializer):
    technical = _anchor()
    business = _anchor()
    segment = _anchor()
    revenue = _anchor()
    reputation = _anchor()


class IncidentIn(StrictSerializer):
    """A person opens an incident by hand."""

    title = serializers.CharField(max_length=300)
    body = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    severity_hint = serializers.ChoiceField(SeverityHint.choices, required=False)
    account = serializers.CharField(max_length=80, required=False, allow_blank=True)
    product_area = serializers.CharField(max_length=80, required=False, allow_blank=True)
    category = serializers.CharField(max_length=60, required=False, allow_blank=True)
    received_at = AwareDateTimeField(required=False)
    facts = FactsIn(required=False)
    anchors = AnchorsIn(required=False)


class OpenIn(IncidentIn):
    arrived_by = serializers.SlugField(
        max_length=40,
        required=False,
        allow_blank=True,
        help_text="How it reached you, such as phone. Off an agreed channel of the policy the "
        "response and resolution clocks count from seen_at.",
    )
    seen_at = AwareDateTimeField(
        required=False, help_text="When a person first saw it; now if left out."
    )
    follows = serializers.IntegerField(
        min_value=1,
        max_value=MAX_NUMBER,
        required=False,
        help_text="The incident that this one comes back from: the two are linked.",
    )


class SignalIn(IncidentIn):
    source = source_field(max_length=120)
    dedup_key = serializers.CharField(max_length=255)
    status = serializers.ChoiceField(["firing", "resolved"], default="firing")
    title = serializers.CharField(max_length=300, required=False, allow_blank=True)


class SignalOut(serializers.Serializer):
    incident = serializers.IntegerField(allow_null=True, help_text="The incident's number.")
    outcome = serializers.ChoiceField(
        ["opened", "joined", "reopened", "resolved", "kept", "nothing_open"]
    )
    url = serializers.CharField(allow_null=True)


class BatchRowOut(serializers.Serializer):
    """Of a signal that was taken in, or of one that was refused."""

    row = serializers.IntegerField(help_text="Counts from 0.")
    status = serializers.IntegerField(help_text="As if it had come alone.")
    incident = serializers.IntegerField(allow_null=True, required=False)
    outcome = serializers.CharField(required=False)
    url = serializers.CharField(allow_null=True, required=False)
    code = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    errors = serializers.ListField(  # type: ignore[assignment]  # also a property of serializers
        child=serializers.DictField(), required=False
    )


class BatchOut(serializers.Serializer):
    results = BatchRowOut(many=True)
    taken = serializers.IntegerField()
    refused = serializers.IntegerField()


class PeriodOut(serializers.Serializer):
    start = serializers.DateTimeField()
    end = serializers.DateTimeField(allow_null=True)


class IncidentRow(serializers.Serializer):
    number = serializers.IntegerField()
    key = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.CharField()
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    auto_severity = serializers.ChoiceField(SEVERITY_CHOICES)
    check_severity = serializers.BooleanField()
    score = serializers.FloatField(help_text="0 to 100, two places.")
    version = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    opened_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    source = source_field()
    dedup_key = serializers.CharField()
    commander = serializers.CharField(allow_null=True)
    accepted_at = serializers.DateTimeField(allow_null=True)
    team = serializers.CharField(allow_null=True)
    kpi = serializers.CharField(allow_null=True)
    segment = serializers.CharField()
    channel = serializers.CharField()
    period = PeriodOut(allow_null=True)
    account = serializers.CharField(allow_null=True)
    product_area = serializers.CharField()
    category = serializers.CharField()
    policy_version = serializers.CharField()
    is_late = serializers.BooleanField()
    is_paused = serializers.BooleanField()
    next_due_at = serializers.DateTimeField(allow_null=True)


class ResponderOut(serializers.Serializer):
    role = serializers.CharField()
    user = serializers.CharField()
    assigned_at = serializers.DateTimeField()
    accepted_at = serializers.DateTimeField(allow_null=True)


class ClockOut(serializers.Serializer):
    kind = serializers.CharField()
    cycle = serializers.IntegerField()
    run_state = serializers.CharField()
    outcome = serializers.CharField()
    target_s = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    breach_after = serializers.DateTimeField(allow_null=True)
    breached_at = serializers.DateTimeField(allow_null=True)
    elapsed_s = serializers.IntegerField(allow_null=True)
    remaining_s = serializers.IntegerField(allow_null=True)
    paused_since = serializers.DateTimeField(allow_null=True)
    awaiting = serializers.CharField(allow_null=True)
    next_check_at = serializers.DateTimeField(allow_null=True)
    calendar = serializers.CharField(allow_null=True)
    on_time = serializers.IntegerField(required=False)
    missed = serializers.IntegerField(required=False)


class EpisodeOut(serializers.Serializer):
    source = source_field()
    dedup_key = serializers.CharField()
    title = serializers.CharField()
    occurrences = serializers.IntegerField()
    first_at = serializers.DateTimeField()
    last_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class SortingSuggestionOut(serializers.Serializer):
    category = serializers.CharField()
    confidence = serializers.IntegerField(help_text="Per cent.")
    rule = serializers.CharField()
    words = serializers.ListField(child=serializers.CharField())


class SortingOut(serializers.Serializer):
    """What the policy's sorting rules made of an incident whose sender named no category."""

    source = source_field(help_text="rule or person; empty while in doubt.")
    category = serializers.CharField(help_text="What a rule set by itself; empty if none did.")
    confidence = serializers.IntegerField(help_text="Of the best rule, per cent; 0 without any.")
    suggestions = SortingSuggestionOut(many=True)


class ArrivalOut(serializers.Serializer):
    by = serializers.CharField()
    is_agreed = serializers.BooleanField()
    counts_from = serializers.DateTimeField()
    why = serializers.CharField()


class IncidentOut(IncidentRow):
    sorting = SortingOut(allow_null=True)
    arrival = ArrivalOut(allow_null=True)
    body = serializers.CharField()
    why = serializers.CharField()
    verification = serializers.CharField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    contained_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
    closed_at = serializers.DateTimeField(allow_null=True)
    resolved_by_source = serializers.BooleanField()
    resolution_code = serializers.CharField(allow_null=True)
    cause_category = serializers.CharField(allow_null=True)
    reopen_count = serializers.IntegerField()
    parent = serializers.IntegerField(  # type: ignore[assignment]  # also an attribute of fields
        allow_null=True, help_text="The first of the incidents it came together with."
    )
    merged_into = serializers.IntegerField(allow_null=True)
    keep_owner_until = serializers.DateTimeField(allow_null=True)
    responders = ResponderOut(many=True)
    clocks = ClockOut(many=True)
    signals = EpisodeOut(many=True)
    allowed = serializers.ListField(child=serializers.CharField())


class FactOut(serializers.Serializer):
    name = serializers.CharField()
    value = serializers.JSONField()
    source = source_field()
    at = serializers.DateTimeField()
    received_at = serializers.DateTimeField()


class ExplanationOut(serializers.Serializer):
    incident = serializers.IntegerField()
    why = serializers.CharField()
    policy = serializers.CharField()
    severity = serializers.ChoiceField(SEVERITY_CHOICES)
    auto_severity = serializers.ChoiceField(SEVERITY_CHOICES)
    is_overridden = serializers.BooleanField()
    decision = serializers.DictField()
    route = serializers.DictField()
    owner = serializers.DictField()
    facts = FactOut(many=True)


class TimelineOut(serializers.Serializer):
    seq = serializers.IntegerField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    actor = serializers.CharField(allow_null=True)
    sentence = serializers.CharField()
    reason = serializers.CharField()
    detail = serializers.DictField()
    visibility = serializers.CharField()
