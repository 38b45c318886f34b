"""The demo company with a mark in every sensitive field, so that a leak can be seen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Account, Contact, ContactMethod, Membership, Team, User
from accounts.services.roles import sync_roles
from escalations.demo.company import tell_company
from escalations.models import (
    ActionItem,
    Clock,
    ClockMark,
    Delivery,
    Incident,
    LadderRun,
    Notice,
    Policy,
    PostIncidentReview,
    RecurrenceLink,
    Signal,
    Threshold,
    TimelineEvent,
)
from escalations.rules.lifecycle import Verb
from escalations.selectors.queue_filters import Asked
from escalations.services.action_items import add_action
from escalations.services.maintenance import declare
from escalations.services.moves import perform
from escalations.services.playbooks import start
from escalations.services.repairs import propose_repair
from escalations.services.review_text import add_factor, save_review
from escalations.services.saved_views import save_view
from playbooks.models import PlaybookRun
from tests import snapshots
from tests.factories.changes import plant_changes
from tests.factories.exceptions import plant_exceptions, plant_hidden_exception
from tests.factories.incidents import open_incident
from tests.factories.reviews import resolve
from tests.factories.rooms import plant_room
from tests.factories.rosters import plant_rosters

# Odd values that nothing else says, by what they are.
REVENUE_MARKS = {
    "arr": "7310331",
    "lifetime_value": "7420442",
    "revenue_exposed": "7530553",
    "declared_facts": "7860886",
    "arr_at_risk": "7640664",
    "review_revenue": "7970997",
    "credits": "7180881",
    "signal_body": "quietotter",
    "delivery_answer": "slowheron",
}
# What nobody sees: there is no such right.
SECRET_MARKS = {
    "address": "palemarten",
    "secret": "whsec_dustyheron",
    "old_secret": "whsec_lightowl",
    "code_hash": "greyvole",
}
CONTACT_MARKS = {"email": "mossyfinch", "phone": "7550755"}
RIGHT_OF = dict.fromkeys(REVENUE_MARKS, "accounts.view_revenue") | dict.fromkeys(
    CONTACT_MARKS, "accounts.view_contact_details"
)
RIGHT_OF |= {f"way_{name}": "accounts.nobody" for name in SECRET_MARKS}
MARKS = REVENUE_MARKS | CONTACT_MARKS | {f"way_{n}": mark for n, mark in SECRET_MARKS.items()}
HUSH = "Hush"  # stands in all texts of what belongs to a private team
_keys: dict[str, Any] = {}


@pytest.fixture
def planted(db: None, at: Any, travel: Any, settings: Any) -> dict[str, Any]:
    """The demo company with one thing of every kind, marked where a figure is sensitive, and
    under `hush` what belongs to a private team of the senior engineer alone."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

    def make() -> None:
        sync_roles()
        tell_company(at)
        company = {user.username: user for user in User.objects.all()}
        _keys.update(hush=_plant_hush(company, at), **_plant(company, at))

    snapshots.put("planted", make)
    travel.to(at)
    return {"people": {user.username: user for user in User.objects.order_by("pk")}, **_keys}


def _plant_hush(company: dict[str, Any], at: Any) -> dict[str, Any]:
    team = Team.objects.create(code="quiet", name="Quiet team", is_private=True)
    Membership.objects.create(team=team, user=company["senior"], valid_from=at)
    incident = open_incident(at, "hush", severity_hint="critical", facts={"users_pct": 35})
    run = start("payment-outage", {}, by=company["agent"], at=at, incident=incident.number)
    action = _reviewed(company, incident, at, key="hush-reviewed")
    room = plant_room(incident.number, company, at, HUSH)
    for number in (incident.number, action.review.incident_id):
        mine = Incident.objects.get(number=number)
        mine.responders.all().delete()
        mine.team, mine.commander, mine.accepted_at = team, None, None
        mine.title = HUSH
        mine.save()
    PostIncidentReview.objects.update(summary=f"{HUSH}: it failed", lessons=f"{HUSH}, look twice")
    ActionItem.objects.update(title=f"{HUSH} and look")
    PlaybookRun.objects.update(hypothesis=f"{HUSH} has a cause")
    return {
        "exception": plant_hidden_exception(incident.number, HUSH, company, at),
        "incident": incident.number,
        "clock": Clock.objects.filter(incident=incident).first().pk,
        "ladder_run": LadderRun.objects.filter(incident=incident).first().pk,
        "run": run.pk,
        "reviewed": action.review.incident_id,
        "action": action.pk,
        **room,
    }


