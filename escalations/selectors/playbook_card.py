"""The playbook part of an incident's page: the run that is on, or what is proposed; templates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from accounts.models import User
from escalations.models import Incident
from escalations.rules.playbooks import needs_second_person, not_verified
from escalations.rules.policy import Severity
from escalations.selectors.actions import Action
from escalations.selectors.letters import cadence_clock, next_promise
from escalations.selectors.playbook_runs import RunView, latest_run, run_view
from escalations.selectors.playbooks import Proposal, proposals, surroundings
from escalations.templatetags.belay import utc
from playbooks.models import MessageTemplate
from playbooks.models.templates import TemplateChannel
from playbooks.rules.templates import render

# Which templates a composer offers: customers read the one, only we the other.
CHANNELS = {
    "update": (TemplateChannel.STATUS_UPDATE, TemplateChannel.EMAIL),
    "note": (TemplateChannel.HANDOFF, TemplateChannel.CHAT),
}
SHOWN = 3
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Offer:
    """A proposed playbook. `refusal` says why it cannot start yet."""

    proposal: Proposal
    needs_approval: bool
    refusal: str


@dataclass(frozen=True, slots=True)
class Card:
    """`run` is the open one or the last; offers only while none is open."""

    run: RunView | None
    offers: tuple[Offer, ...]
    may_run: bool
    refusal: str


def playbook_card(incident: Incident, user: User, at: datetime) -> Card | None:
    """None for a reader without the library, and when there is nothing to say."""
    if not user.has_perm("playbooks.view_playbookrun"):
        return None
    latest = latest_run(incident)
    run = run_view(latest, user, at) if latest else None
    offers: tuple[Offer, ...] = ()
    if incident.is_open and not (run and run.is_open):
        known_state = surroundings(incident).failure_mode
        offers = tuple(_offer(each, incident, known_state) for each in proposals(incident)[:SHOWN])
    elif run is None:
        return None
    refusals = {offer.refusal for offer in offers}
    return Card(
        run=run,
        offers=offers,
        may_run=user.has_perm("playbooks.run_playbook"),
        refusal=refusals.pop() if len(refusals) == 1 else "",
    )


def _offer(proposal: Proposal, incident: Incident, kpi_state: str) -> Offer:
    is_kpi = incident.kpi_id is not None
    return Offer(
        proposal=proposal,
        needs_approval=proposal.version.needs_approval
        or needs_second_person(kind=proposal.kind, is_kpi=is_kpi),
        refusal=not_verified(
            kind=proposal.kind,
            is_kpi=is_kpi,
            verification=incident.verification,
            kpi_state=kpi_state,
        ),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Templates:
    """What each composer offers, by verb; the composers with the chosen text filled in."""

    choices: dict[str, tuple[Choice, ...]]
    actions: tuple[Action, ...]


def use_templates(
    incident: Incident, actions: tuple[Action, ...], chosen: str, user: User, at: datetime
) -> Templates:
    """`chosen` is a code, or code:language. Unknown words choose nothing. One query."""
    if not user.has_perm("playbooks.view_messagetemplate"):
        return Templates({}, actions)
    verbs = {action.verb for action in actions}
    channels = [each for verb in CHANNELS if verb in verbs for each in CHANNELS[verb]]
    if not channels:
        return Templates({}, actions)
    area = incident.product_area or (incident.kpi.product_area if incident.kpi else "")
    rows = [
        row
        for row in MessageTemplate.objects.filter(is_active=True, channel__in=channels)
        if row.product_area.casefold() in ("", area.casefold())
    ]
    found = _chosen(rows, chosen)
    filled = actions
    if found is not None:
        values = values_of(incident, at)
        if found.channel in CHANNELS["update"]:  # what is promised once this one is out
            promised = next_promise(cadence_clock(incident), at)
            values["next_update"] = utc(promised, at) if promised else ""
        text = render(found.body, values)
        filled = tuple(
            _filled(action, text) if found.channel in CHANNELS.get(action.verb, ()) else action
            for action in actions
        )
    choices = {
        verb: tuple(
            Choice(
                f"{row.code}:{row.language}",
                row.name if row.language == ENGLISH else f"{row.name} ({row.language})",
                row is found,
            )
            for row in rows
            if row.channel in wanted
        )
        for verb, wanted in CHANNELS.items()
        if verb in verbs
    }
    return Templates(choices, filled)


def _chosen(rows: list[MessageTemplate], word: str) -> MessageTemplate | None:
    code, _, language = word.partition(":")
    same = [row for row in rows if row.code == code]
    wanted = [row for row in same if row.language == (language or ENGLISH)]
    return next(iter(wanted or ([] if language else same)), None)


def _filled(action: Action, text: str) -> Action:
    fields = tuple(
        replace(each, value=text) if each.name == "text" else each for each in action.fields
    )
    return replace(action, fields=fields)


def values_of(incident: Incident, at: datetime) -> dict[str, str]:
    """Values of the placeholders for one incident; nothing that is sensitive is among them."""
    due = [
        clock.due_at
        for clock in incident.clocks.all()
        if clock.kind == "cadence" and clock.run_state == "running" and clock.due_at
    ]
    return {
        "incident": incident.key,
        "title": incident.title,
        "severity": Severity(incident.severity).label,
        "state": incident.get_state_display(),
        "account": incident.account.name if incident.account else "",
        "product_area": incident.product_area,
        "kpi": incident.kpi.name if incident.kpi else "",
        "owner": str(incident.commander) if incident.commander else "",
        "next_update": utc(min(due), at) if due else "",
        "started_at": utc(incident.received_at, at),
    }
