"""Reviews and actions under governance: read, searched, never written; what is overdue is shown."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from escalations.models import ActionItem, PostIncidentReview
from escalations.selectors.attention import what_needs_you
from tests.factories.incidents import MAJOR, open_incident
from tests.factories.reviews import resolve
from tests.governance.test_pages import address, queries_of

HOUR = timedelta(hours=1)


@pytest.fixture
def action(governed, at) -> ActionItem:
    incident = open_incident(at, "review", severity_hint="critical", facts=MAJOR)
    resolve(incident, by=governed["agent"], at=at + HOUR)
    return ActionItem.objects.create(
        review=PostIncidentReview.objects.get(),
        number=1,
        title="Alarm on capture rate",
        kind="detect",
        owner=governed["agent"],
        verifier=governed["senior"],
        verification_method="Look.",
        first_due_on=date(2026, 11, 2),
        due_on=date(2026, 11, 2),
        created_at=at,
        updated_at=at,
    )


def test_reviews_and_actions_are_read_and_never_written(governor, action):
    for one in (action, action.review):
        model = type(one)
        url = address(model, "change", one.pk)
        assert governor.get(url).status_code == 200
        assert governor.get(address(model, "history", one.pk)).status_code == 200
        assert governor.post(url, {"state": "verified"}).status_code == 403
        assert governor.post(address(model, "add"), {}).status_code == 403
        assert governor.post(address(model, "delete", one.pk), {"post": "yes"}).status_code == 403
    found = governor.get(address(ActionItem, "changelist") + "?q=capture").text
    assert "Alarm on capture rate" in found
    reviews = address(PostIncidentReview, "changelist")
    assert governor.get(f"{reviews}?state__exact=draft&q=trouble").status_code == 200
    assert f"INC-{action.review.incident_id}" in governor.get(f"{reviews}?q=review").text


def test_their_lists_cost_the_same_for_few_and_many(governor, governed, action, at):
    urls = [address(model, "changelist") for model in (ActionItem, PostIncidentReview)]
    few = [queries_of(governor, url) for url in urls]
    for place in range(4):
        incident = open_incident(at, f"more{place}", severity_hint="critical", facts=MAJOR)
        resolve(incident, by=governed["agent"], at=at + HOUR)
        action.pk, action.number = None, place + 2
        action.save()
    assert [queries_of(governor, url) for url in urls] == few


def test_the_first_page_shows_overdue_actions_and_reviews(governor, governed, action, at, travel):
    needs = what_needs_you(governed["governor"], at + HOUR)
    assert ([each.title for each in needs.actions], needs.reviews) == (
        ["Alarm on capture rate"],
        [],
    )
    travel.to(at + timedelta(days=3))
    page = governor.get("/admin/").text
    assert "Overdue actions and reviews" in page
    assert "Alarm on capture rate" in page
    needs = what_needs_you(governed["governor"], at + timedelta(days=3))
    assert [each.pk for each in needs.reviews] == [action.review_id]
