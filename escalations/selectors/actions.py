"""The buttons of an incident for one reader: legal moves, their fields, and what they will do.

A move whose missing pieces are all inputs is offered with a form; one that waits for somebody
else's step or right is listed with the sentences that say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.urls import reverse

from accounts.models import Team, User
from accounts.roles import ROLES
from escalations.models import Incident
from escalations.rules.lifecycle import MOVES, UNANSWERED, Situation, State, Verb, unmet
from escalations.rules.policy import ClockKind, PolicyDoc, Severity
from escalations.rules.verbs import FIELDS, VerbField
from escalations.templatetags.belay import duration

LABELS: dict[Verb, str] = {
    Verb.TRIAGE: "Triage",
    Verb.CLAIM: "Claim",
    Verb.ACKNOWLEDGE: "Acknowledge",
    Verb.VERIFY: "Verify the data",
    Verb.MITIGATE: "Start the remedy",
    Verb.PROPOSE_CONTAIN: "Propose containment",
    Verb.CONFIRM_CONTAIN: "Confirm containment",
    Verb.MONITOR: "Monitor",
    Verb.RESOLVE: "Resolve",
    Verb.CLOSE: "Close",
    Verb.REOPEN: "Reopen",
    Verb.PAUSE: "Pause",
    Verb.RESUME: "Resume",
    Verb.ESCALATE: "Escalate",
    Verb.SNOOZE: "Snooze",
    Verb.HOLD_LADDER: "Hold the ladder",
    Verb.SET_SEVERITY: "Change severity",
    Verb.UPDATE: "Send update",
    Verb.NOTE: "Add note",
    Verb.CANCEL: "Cancel incident",
}
DONE: dict[Verb, str] = {
    Verb.TRIAGE: "triaged",
    Verb.CLAIM: "is yours, further paging stops",
    Verb.ACKNOWLEDGE: "acknowledged, it is yours and further paging stops",
    Verb.VERIFY: "the outcome of the check is recorded",
    Verb.MITIGATE: "work on the remedy began",
    Verb.PROPOSE_CONTAIN: "containment proposed",
    Verb.CONFIRM_CONTAIN: "contained, the restore clock stopped",
    Verb.MONITOR: "is being watched",
    Verb.RESOLVE: "resolved, its clocks stopped",
    Verb.CLOSE: "closed",
    Verb.REOPEN: "reopened",
    Verb.PAUSE: "paused",
    Verb.RESUME: "the clocks run again",
    Verb.ESCALATE: "escalated, the next people are asked",
    Verb.SNOOZE: "snoozed, the clocks run on",
    Verb.HOLD_LADDER: "nobody is paged until then",
    Verb.SET_SEVERITY: "the request to change severity is recorded",
    Verb.UPDATE: "the update is published",
    Verb.NOTE: "the note is on the timeline",
    Verb.CANCEL: "the request to cancel is recorded",
}
KEYS = {
    Verb.CLAIM: "c",
    Verb.ACKNOWLEDGE: "a",
    Verb.UPDATE: "u",
    Verb.ESCALATE: "e",
    Verb.PAUSE: "p",
    Verb.RESOLVE: "r",
}
ANSWERS = frozenset({Verb.CLAIM, Verb.ACKNOWLEDGE})
KINDS = {"choice": "select", "flag": "checkbox", "time": "datetime"}
WORDS = {"customer_wait": "The customer", "third_party_wait": "A third party"}


@dataclass(frozen=True, slots=True)
class FormField:
    """`kind`: text, textarea, select, checkbox or datetime."""

    name: str
    label: str
    kind: str
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""
    value: object = None


@dataclass(frozen=True, slots=True)
class Action:
    verb: str
    label: str
    url: str
    key: str = ""
    is_primary: bool = False
    needs_form: bool = False
    hint: str = ""
    fields: tuple[FormField, ...] = ()
    effect: str = ""


@dataclass(frozen=True, slots=True)
class NotYet:
    label: str
    sentences: tuple[str, ...]


def next_verb(incident: Incident, user: User, rights: frozenset[str]) -> Verb | None:
    """The step that brings an answered incident forward, if this reader may take it."""
    is_major = incident.severity <= Severity.S2
    state = State(incident.state)
    if (
        state is State.MITIGATING
        and incident.containment_proposed_at is not None
        and "confirm_containment" in rights
    ):
        return Verb.CONFIRM_CONTAIN
    in_command = incident.commander_id == user.pk and incident.accepted_at is not None
    if not in_command and "cancel_incident" not in rights:
        return None
    if state in (State.ACKNOWLEDGED, State.VERIFYING):
        if incident.kpi_id is not None and incident.verification not in (
            "confirmed",
            "inconclusive",
        ):
            return Verb.VERIFY
        return Verb.MITIGATE
    if state is State.MITIGATING:
        if incident.containment_proposed_at is not None:
            return Verb.UPDATE
        return Verb.PROPOSE_CONTAIN if is_major else Verb.RESOLVE
    return {
        State.CONTAINED: Verb.MONITOR,
        State.MONITORING: Verb.RESOLVE,
        State.RESOLVED: Verb.CLOSE,
    }.get(state)


def actions_of(
    incident: Incident, user: User, situation: Situation, doc: PolicyDoc
) -> tuple[tuple[Action, ...], tuple[NotYet, ...]]:
    """Buttons, and what is not possible yet. One query for teams, only where triage is legal."""
    offered: list[Action] = []
    later: list[NotYet] = []
    main = _main_verb(incident, user, situation)
    for verb, move in MOVES.items():
        if situation.state not in move.sources or _is_pointless(verb, incident, situation):
            continue
        if verb in ANSWERS and main in ANSWERS and verb is not main:
            continue  # both do the same
        failed = unmet(verb, situation)
        names = {each.name for each in FIELDS[verb]}
        blockers = [each for each in failed if each.field not in names]
        if verb is Verb.CLOSE and "waive_review" not in situation.rights:
            blockers += [each for each in failed if each.field == "review_waiver"]
        if not blockers:
            required = {each.field for each in failed}
            action = _action(incident, verb, situation, doc, required)
            offered.append(replace(action, is_primary=verb is main))
        elif "respond_incident" in situation.rights:
            sentences = (
                who_may(move.right) if each.code == "missing_right" else each.detail
                for each in blockers
            )
            later.append(NotYet(LABELS[verb], tuple(dict.fromkeys(sentences))))
    offered.sort(key=lambda action: not action.is_primary)
    return tuple(offered), tuple(later)


def _main_verb(incident: Incident, user: User, situation: Situation) -> Verb | None:
    if situation.state in UNANSWERED:
        return Verb.ACKNOWLEDGE if incident.commander_id == user.pk else Verb.CLAIM
    return next_verb(incident, user, situation.rights)


def _is_pointless(verb: Verb, incident: Incident, situation: Situation) -> bool:
    """Legal, but it would change nothing or do what another button here does."""
    if verb is Verb.ACKNOWLEDGE:
        return situation.state not in UNANSWERED
    if verb is Verb.CLAIM:
        return situation.is_commander
    if verb is Verb.PAUSE:
        return bool(situation.waits)
    if verb is Verb.RESUME:
        return not situation.waits
    if verb in (Verb.SNOOZE, Verb.HOLD_LADDER):
        return not situation.has_ladder or (verb is Verb.SNOOZE and not situation.is_commander)
    return False


def who_may(right: str) -> str:
    labels = [
        role.label.lower() for role in ROLES.values() if f"escalations.{right}" in role.permissions
    ]
    return f"A {' or '.join(labels)} does this." if labels else "Your role does not include this."


def _action(
    incident: Incident, verb: Verb, situation: Situation, doc: PolicyDoc, required: set[str]
) -> Action:
    fields = tuple(
        _field(spec, verb, incident, doc, required)
        for spec in FIELDS[verb]
        if _is_asked(spec, verb, incident, situation, required)
    )
    is_take_over = verb is Verb.CLAIM and incident.accepted_at is not None
    return Action(
        verb=verb.value,
        label="Take over" if is_take_over else LABELS[verb],
        url=reverse("incident-verb", args=[incident.number, verb.value]),
        key=KEYS.get(verb, ""),
        needs_form=bool(fields),
        fields=fields,
        effect=_effect(verb, incident, situation, doc),
    )


def _is_asked(
    spec: VerbField, verb: Verb, incident: Incident, situation: Situation, required: set[str]
) -> bool:
    """Leaves out fields that mean nothing for this incident as it stands."""
    is_relapse = situation.state in (State.CONTAINED, State.MONITORING)
    match spec.name:
        case "take_over":
            return incident.accepted_at is not None and verb is Verb.CLAIM
        case "plan":
            return not is_relapse
        case "relapse_note":
            return is_relapse
        case "customer_told":
            return situation.has_account
        case "waiver" | "review_waiver":
            return spec.name in required
        case "recovery_kpi":
            return not situation.is_kpi
        case "reason" if verb is Verb.RESUME:
            return False
        case "approver":
            return incident.severity == Severity.S1
    return True


def _field(
    spec: VerbField, verb: Verb, incident: Incident, doc: PolicyDoc, required: set[str]
) -> FormField:
    kind = KINDS.get(spec.kind, spec.kind)
    choices: list[tuple[str, str]] = [
        (value, WORDS.get(value, value.replace("_", " ").capitalize())) for value in spec.choices
    ]
    value: object = None
    if spec.name == "severity":
        kept = incident.severity if verb is Verb.SET_SEVERITY else 0
        choices = [(s.label, f"{s.label} {_word(s)}") for s in Severity if s != kept]
    elif spec.name == "category":
        kind, value = "select", incident.category
        choices = [(code, each.label) for code, each in doc.categories.items()]
    elif spec.name == "team":
        kind, value = "select", incident.team.code if incident.team else ""
        choices = list(Team.objects.order_by("name").values_list("code", "name"))
    elif spec.name == "approver":
        kind, choices = "select", seniors()
    is_required = (
        spec.required or spec.name == "take_over" or spec.name in required - {"customer_told"}
    )
    if kind == "select":
        choices.insert(0, ("", "Choose" if is_required else "Leave as it is"))
    help_text = "" if spec.name in ("category", "team", "relapse_note") else spec.help
    return FormField(spec.name, spec.label, kind, is_required, tuple(choices), help_text, value)


def seniors() -> list[tuple[str, str]]:
    """Who may agree to something on an S1."""
    people = User.objects.filter(
        is_active=True, groups__permissions__codename="confirm_containment"
    ).distinct()
    return [(person.username, str(person)) for person in people.order_by("username")]


def _word(severity: Severity) -> str:
    return ("Critical", "Major", "Moderate", "Minor")[severity - 1]


def _effect(verb: Verb, incident: Incident, situation: Situation, doc: PolicyDoc) -> str:
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
    return ""


def _span(seconds: int) -> str:
    return "no time" if seconds == 0 else duration(seconds)
