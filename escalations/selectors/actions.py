"""The buttons of an incident for one reader: legal moves, their fields, and what they will do.

A move whose missing pieces are all inputs is offered with a form; one that waits for somebody
else's step or right is listed with the sentences that say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Protocol

from django.urls import reverse

from accounts.models import Team, User
from accounts.roles import ROLES
from accounts.selectors.people import names_of_people_who
from escalations.models import Incident
from escalations.rules.lifecycle import MOVES, UNANSWERED, Situation, State, Verb, unmet
from escalations.rules.policy import PolicyDoc, Severity
from escalations.rules.verbs import FIELDS, VerbField
from escalations.selectors.action_effects import effect_of
from escalations.selectors.action_words import KEYS, LABELS, WORDS

# These stand in the card they belong to, all others in the bar.
IN_LINKS = frozenset({Verb.MERGE, Verb.UNMERGE, Verb.LINK, Verb.UNLINK})
IN_HANDOFF = frozenset({Verb.ACCEPT_HAND_OFF, Verb.DECLINE_HAND_OFF, Verb.WITHDRAW_HAND_OFF})
# Nothing is asked, and still the effect is shown before the click.
SHOWN_FIRST = frozenset({Verb.RESUME})
PEOPLE_FIELDS = frozenset({"to_person", "next_step_owner", "person"})
# A guard names these, but something else meets it as well.
OPTIONAL = frozenset({"customer_told", "to_person"})
ANSWERS = frozenset({Verb.CLAIM, Verb.ACKNOWLEDGE})
KINDS = {"choice": "select", "flag": "checkbox", "time": "datetime", "incident": "text"}


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
        return list(names_of_people_who("respond_incident"))


class Answered(Protocol):
    """What `next_verb` asks of an incident, or of a row of the queue."""

    @property
    def severity(self) -> int: ...
    @property
    def state(self) -> str: ...
    @property
    def commander_id(self) -> int | None: ...
    @property
    def accepted_at(self) -> datetime | None: ...
    @property
    def containment_proposed_at(self) -> datetime | None: ...
    @property
    def kpi_id(self) -> int | None: ...
    @property
    def verification(self) -> str: ...


def next_verb(incident: Answered, user: User, rights: frozenset[str]) -> Verb | None:
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


def action_of(
    incident: Incident,
    verb: Verb,
    situation: Situation,
    doc: PolicyDoc,
    posted: Mapping[str, str] | None = None,
) -> Action:
    """One act with its fields, legal now or not. `posted` is what somebody entered already."""
    required = {each.field for each in unmet(verb, situation)}
    action = _action(incident, verb, situation, doc, required, _Lists())
    if posted is None:
        return action
    return replace(
        action, fields=tuple(replace(f, value=posted.get(f.name, "")) for f in action.fields)
    )


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
    label = LABELS[verb]
    if verb is Verb.CLAIM and incident.accepted_at is not None:
        label = "Take over"
    elif verb is Verb.TRIAGE and situation.state is not State.NEW:
        label = "Set category"
    return Action(
        verb=verb.value,
        label=label,
        url=reverse("incident-verb", args=[incident.number, verb.value]),
        key=KEYS.get(verb, ""),
        needs_form=bool(fields) or verb in SHOWN_FIRST,
        fields=fields,
        effect=effect_of(verb, incident, situation, doc),
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
        case "severity" | "team" if verb is Verb.TRIAGE:
            return situation.state is State.NEW
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
