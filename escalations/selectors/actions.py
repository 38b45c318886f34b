"""The buttons of an incident for one reader: legal moves, their fields, and what they will do.

A move whose missing pieces are all inputs is offered with a form; one that waits for somebody
else's step or right is listed with the sentences that say so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from django.urls import reverse

from accounts.models import Team, User
from accounts.roles import ROLES
from accounts.selectors.people import people_who
from escalations.models import Incident
from escalations.rules.handoffs import answer_within
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
    Verb.HAND_OFF: "Hand off",
    Verb.ACCEPT_HAND_OFF: "Accept hand-off",
    Verb.DECLINE_HAND_OFF: "Decline hand-off",
    Verb.WITHDRAW_HAND_OFF: "Withdraw hand-off",
    Verb.NAME_OWNER: "Name the owner",
    Verb.MERGE: "Merge into another",
    Verb.UNMERGE: "Take out of the merge",
    Verb.LINK: "Link to another",
    Verb.UNLINK: "Take back a link",
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
    Verb.HAND_OFF: "offered, it stays yours until somebody accepts",
    Verb.ACCEPT_HAND_OFF: "is yours now",
    Verb.DECLINE_HAND_OFF: "went back to its owner",
    Verb.WITHDRAW_HAND_OFF: "the hand-off is withdrawn",
    Verb.NAME_OWNER: "has its owner for two hours at least",
    Verb.MERGE: "the request to merge is recorded",
    Verb.UNMERGE: "stands on its own again",
    Verb.LINK: "linked",
    Verb.UNLINK: "the link is taken back",
}
# These stand in the card they belong to, all others in the bar.
IN_LINKS = frozenset({Verb.MERGE, Verb.UNMERGE, Verb.LINK, Verb.UNLINK})
IN_HANDOFF = frozenset({Verb.ACCEPT_HAND_OFF, Verb.DECLINE_HAND_OFF, Verb.WITHDRAW_HAND_OFF})
KEYS = {
    Verb.CLAIM: "c",
    Verb.ACKNOWLEDGE: "a",
    Verb.UPDATE: "u",
    Verb.ESCALATE: "e",
    Verb.PAUSE: "p",
    Verb.RESOLVE: "r",
}
PEOPLE_FIELDS = frozenset({"to_person", "next_step_owner", "person"})
# A guard names these, but something else meets it as well.
OPTIONAL = frozenset({"customer_told", "to_person"})
ANSWERS = frozenset({Verb.CLAIM, Verb.ACKNOWLEDGE})
KINDS = {"choice": "select", "flag": "checkbox", "time": "datetime", "incident": "text"}
WORDS = {
    "customer_wait": "The customer",
    "third_party_wait": "A third party",
    "earliest": "The earlier start of the two",
    "own": "The start of the one that goes on",
}


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
    place: str = "bar"  # bar, links or handoff


@dataclass(frozen=True, slots=True)
class NotYet:
    label: str
    sentences: tuple[str, ...]


class _Lists:
    """What fields choose from, asked for once a page and only where a field needs it."""

    @cached_property
    def teams(self) -> list[tuple[str, str]]:
        return list(Team.objects.order_by("name").values_list("code", "name"))

    @cached_property
    def people(self) -> list[tuple[str, str]]:
        return [(each.username, str(each)) for each in people_who("respond_incident")]


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
    """Buttons, and what is not possible yet. Two queries at most, for teams and people, only
    where a field chooses from them."""
    offered: list[Action] = []
    later: list[NotYet] = []
    main, lists = _main_verb(incident, user, situation), _Lists()
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
            action = _action(incident, verb, situation, doc, required, lists)
            offered.append(replace(action, is_primary=verb is main))
        elif "respond_incident" in situation.rights and verb not in IN_LINKS:
            sentences = (
                who_may(move.right) if each.code == "missing_right" else each.detail
                for each in blockers
            )
            later.append(NotYet(LABELS[verb], tuple(dict.fromkeys(sentences))))
    offered.sort(key=lambda action: not action.is_primary)
    return tuple(offered), tuple(later)


def _main_verb(incident: Incident, user: User, situation: Situation) -> Verb | None:
    if situation.handoff == "asked_of_me":
        return Verb.ACCEPT_HAND_OFF
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
    if verb is Verb.ACCEPT_HAND_OFF or verb is Verb.DECLINE_HAND_OFF:
        return situation.handoff != "asked_of_me"
    if verb is Verb.WITHDRAW_HAND_OFF:
        return not situation.handoff
    if verb is Verb.NAME_OWNER:
        return "cancel_incident" not in situation.rights
    return False


def who_may(right: str) -> str:
    labels = [
        role.label.lower() for role in ROLES.values() if f"escalations.{right}" in role.permissions
    ]
    return f"A {' or '.join(labels)} does this." if labels else "Your role does not include this."


def _action(
    incident: Incident,
    verb: Verb,
    situation: Situation,
    doc: PolicyDoc,
    required: set[str],
    lists: _Lists,
) -> Action:
    fields = tuple(
        _field(spec, verb, incident, required, lists, doc)
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
        place="links" if verb in IN_LINKS else "handoff" if verb in IN_HANDOFF else "bar",
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
    spec: VerbField,
    verb: Verb,
    incident: Incident,
    required: set[str],
    lists: _Lists,
    doc: PolicyDoc,
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
        choices = list(lists.teams)
    elif spec.name == "approver":
        kind, choices = "select", seniors()
    elif spec.name == "to_team":
        kind, choices = "select", list(lists.teams)
    elif spec.name in PEOPLE_FIELDS:
        kind, choices = "select", list(lists.people)
    is_required = spec.required or spec.name == "take_over" or spec.name in required - OPTIONAL
    if kind == "select":
        choices.insert(0, ("", _unchosen(spec, is_required)))
    help_text = "" if spec.name in UNHELPED or spec.name in PEOPLE_FIELDS else spec.help
    return FormField(spec.name, spec.label, kind, is_required, tuple(choices), help_text, value)


def seniors() -> list[tuple[str, str]]:
    """Who may agree to something on an S1."""
    people = User.objects.filter(
        is_active=True, groups__permissions__codename="confirm_containment"
    ).distinct()
    return [(person.username, str(person)) for person in people.order_by("username")]


UNHELPED = frozenset({"category", "team", "relapse_note", "to_team", "count_from"})


def _unchosen(spec: VerbField, is_required: bool) -> str:
    if is_required:
        return "Choose"
    return {
        "to_person": "Whoever of the team accepts",
        "to_team": "The same team",
        "count_from": "The earlier one, if both are of one customer",
        "kind": "Every link",
    }.get(spec.name, "Leave as it is")


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
