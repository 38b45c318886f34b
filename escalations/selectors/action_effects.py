"""What each verb does in one sentence, for a button; its dialog foretells it in full."""

from __future__ import annotations

from escalations.models import Incident
from escalations.rules.handoffs import answer_within
from escalations.rules.lifecycle import UNANSWERED, Situation, State, Verb
from escalations.rules.policy import ClockKind, PolicyDoc, Severity
from escalations.templatetags.belay import duration


def effect_of(verb: Verb, incident: Incident, situation: Situation, doc: PolicyDoc) -> str:
    """What will happen, before the click."""
    severity = doc.severities[Severity(incident.severity)]
    owner = str(incident.commander) if incident.commander else ""
    match verb:
        case Verb.CLAIM | Verb.ACKNOWLEDGE if situation.state in UNANSWERED:
            return "You own it. The acknowledge clock and the ladder stop."
        case Verb.CLAIM:
            return f"You own it instead of {owner}, who stays as backup."
        case Verb.TRIAGE:
            return "Category and team stand on the incident. Every clock runs on."
        case Verb.VERIFY:
            return "Every clock runs on. A data fault goes to the data steward."
        case Verb.MITIGATE if situation.state in (State.CONTAINED, State.MONITORING):
            return "Containment is taken back and a new restore clock starts."
        case Verb.MITIGATE:
            return "The plan stands on the timeline. Every clock runs on."
        case Verb.PROPOSE_CONTAIN if situation.is_major:
            return "A senior person confirms it. The restore clock runs until then."
        case Verb.PROPOSE_CONTAIN | Verb.CONFIRM_CONTAIN:
            return "The restore clock stops. Updates and the resolve clock run on."
        case Verb.MONITOR:
            return f"Watched for {_span(severity.monitor_window_s)}. The resolve clock runs on."
        case Verb.RESOLVE:
            return "Every clock and the ladder stop. The final update goes to the customer."
        case Verb.CLOSE:
            return "Nothing runs any more. It can be reopened for 14 days."
        case Verb.REOPEN:
            return "The resolve clock goes on where it stood and the ladder starts again."
        case Verb.PAUSE:
            return "Stops the restore and resolve clocks. Next update keeps running."
        case Verb.RESUME:
            return "The restore and resolve clocks run again from where they stood."
        case Verb.ESCALATE:
            return "The next level of the ladder is paged at once. Every clock runs on."
        case Verb.SNOOZE:
            return "The ladder sleeps. Every clock runs on, and time must be left before the next."
        case Verb.HOLD_LADDER:
            return "Nobody is paged until then. Every clock runs on."
        case Verb.SET_SEVERITY:
            second = " Lowering an S1 needs a second person." if incident.severity == 1 else ""
            return f"Targets change from now on. Raising also pages the new ladder.{second}"
        case Verb.UPDATE:
            cadence = severity.targets.get(ClockKind.CADENCE)
            return f"The next one is due in {_span(cadence.target_s)}." if cadence else ""
        case Verb.NOTE:
            return "Nobody is sent it."
        case Verb.CANCEL:
            second = " An S1 needs a second person." if incident.severity == 1 else ""
            return f"Every clock and the ladder end, without a result.{second}"
        case Verb.HAND_OFF:
            minutes = _span(int(answer_within(Severity(incident.severity)).total_seconds()))
            return f"It stays yours, and every clock runs on, until accepted within {minutes}."
        case Verb.ACCEPT_HAND_OFF:
            return "You own it from now on. Promises to the customer run on as they are."
        case Verb.DECLINE_HAND_OFF | Verb.WITHDRAW_HAND_OFF:
            return f"It stays with {owner}."
        case Verb.NAME_OWNER:
            return "They own it at once. For two hours only a duty manager hands it off."
        case Verb.MERGE:
            second = " An S1 needs a second person." if incident.severity == 1 else ""
            return f"This one counts nowhere any more; signals and people go along.{second}"
        case Verb.UNMERGE:
            return "It is its own again and its clocks go on as if it had never been merged."
        case Verb.LINK | Verb.UNLINK:
            return "It shows on both."
    return ""


def _span(seconds: int) -> str:
    return "no time" if seconds == 0 else duration(seconds)