def _plant(company: dict[str, Any], at: Any) -> dict[str, Any]:
    account = Account.objects.get(external_id="northwind")
    for step in ("1", "0"):  # twice, so that the history tells a change of each
        account.arr, account.lifetime_value = MARKS["arr"] + step, MARKS["lifetime_value"]
        account.save()
    account.arr = MARKS["arr"]
    account.save()
    contact = Contact.objects.create(
        account=account,
        name="Mia Sand",
        job_title="Buyer",
        email=f"{MARKS['email']}@northwind.example",
        phone=f"+49 {MARKS['phone']}",
    )
    contact.phone += "1"
    contact.save()
    for threshold in Threshold.objects.all():
        threshold.revenue_exposed = MARKS["revenue_exposed"]
        threshold.warn_facts = {"arr_at_risk": int(MARKS["declared_facts"])}
        threshold.breach_facts = threshold.warn_facts
        threshold.save()
    facts = {"arr_at_risk": int(MARKS["arr_at_risk"]), "users_pct": 35}
    incident = open_incident(at, "doors", facts=facts, severity_hint="critical")
    Signal.objects.filter(incident=incident).update(body=f"Said {MARKS['signal_body']}")
    said = {"facts": {"arr_at_risk": {"before": None, "after": int(MARKS["arr_at_risk"])}}}
    TimelineEvent.objects.filter(incident=incident, seq=1).update(detail=said)
    perform(incident.number, Verb.NOTE, {"text": "Seen."}, by=company["duty"], at=at)
    Delivery.objects.create(
        source="pager",
        key="doors",
        body_sha256="0" * 64,
        received_at=at,
        status=201,
        answer={"said": MARKS["delivery_answer"]},
    )
    run = start("payment-outage", {}, by=company["agent"], at=at, incident=incident.number)
    action = _reviewed(company, incident, at)
    asked = {"reason": "Move", "source": "planted", "ends_at": at + timedelta(hours=1)}
    window = declare(asked, by=company["duty"], at=at)
    way = ContactMethod(
        person=company["agent"],
        kind="webhook",
        address=f"https://hooks.example/{SECRET_MARKS['address']}",
        shown="https://hooks.example/…",
        position=2,
        created_at=at,
        verified_at=at,
        secret=SECRET_MARKS["secret"],
        old_secret=SECRET_MARKS["old_secret"],
        old_secret_until=at + timedelta(hours=1),
        code_hash=SECRET_MARKS["code_hash"],
    )
    way.save()
    way.label = "The pager"
    way.save()
    return {
        "way": way.pk,
        "incident": incident.number,
        "account": account.external_id,
        "contact": contact.pk,
        "clock": Clock.objects.filter(incident=incident).first().pk,
        "ladder_run": LadderRun.objects.filter(incident=incident).first().pk,
        "notice": Notice.objects.filter(incident=incident).first().pk,
        "policy": Policy.objects.get(is_default=True).code,
        "playbook": run.version.playbook.code,
        "run": run.pk,
        "template": "first-update",
        "window": window.pk,
        "view": save_view(
            "Worst", Asked(severity=("1",)), scope="all", by=company["duty"], at=at
        ).pk,
        "repair": propose_repair(
            {
                "kind": "due",
                "clock": incident.clocks.get(kind="resolution").pk,
                "due_at": at + timedelta(hours=9),
                "reason": "Agreed with the customer.",
            },
            by=company["remediation"],
            at=at,
        ).pk,
        "breach": ClockMark.objects.create(
            clock=Clock.objects.filter(incident=incident).first(),
            kind="breach",
            due_at=at,
            recorded_at=at,
        ).pk,
        "reviewed": action.review.incident_id,
        "action": action.pk,
        **plant_room(incident.number, company, at),
        **plant_rosters(company, at),
        **plant_changes(company, at),
        **plant_exceptions(company, at),
    }


def _reviewed(
    people: dict[str, Any], recurring: Incident, at: Any, key: str = "doors-reviewed"
) -> ActionItem:
    """An action of the review of a second incident, which came back as `recurring`."""
    facts = {"arr_at_risk": int(MARKS["arr_at_risk"])}
    incident = open_incident(at, key, facts=facts, severity_hint="critical")
    resolve(incident, by=people["agent"], at=at)
    number, by = incident.number, people["duty"]
    text = {"summary": "Captures failed.", "lessons": "Change it behind a flag."}
    save_review(number, text, by=by, at=at)
    add_factor(number, {"category": "change", "text": "It was changed."}, by=by, at=at)
    review = PostIncidentReview.objects.get(incident=number)
    for step in ("1", "0", ""):  # twice changed, for the history
        review.revenue_exposed = MARKS["review_revenue"] + step
        review.credits = MARKS["credits"] + step
        review.save()
    RecurrenceLink.objects.create(review=review, incident=recurring)
    asked = {
        "title": "Alarm on captures",
        "kind": "detect",
        "owner": "agent2",
        "verifier": "senior",
        "verification_method": "Drop the rate and see the page.",
    }
    return add_action(number, asked, by=by, at=at)
