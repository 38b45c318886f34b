"""Passing an incident on with one tap: to its backup, or to whoever the ladder asks next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.dateparse import parse_datetime

from accounts.models import User
from config.lib.errors import Conflict
from escalations.models import Handoff, Incident, Responder
from escalations.models.incidents import Role
from escalations.rules.lifecycle import UNANSWERED, Verb
from escalations.rules.policy import Severity
from escalations.selectors.ladders import resolver
from escalations.selectors.packets import packet_of
from escalations.selectors.policies import policy_doc
from escalations.services.ladders import ladder_name
from escalations.services.moves import perform
from escalations.services.rehearsals import rehearse

UNANSWERED_REASON = "cannot take it now."


@dataclass(frozen=True, slots=True)
class Backup:
    """`username` is empty where the next level of the ladder is paged instead."""

    name: str
    username: str


def backup_for(incident: Incident, user: User, at: datetime) -> Backup | None:
    """Who would get it from this person, named before the tap. None where nobody would."""
    if incident.state in UNANSWERED:
        found = rehearse(incident, Verb.ESCALATE, {}, by=user, at=at)
        names = dict.fromkeys(each.name for each in found.told if each.kind == "page")
        names.pop(str(user), None)
        return Backup(", ".join(names), "") if names else None
    is_owner = incident.commander_id == user.pk and incident.accepted_at is not None
    if not is_owner or not incident.is_open or _is_offered(incident):
        return None
    person = _responder(incident, user) or _next_on_ladder(incident, user, at)
    return Backup(str(person), person.username) if person else None


def hand_to_backup(number: int, username: str, *, by: User, at: datetime) -> str:
    """Offers it with the packet that the machine fills, or pages the next level; says what was
    done. Raises what the verbs raise, and 409 `no_backup` where that person is not it any more."""
    incident = Incident.objects.get(pk=number)
    backup = backup_for(incident, by, at)
    if backup is None or backup.username != username:
        raise Conflict("no_backup", "Somebody else would get it by now: look again.")
    if not username:
        perform(number, Verb.ESCALATE, {"reason": f"{by} {UNANSWERED_REASON}"}, by=by, at=at)
        return f"{incident.key}: {backup.name} is paged."
    packet = packet_of(incident, by, at)
    due = parse_datetime(packet["next_step_due_at"] + "Z")
    given = {**packet, "next_step_due_at": due, "next_step_owner": username, "to_person": username}
    perform(number, Verb.HAND_OFF, given, by=by, at=at)
    return f"{incident.key}: offered to {backup.name}. It is yours until they accept."


def _is_offered(incident: Incident) -> bool:
    return Handoff.objects.pending().filter(incident=incident).exists()


def _responder(incident: Incident, user: User) -> User | None:
    rows = Responder.objects.filter(incident=incident, role=Role.BACKUP, ended_at=None)
    people = [row.user for row in rows.exclude(user=user).select_related("user").order_by("-pk")]
    return next((each for each in people if _can_take(each)), None)


def _next_on_ladder(incident: Incident, user: User, at: datetime) -> User | None:
    doc = policy_doc(incident.policy_version_id)
    name = ladder_name(incident, doc) or doc.severities[Severity.S1].ladder
    ladder = doc.ladders.get(name or "")
    if ladder is None:
        return None
    resolve = resolver(incident)
    ids = [pk for level in ladder.levels for target in level.targets for pk in resolve(target, at)]
    people = User.objects.in_bulk(ids)
    found = (people[pk] for pk in ids if pk in people and pk != user.pk)
    return next((each for each in found if _can_take(each)), None)


def _can_take(person: User) -> bool:
    return person.is_reachable and person.has_perm("escalations.respond_incident")
