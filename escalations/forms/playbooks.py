"""What a run of a playbook may be told, checked in one way for the API and the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework import serializers

from config.lib.serializers import StrictSerializer
from escalations.services import playbooks
from playbooks.models import PlaybookRun
from playbooks.models.runs import Outcome


def _text(label: str, help_text: str = "") -> serializers.CharField:
    return serializers.CharField(
        label=label, required=False, allow_blank=True, max_length=4000, help_text=help_text or None
    )


class RunStartIn(StrictSerializer):
    """What is left out is as the version says."""

    hypothesis = _text("What we believe")
    success_criterion = _text("It worked if")
    rollback = _text("To undo it")


class RunNothingIn(StrictSerializer):
    pass


class StepNoteIn(StrictSerializer):
    note = _text("Note")


class RunReasonIn(StrictSerializer):
    reason = _text("Reason", "Asked for.")


class RunFinishIn(StrictSerializer):
    outcome = serializers.ChoiceField(Outcome.choices, label="Outcome")
    note = _text("What happened")


@dataclass(frozen=True, slots=True)
class RunVerb:
    """`done` is what the page says afterwards."""

    body: type[StrictSerializer]
    do: Callable[..., PlaybookRun]
    done: str


RUN_VERBS = {
    "approve": RunVerb(RunNothingIn, playbooks.approve_run, "Approved: the run is on."),
    "stop": RunVerb(RunReasonIn, playbooks.stop_run, "The run is stopped."),
    "finish": RunVerb(RunFinishIn, playbooks.finish_run, "The outcome is recorded."),
}
STEP_VERBS = {
    "finish": RunVerb(StepNoteIn, playbooks.finish_step, "Step {} is done."),
    "skip": RunVerb(RunReasonIn, playbooks.skip_step, "Step {} is skipped."),
    "approve": RunVerb(RunNothingIn, playbooks.approve_step, "Step {} is approved."),
}


def body_of(kind: type[StrictSerializer], posted: Mapping[str, str]) -> StrictSerializer:
    """A page's form as the API's body; what the body does not know is left out."""
    known = kind().fields
    return kind(data={name: typed for name, typed in posted.items() if name in known})


def given_to(verb: RunVerb, body: StrictSerializer) -> dict[str, Any]:
    """The verb's keywords. A reason that was not sent is an empty one: the verb says what to do."""
    given = dict(body.validated_data)
    if verb.body is RunReasonIn:
        given.setdefault("reason", "")
    return given
